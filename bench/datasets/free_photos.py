"""Photographs that anyone may copy, show and print: 512x512, in the package."""

from __future__ import annotations

import csv
import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from bench.api import RequestError

if TYPE_CHECKING:
    import numpy as np
    import torch

FOLDER = Path(__file__).parent / "data" / "free_photos"
TABLE = FOLDER / "photographs.csv"
SIDE = 512  # of a stored image
# sha256 over the lines "id sha256-of-pixels": what the set is, whatever lies in the folder.
CONTENT = "ad2b3314424c9c6a7c9f6ff7fa3eee72922683357631577f3b93961fdac20d80"
_ADVICE = "Install inpaint-bench again: its package holds the images"


@dataclass(frozen=True)
class FreePhotos:
    """87 free photographs (public domain, CC0, CC BY, CC BY-SA), one square of each, shipped.

    size: side in pixels, 16 to 512.  The stored image is the target at 512; at 256, 128, 64 and 32
    each pixel is the mean of a square of its pixels, at other sizes Lanczos shrinks it
    (`bench.api.imaging.resize_crop`).  Every image is a photograph, so the id is its source.
    data/free_photos/ATTRIBUTION.md names author, licence, source and changes of each image,
    DATASHEET.md how they were chosen, cut and stored.
    """

    name: ClassVar[str] = "free-photos"
    version: ClassVar[str] = "1"
    size: int = 256

    def __post_init__(self) -> None:
        whole = isinstance(self.size, int) and not isinstance(self.size, bool)
        if not whole or not 16 <= self.size <= SIDE:
            raise RequestError(
                f"size={self.size} is not an integer in 16..{SIDE} pixels: the images of "
                f"free-photos are {SIDE}x{SIDE}"
            )

    def ids(self) -> list[str]:
        """Return aitzgorri, ajanta-cave, ..., sorted: animals, buildings and land take turns."""
        return list(_hashes())

    def load(self, image_id: str) -> torch.Tensor:
        """Return float32 (3, size, size) in [0, 1].

        Raises ValueError for an unknown id and RequestError for an image that was changed.
        """
        from bench.api.imaging import resize_crop, to_tensor

        return to_tensor(resize_crop(_read(image_id), self.size))

    def fingerprint(self, image_id: str) -> str:
        """Return the sha256 of the stored image's pixels; raises as `load` does."""
        _read(image_id)
        return _hashes()[image_id]

    def source(self, image_id: str) -> str:
        """Return the id itself: there is one image of each photograph."""
        if image_id not in _hashes():
            raise ValueError(f"no image {image_id!r} in free-photos")
        return image_id

    def credit(self, image_id: str) -> str:
        """Return author, licence, source and changes of an image, as its licence asks for."""
        row = _table()[image_id]
        before = f"{row['changed']}, " if row["changed"] else ""
        source = row["source"] or row["package"]
        return f"{row['author']}, {row['licence']}, {source}; {before}cut to a square and shrunk"


def pixel_hash(pixels: np.ndarray) -> str:
    """Return the sha256 of uint8 (H, W, 3) pixels: of what is scored, not of a file's bytes."""
    return hashlib.sha256(pixels.tobytes()).hexdigest()


def content_hash(hashes: dict[str, str]) -> str:
    """Return the hash of the whole set: the sha256 over its lines "id sha256"."""
    lines = "".join(f"{image_id} {digest}\n" for image_id, digest in hashes.items())
    return hashlib.sha256(lines.encode()).hexdigest()


def _table() -> dict[str, dict[str, str]]:
    """Return the rows of the table by id; raises RequestError when it cannot be read."""
    try:
        with TABLE.open(encoding="utf-8", newline="") as file:
            return {row["id"]: row for row in csv.DictReader(file)}
    except (OSError, KeyError, ValueError) as error:
        raise RequestError(f"free-photos: {TABLE.name} cannot be read. {_ADVICE}") from error


@cache
def _hashes() -> dict[str, str]:
    """Return id -> sha256 of its pixels; raises RequestError when the table is not CONTENT's."""
    try:
        hashes = {image_id: row["pixels_sha256"] for image_id, row in _table().items()}
    except KeyError as error:
        raise RequestError(f"free-photos: {TABLE.name} cannot be read. {_ADVICE}") from error
    if content_hash(hashes) != CONTENT:
        raise RequestError(f"free-photos: {TABLE.name} was changed. {_ADVICE}")
    return hashes


def _read(image_id: str) -> np.ndarray:
    """Return uint8 (512, 512, 3), checked against its hash."""
    from bench.api.imaging import read_rgb

    if image_id not in _hashes():
        raise ValueError(f"no image {image_id!r} in free-photos")
    path = FOLDER / f"{image_id}.jpg"
    try:
        pixels = read_rgb(path)
    except (OSError, ValueError) as error:
        raise RequestError(f"free-photos: {path.name} cannot be read. {_ADVICE}") from error
    if pixel_hash(pixels) != _hashes()[image_id]:
        raise RequestError(
            f"free-photos: {path.name} is not the image that was shipped: its pixels have another "
            f"sha256 (a changed file, or a JPEG decoder unlike libjpeg-turbo). {_ADVICE}"
        )
    return pixels
