"""Keep the last images that the page asked for, by key."""

from __future__ import annotations

import itertools
from collections import OrderedDict
from dataclasses import dataclass

from bench.api import RequestError
from bench.paint.reading import Read

MOST_PICTURES = 24


@dataclass(frozen=True)
class PaintableImage:
    """An image that can be painted on.

    name: the first part of a painting's id.  read: the image as a run uses it.
    """

    key: str
    name: str
    read: Read


class Pictures:
    """The last images by key."""

    def __init__(self) -> None:
        self._pictures: OrderedDict[str, PaintableImage] = OrderedDict()
        self._numbers = itertools.count(1)

    def add(self, name: str, read: Read) -> PaintableImage:
        """Keep an image, dropping the one that was not used for longest."""
        picture = PaintableImage(f"p{next(self._numbers)}", name, read)
        self._pictures[picture.key] = picture
        if len(self._pictures) > MOST_PICTURES:
            self._pictures.popitem(last=False)
        return picture

    def get(self, key: str) -> PaintableImage:
        """Return an image; raises RequestError for one that is no longer kept."""
        if key not in self._pictures:
            raise RequestError("This image is no longer kept. Choose it again.")
        self._pictures.move_to_end(key)
        return self._pictures[key]
