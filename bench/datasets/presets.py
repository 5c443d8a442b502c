"""The field's datasets over a local folder, with the size, crop and split that papers use."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, ClassVar, Literal, Protocol

from bench.api import RequestError
from bench.datasets.folder import MAX_SIZE, Folder, check_size
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


class _Preset(Protocol):
    """What the functions below need of a preset: it is a dataclass of these."""

    name: ClassVar[str]
    layout: ClassVar[Layout]

    @property
    def size(self) -> int | None: ...

    @property
    def split(self) -> str: ...

    @property
    def root(self) -> Path | None: ...

    @property
    def images(self) -> tuple[Folder, bool]: ...


def _check(self: _Preset) -> None:
    """Refuse a wrong size, split or root before anything runs."""
    if self.size is not None:
        check_size(self.size, 8, MAX_SIZE)
    if self.split not in (*self.layout.folders, "all"):
        allowed = ", ".join([*self.layout.folders, "all"])
        raise RequestError(f"split={self.split!r} is not one of {allowed}")
    _ = self.images


def _ids(self: _Preset) -> list[str]:
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


def _load(self: _Preset, image_id: str) -> torch.Tensor:
    """Return float32 (3, size, size) in [0, 1]: the centred square, resized."""
    return self.images[0].load(image_id)


def _fingerprint(self: _Preset, image_id: str) -> str:
    """Return the sha256 of the file's bytes."""
    return self.images[0].fingerprint(image_id)


def _source(self: _Preset, image_id: str) -> str:
    """Return the id itself: every file is its own photograph."""
    return image_id


def _images(self: _Preset) -> tuple[Folder, bool]:
    """Return the folder that is read and whether it is the split's own."""
    root = find_root(self.name, self.root, self.layout.advice)
    for name in self.layout.folders.get(self.split, ()):
        if (root / name).is_dir():
            return Folder(root / name, self.size), True
    return Folder(root, self.size), False


def _number(name: str) -> int:
    """Return the last number in a file's name, -1 when there is none."""
    return int((_NUMBER.findall(PurePosixPath(name).name) or ["-1"])[-1])


@dataclass(frozen=True)
class CelebAHQ:
    """CelebA-HQ faces (Karras et al. 2018), 30,000 images, at 256.

    split=test: the folder test/ (or val/), else the last 2,000 by number; train: train/, else the
    first 28,000.  This cut is this project's own: papers draw their own lists (LaMa's is
    shuffled, 26,000/2,000/2,000), so to repeat one put its images into test/.
    """

    name: ClassVar[str] = "celeba-hq"
    version: ClassVar[str] = "1"
    layout: ClassVar[Layout] = Layout(
        "CelebA-HQ comes from the project progressive_growing_of_gans, or as CelebAMask-HQ's folder"
        " CelebA-HQ-img: a folder of 0.jpg to 29999.jpg (or .png), or one with train/ and test/.",
        {"test": ("test", "val", "test_256", "val_256"), "train": ("train", "train_256")},
        {"test": (28_000, 29_999), "train": (0, 27_999)},
    )
    size: int | None = 256
    split: Literal["test", "train", "all"] = "test"
    root: Path | None = None

    def __post_init__(self) -> None:
        _check(self)

    images = cached_property(_images)
    ids, load, fingerprint, source = _ids, _load, _fingerprint, _source


@dataclass(frozen=True)
class FFHQ:
    """Flickr-Faces-HQ (Karras et al. 2019), 70,000 faces, at 256.

    split=test: images 60000 to 69999, the dataset's own validation split; train: 0 to 59999.
    CoModGAN (Zhao et al. 2021) and MAT (Li et al. 2022) work at 512: give size=512.
    """

    name: ClassVar[str] = "ffhq"
    version: ClassVar[str] = "1"
    layout: ClassVar[Layout] = Layout(
        "FFHQ comes from NVIDIA's project ffhq-dataset: its images1024x1024 or thumbnails,"
        " 00000.png to 69999.png, in one folder or in the project's subfolders by the thousand.",
        {"test": ("test", "val"), "train": ("train",)},
        {"test": (60_000, 69_999), "train": (0, 59_999)},
    )
    size: int | None = 256
    split: Literal["test", "train", "all"] = "test"
    root: Path | None = None

    def __post_init__(self) -> None:
        _check(self)

    images = cached_property(_images)
    ids, load, fingerprint, source = _ids, _load, _fingerprint, _source


@dataclass(frozen=True)
class Places2:
    """Places365-Standard scenes (Zhou et al. 2017), the 36,500 validation images, at 256.

    LaMa (Suvorov et al. 2022) and MAT report on it at 512: unpack val_large and give size=512.
    The centred square is taken.
    """

    name: ClassVar[str] = "places2"
    version: ClassVar[str] = "1"
    layout: ClassVar[Layout] = Layout(
        "Places2 comes from the Places365 page of MIT CSAIL (Places365-Standard): unpack"
        " val_256.tar or val_large.tar, Places365_val_00000001.jpg to Places365_val_00036500.jpg.",
        {"val": ("val_256", "val_large", "val"), "train": ("data_256", "data_large", "train")},
    )
    size: int | None = 256
    split: Literal["val", "train", "all"] = "val"
    root: Path | None = None

    def __post_init__(self) -> None:
        _check(self)

    images = cached_property(_images)
    ids, load, fingerprint, source = _ids, _load, _fingerprint, _source


@dataclass(frozen=True)
class ImageNet:
    """ImageNet ILSVRC 2012 (Russakovsky et al. 2015), the 50,000 validation images, at 256.

    The centred square, resized, as guided-diffusion (Dhariwal and Nichol 2021) prepares the images
    that RePaint (Lugmayr et al. 2022) is tested on.  Flat or in folders by class.
    """

    name: ClassVar[str] = "imagenet"
    version: ClassVar[str] = "1"
    layout: ClassVar[Layout] = Layout(
        "ImageNet comes from image-net.org after registration: unpack ILSVRC2012_img_val.tar into"
        " val/, ILSVRC2012_val_00000001.JPEG to ILSVRC2012_val_00050000.JPEG.",
        {"val": ("val", "ILSVRC2012_img_val"), "train": ("train", "ILSVRC2012_img_train")},
    )
    size: int | None = 256
    split: Literal["val", "train", "all"] = "val"
    root: Path | None = None

    def __post_init__(self) -> None:
        _check(self)

    images = cached_property(_images)
    ids, load, fingerprint, source = _ids, _load, _fingerprint, _source


@dataclass(frozen=True)
class ParisStreetView:
    """Paris StreetView (Doersch et al. 2012; Pathak et al. 2016), 100 test facades, at 256.

    Context Encoders' split: 14,900 images of 936x537 to train on, 100 to test on; the centred
    537x537 is resized.
    """

    name: ClassVar[str] = "paris-streetview"
    version: ClassVar[str] = "1"
    layout: ClassVar[Layout] = Layout(
        "Paris StreetView is sent by the authors of Context Encoders on request (project"
        " context-encoder): a folder with paris_eval_gt/ (100) and paris_train_original/ (14,900).",
        {
            "test": ("paris_eval_gt", "paris_eval/paris_eval_gt", "test", "val"),
            "train": ("paris_train_original", "train"),
        },
    )
    size: int | None = 256
    split: Literal["test", "train", "all"] = "test"
    root: Path | None = None

    def __post_init__(self) -> None:
        _check(self)

    images = cached_property(_images)
    ids, load, fingerprint, source = _ids, _load, _fingerprint, _source
