"""CIFAR-10 from its binary version; the Python version is a pickle, which is never opened."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from bench.api import RequestError
from bench.datasets.roots import find_root

if TYPE_CHECKING:
    import numpy as np
    import torch

SIDE = 32
_RECORD = 1 + 3 * SIDE * SIDE  # a label, then the red, green and blue planes
_FILES = {
    "test": ["test_batch.bin"],
    "train": [f"data_batch_{k}.bin" for k in range(1, 6)],
}
_ADVICE = (
    "CIFAR-10 comes from Alex Krizhevsky's page at the University of Toronto: unpack the binary"
    " version (cifar-10-binary.tar.gz: test_batch.bin, data_batch_1.bin to data_batch_5.bin)."
    " The Python version is not read, since opening a pickle runs what it holds;"
    " a folder of PNGs is read as folder:PATH."
)


@dataclass(frozen=True)
class CIFAR10:
    """CIFAR-10 (Krizhevsky 2009), the 10,000 test images, 32x32.

    split=train gives the 50,000 training images.  root: the folder of the binary version's files,
    or the one above its cifar-10-batches-bin.
    """

    name: ClassVar[str] = "cifar10"
    version: ClassVar[str] = "1"
    size: int = SIDE
    split: Literal["test", "train"] = "test"
    root: Path | None = None

    def __post_init__(self) -> None:
        if self.size != SIDE:
            raise RequestError(f"size={self.size} is not possible: its images are {SIDE}x{SIDE}")
        if self.split not in _FILES:
            raise RequestError(f"split={self.split!r} is not one of test, train")
        self._files()

    def ids(self) -> list[str]:
        """Return test-00000, ... (train-00000, ...) in the order of the files."""
        return [f"{self.split}-{index:05d}" for index in range(sum(self._counts()))]

    def load(self, image_id: str) -> torch.Tensor:
        """Return float32 (3, 32, 32) in [0, 1]; raises ValueError for an unknown id."""
        from bench.api.imaging import to_tensor

        return to_tensor(self._planes(image_id).transpose(1, 2, 0))

    def fingerprint(self, image_id: str) -> str:
        """Return the sha256 of the 3,072 colour values."""
        return hashlib.sha256(self._planes(image_id).tobytes()).hexdigest()

    def source(self, image_id: str) -> str:
        """Return the id itself: every image is its own photograph."""
        return image_id

    def _files(self) -> list[Path]:
        root = find_root(self.name, self.root, _ADVICE)
        folder = next((d for d in (root, root / "cifar-10-batches-bin") if _holds(d)), root)
        files = [folder / name for name in _FILES[self.split]]
        if missing := [file.name for file in files if not file.is_file()]:
            raise RequestError(f"{str(folder)!r} holds no {', '.join(missing)}. {_ADVICE}")
        return files

    def _counts(self) -> list[int]:
        """Return the number of images in each file."""
        for file in self._files():
            size = file.stat().st_size
            if not size or size % _RECORD:
                raise RequestError(
                    f"{file.name} has {size} bytes, not a multiple of {_RECORD}. {_ADVICE}"
                )
        return [file.stat().st_size // _RECORD for file in self._files()]

    def _planes(self, image_id: str) -> np.ndarray:
        """Return uint8 (3, 32, 32), read alone from its place in the file."""
        import numpy as np

        prefix, _, digits = image_id.partition("-")
        index = int(digits) if prefix == self.split and digits.isdecimal() else -1
        for file, count in zip(self._files(), self._counts(), strict=True):
            if 0 <= index < count:
                offset = index * _RECORD + 1
                planes = np.fromfile(file, np.uint8, _RECORD - 1, offset=offset)
                return planes.reshape(3, SIDE, SIDE)
            index -= count
        raise ValueError(f"no image {image_id!r} in cifar10, split {self.split}")


def _holds(folder: Path) -> bool:
    """Say whether the folder has a file of the binary version."""
    return any((folder / name).is_file() for names in _FILES.values() for name in names)
