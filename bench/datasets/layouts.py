"""What datasets over a local folder share: the root, splits by folder or number, the square.

The presets themselves, a class for each dataset, are in bench.datasets.presets.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, ClassVar

from bench.api import RequestError
from bench.datasets.folder import MAX_SIZE, ImageFolder, check_side
from bench.datasets.roots import find_root

if TYPE_CHECKING:
    import torch

_NUMBER = re.compile(r"\d+")


@dataclass(frozen=True)
class FolderLayout:
    """Where a dataset comes from and how its folder is divided.

    folders: split -> subfolders that may hold it (the first that exists is read, else the root).
    numbers: split -> (first, last) number in the file's name, when the root is not divided.
    """

    advice: str
    folders: Mapping[str, tuple[str, ...]]
    numbers: Mapping[str, tuple[int, int]] = field(default_factory=dict)


class Preset:
    """What every preset does; a preset is a frozen dataclass of the attributes named here.

    layout: where the dataset comes from and how its folder is divided.  size: side of the square,
    None for the image as it is.  split: a key of the layout's folders, or "all".  root: the folder;
    None looks for it (bench.datasets.roots).
    """

    name: ClassVar[str]
    layout: ClassVar[FolderLayout]
    size: int | None
    split: str
    root: Path | None

    def __post_init__(self) -> None:
        """Refuse a wrong size, split or root before anything runs."""
        if self.size is not None:
            check_side(self.size, 8, MAX_SIZE)
        if self.split not in (*self.layout.folders, "all"):
            allowed = ", ".join([*self.layout.folders, "all"])
            raise RequestError(f"split={self.split!r} is not one of {allowed}")
        _ = self.images

    @cached_property
    def images(self) -> tuple[ImageFolder, bool]:
        """Return the folder that is read and whether it is the split's own."""
        root = find_root(self.name, self.root, self.layout.advice)
        for name in self.layout.folders.get(self.split, ()):
            if (root / name).is_dir():
                return ImageFolder(root / name, self.size), True
        return ImageFolder(root, self.size), False

    def ids(self) -> list[str]:
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

    def load(self, image_id: str) -> torch.Tensor:
        """Return float32 (3, size, size) in [0, 1]: the centred square, resized."""
        return self.images[0].load(image_id)

    def fingerprint(self, image_id: str) -> str:
        """Return the sha256 of the file's bytes."""
        return self.images[0].fingerprint(image_id)

    def source(self, image_id: str) -> str:
        """Return the id itself: every file is its own photograph."""
        return image_id


def _number(name: str) -> int:
    """Return the last number in a file's name, -1 when there is none."""
    return int((_NUMBER.findall(PurePosixPath(name).name) or ["-1"])[-1])
