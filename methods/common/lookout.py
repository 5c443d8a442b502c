"""Is an image, or a part or a larger view of it, one of a set that has to stay apart?

`bench train` asks this of every training image, so that no network has seen the test set.  The test
that decides is that of galleries for parts (duplicates.py), both ways round; a ranking by small
thumbnails of many windows says which images of the set it is put to.  Views that only overlap an
image of the set, and mirrored ones, are not found: the test that finds them (views.py) takes .60 s
of processor time for an image of 64x64 and the 87 of free-photos, this one .04 s, so 17 hours
instead of 1.2 for 100,000 images.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np

from methods.common.duplicates import Matcher, Template, prepare

Array = np.ndarray[Any, np.dtype[Any]]

CELLS = 8  # a thumbnail's side
RATIO = 1.15  # of neighbouring windows' sides
OVERLAP = 6  # neighbouring windows are 1/OVERLAP of a side apart
SMALLEST = 0.33  # of the short side: the smallest window
# An image of a shorter side than this holds no whole image of the set worth looking for.
LARGER_VIEW = 65
# How many images of the set, by thumbnails, the test is put to: as a whole, and as a part.
RANKED = 2
RANKED_VIEWS = 6
# Measured with free-photos as the set: parts of its images (35 to 100% of a side, shrunk to 64)
# correlate at .985 or more; of 1,191 other photographs the highest four at .950 to .967.
# Of parts shrunk to 64, 128 or 256, 260 of 261 are found, of the whole photographs 81 of 87.
SAME = 0.975


@dataclass
class Lookout:
    """Knows a set of images by name, uint8 (H, W, 3); `find` says which of them an image shows."""

    images: Mapping[str, Array]
    _matcher: Matcher = field(init=False, default_factory=lambda: Matcher(SAME))
    _names: list[str] = field(init=False)
    _templates: list[Template] = field(init=False)
    _whole: Array = field(init=False)
    _windows: Array = field(init=False)
    _first: Array = field(init=False)

    def __post_init__(self) -> None:
        self._names = list(self.images)
        self._templates = [_template(image) for image in self.images.values()]
        grey = [_luminance(image) for image in self.images.values()]
        self._whole = np.concatenate([_thumbnails(g, _windows(g.shape, 1.0)) for g in grey])
        parts = [_thumbnails(g, _windows(g.shape, SMALLEST)) for g in grey]
        self._windows = np.concatenate(parts)
        self._first = np.cumsum([0, *map(len, parts[:-1])])

    def find(self, image: Array) -> str | None:
        """Return the image of the set that uint8 (H, W, 3) is a part or a larger view of, or None.

        A part is looked for down to a quarter of a side, a mirrored one is not.
        """
        grey = _luminance(image)
        query = _thumbnails(grey, _windows(grey.shape, 1.0))
        inside = np.maximum.reduceat((self._windows @ query.T).max(axis=1), self._first)
        template = _template(image)
        for k in np.argsort(-inside)[:RANKED]:
            name = self._names[k]
            if self._matcher.similarity(template, name, self.images[name]) > SAME:
                return name
        if min(grey.shape) < LARGER_VIEW:
            return None
        views = self._whole @ _thumbnails(grey, _windows(grey.shape, SMALLEST)).T
        around = Matcher(SAME)
        for k in np.argsort(-views.max(axis=1))[:RANKED_VIEWS]:
            if around.similarity(self._templates[k], "", image) > SAME:
                return self._names[k]
        return None


def _template(image: Array) -> Template:
    """Prepare a whole image, with every pixel known, as the query."""
    return prepare(image.astype(np.float32) / 255, np.ones(image.shape[:2], dtype=bool))


def _luminance(image: Array) -> Array:
    """float64 (H, W) of uint8 (H, W, 3)."""
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), dtype=np.float64) / 255


def _windows(shape: tuple[int, ...], smallest: float) -> Array:
    """Return int (K, 3): top, left and side of squares, from the short side down to `smallest`."""
    height, width = shape[:2]
    windows: list[tuple[int, int, int]] = []
    side = float(min(height, width))
    while side >= smallest * min(height, width) and (side >= CELLS or not windows):
        s = round(side)
        windows += [(top, left, s) for top in _starts(height, s) for left in _starts(width, s)]
        side /= RATIO
    return np.array(windows)


def _starts(length: int, side: int) -> list[int]:
    count = 1 + -(-(length - side) * OVERLAP // side)
    return [int(start) for start in np.linspace(0, length - side, count).round()]


def _thumbnails(grey: Array, windows: Array) -> Array:
    """Return float32 (K, CELLS^2): each window's means, centred and of length 1.

    Sums come from the integral image; a nearly flat window is nearly 0 and like nothing.
    """
    sums = np.pad(grey, ((1, 0), (1, 0))).cumsum(axis=0).cumsum(axis=1)
    edges = np.rint(windows[:, 2, None] * np.arange(CELLS + 1) / CELLS).astype(int)
    rows, columns = windows[:, 0, None] + edges, windows[:, 1, None] + edges
    corner = sums[rows[:, :, None], columns[:, None, :]]
    total = np.diff(np.diff(corner, axis=1), axis=2)
    area = np.diff(rows, axis=1)[:, :, None] * np.diff(columns, axis=1)[:, None, :]
    means = (total / np.maximum(area, 1)).reshape(len(windows), -1)
    means -= means.mean(axis=1, keepdims=True)
    length = np.linalg.norm(means, axis=1, keepdims=True)
    return (means / np.maximum(length, 1e-3 * CELLS)).astype(np.float32)
