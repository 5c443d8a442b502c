"""A painted hole and its image as a mask and a dataset in memory, so that a run can take them.

Their names are those of a pack's folders.  Seeds are derived from these names and from the image's
id, so `bench run` over the pack makes the same bytes.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from bench.api import RequestError

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class PaintedImage:
    """A dataset of one image.  png: its file."""

    name: ClassVar[str] = "folder"
    version: ClassVar[str] = "1"
    image_id: str
    png: bytes
    size: int | None = None

    def ids(self) -> list[str]:
        """Return the one id."""
        return [self.image_id]

    def load(self, image_id: str) -> torch.Tensor:
        """Return float32 (3, H, W) in [0, 1]."""
        from bench.api.imaging import read_rgb, to_tensor

        return to_tensor(read_rgb(self.png))

    def fingerprint(self, image_id: str) -> str:
        """Return the sha256 of the file."""
        return hashlib.sha256(self.png).hexdigest()

    def source(self, image_id: str) -> str:
        """Return the id."""
        return image_id


@dataclass(frozen=True)
class PaintedHole:
    """A painted hole.

    bits: height x width of them, row by row, the highest bit of a byte first; 1 = missing.
    """

    name: ClassVar[str] = "folder"
    version: ClassVar[str] = "1"
    bits: bytes
    height: int
    width: int

    def __call__(self, height: int, width: int, seed: int) -> torch.Tensor:
        """Return bool (1, H, W); raises ValueError for an image of another size."""
        import numpy as np

        from bench.api.imaging import as_hole

        if (height, width) != (self.height, self.width):
            raise ValueError(f"painted at {self.width}x{self.height}, not {width}x{height} pixels")
        flat = np.unpackbits(np.frombuffer(self.bits, np.uint8), count=height * width)
        return as_hole(flat.reshape(height, width))

    @property
    def share(self) -> float:
        """The share of the image that is missing."""
        return int.from_bytes(self.bits).bit_count() / (self.height * self.width)


@dataclass(frozen=True)
class Painting:
    """An image and its hole.  truth: whether the image under the hole is known."""

    image: PaintedImage
    hole: PaintedHole
    truth: bool

    @property
    def id(self) -> str:
        """Its id in a pack."""
        return self.image.image_id


def painting(
    name: str, png: bytes, bits: bytes, height: int, width: int, *, truth: bool
) -> Painting:
    """Return a painting whose id is made of the image's name and a hash of its content.

    Raises RequestError for bits that are no hole of that size.
    """
    if len(bits) != (height * width + 7) // 8:
        raise RequestError(f"the hole has {len(bits)} bytes; {width}x{height} pixels were expected")
    hole = PaintedHole(bits, height, width)
    if not 0 < hole.share < 1:
        extent = "everything" if hole.share >= 1 else "nothing"
        raise RequestError(f"The hole covers {extent}. Paint a part of the image.")
    digest = hashlib.sha256(png + bits).hexdigest()[:8]
    plain = re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-")[:40] or "image"
    return Painting(PaintedImage(f"{plain}-{digest}", png), hole, truth)
