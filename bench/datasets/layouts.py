"""What datasets over a local folder share: the root, splits by folder or number, the square.

A preset is a frozen dataclass of `name`, `version`, `layout`, `size`, `split` and `root`, which
takes the functions below as its methods.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, ClassVar, Protocol

from bench.api import RequestError
from bench.datasets.folder import MAX_SIZE, ImageFolder, check_side
from bench.datasets.roots import find_root

if TYPE_CHECKING:
    import torch

_NUMBER = re.compile(r"\d+")


@dataclass(frozen=True)
class Layout:
    """Where a dataset comes from and how its folder is divided.

    folders: split -> subfolders that may hold it (the first that exists is read, else the root).
    numbers: split -> (first, last) number in the file's name, when the root is not divided.
    """

    advice: str
    folders: Mapping[str, tuple[str, ...]]
    numbers: Mapping[str, tuple[int, int]] = field(default_factory=dict)


class Preset(Protocol):
    """What the functions below need of a preset: it is a dataclass of these."""

    name: ClassVar[str]
    layout: ClassVar[Layout]

    @property
    def size(self) -> int | None:
        """Return the side of the square, or None for the image as it is."""
        ...

    @property
    def split(self) -> str:
        """Return the name of the split."""
        ...

    @property
    def root(self) -> Path | None:
        """Return the folder given, or None."""
        ...

    @property
    def images(self) -> tuple[ImageFolder, bool]:
        """Return the folder that is read and whether it is the split's own."""
        ...


def check(self: Preset) -> None:
    """Refuse a wrong size, split or root before anything runs."""
    if self.size is not None:
        check_side(self.size, 8, MAX_SIZE)
    if self.split not in (*self.layout.folders, "all"):
        allowed = ", ".join([*self.layout.folders, "all"])
        raise RequestError(f"split={self.split!r} is not one of {allowed}")
    _ = self.images


def split_ids(self: Preset) -> list[str]:
    """Return the relative paths without suffix, sorted, of the split's images."""
    folder, divided = self.images
    names = folder.ids()
    if divided or self.split not in self.layout.numbers:
        return names
    first, last = self.layout.numbers[self.split]
    chosen = [name for name in names if first <= _number(name) <= last]
    if not chosen:
        raise RequestError(
            f"{self.name}: none of the {len(names)} images in {str(folder.path)!r} is numbered"
            f" {first}..{last} (split={self.split}). {self.layout.advice}"
        )
    return chosen


def load(self: Preset, image_id: str) -> torch.Tensor:
    """Return float32 (3, size, size) in [0, 1]: the centred square, resized."""
    return self.images[0].load(image_id)


def fingerprint(self: Preset, image_id: str) -> str:
    """Return the sha256 of the file's bytes."""
    return self.images[0].fingerprint(image_id)


def source(self: Preset, image_id: str) -> str:
    """Return the id itself: every file is its own photograph."""
    return image_id


def find_images(self: Preset) -> tuple[ImageFolder, bool]:
    """Return the folder that is read and whether it is the split's own."""
    root = find_root(self.name, self.root, self.layout.advice)
    for name in self.layout.folders.get(self.split, ()):
        if (root / name).is_dir():
            return ImageFolder(root / name, self.size), True
    return ImageFolder(root, self.size), False


def _number(name: str) -> int:
    """Return the last number in a file's name, -1 when there is none."""
    return int((_NUMBER.findall(PurePosixPath(name).name) or ["-1"])[-1])
