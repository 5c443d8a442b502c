"""The field's datasets over a local folder, with the size, crop and split that papers use."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

from bench.datasets.layouts import FolderLayout, Preset


@dataclass(frozen=True)
class CelebAHQ(Preset):
    """CelebA-HQ faces (Karras et al. 2018), 30,000 images, at 256.

    split=test: the folder test/ (or val/), else the last 2,000 by number; train: train/, else the
    first 28,000.  This cut is this project's own: papers draw their own lists (LaMa's is
    shuffled, 26,000/2,000/2,000), so to repeat one put its images into test/.
    """

    name: ClassVar[str] = "celeba-hq"
    version: ClassVar[str] = "1"
    layout: ClassVar[FolderLayout] = FolderLayout(
        "CelebA-HQ comes from the project progressive_growing_of_gans, or as CelebAMask-HQ's folder"
        " CelebA-HQ-img: a folder of 0.jpg to 29999.jpg (or .png), or one with train/ and test/.",
        {"test": ("test", "val", "test_256", "val_256"), "train": ("train", "train_256")},
        {"test": (28_000, 29_999), "train": (0, 27_999)},
    )
    size: int | None = 256
    split: Literal["test", "train", "all"] = "test"
    root: Path | None = None


@dataclass(frozen=True)
class FFHQ(Preset):
    """Flickr-Faces-HQ (Karras et al. 2019), 70,000 faces, at 256.

    split=test: images 60000 to 69999, the dataset's own validation split; train: 0 to 59999.
    CoModGAN (Zhao et al. 2021) and MAT (Li et al. 2022) work at 512: give size=512.
    """

    name: ClassVar[str] = "ffhq"
    version: ClassVar[str] = "1"
    layout: ClassVar[FolderLayout] = FolderLayout(
        "FFHQ comes from NVIDIA's project ffhq-dataset: its images1024x1024 or thumbnails,"
        " 00000.png to 69999.png, in one folder or in the project's subfolders by the thousand.",
        {"test": ("test", "val"), "train": ("train",)},
        {"test": (60_000, 69_999), "train": (0, 59_999)},
    )
    size: int | None = 256
    split: Literal["test", "train", "all"] = "test"
    root: Path | None = None


@dataclass(frozen=True)
class Places2(Preset):
    """Places365-Standard scenes (Zhou et al. 2017), the 36,500 validation images, at 256.

    LaMa (Suvorov et al. 2022) and MAT report on it at 512: unpack val_large and give size=512.
    The centred square is taken.
    """

    name: ClassVar[str] = "places2"
    version: ClassVar[str] = "1"
    layout: ClassVar[FolderLayout] = FolderLayout(
        "Places2 comes from the Places365 page of MIT CSAIL (Places365-Standard): unpack"
        " val_256.tar or val_large.tar, Places365_val_00000001.jpg to Places365_val_00036500.jpg.",
        {"val": ("val_256", "val_large", "val"), "train": ("data_256", "data_large", "train")},
    )
    size: int | None = 256
    split: Literal["val", "train", "all"] = "val"
    root: Path | None = None


@dataclass(frozen=True)
class ImageNet(Preset):
    """ImageNet ILSVRC 2012 (Russakovsky et al. 2015), the 50,000 validation images, at 256.

    The centred square, resized, as guided-diffusion (Dhariwal and Nichol 2021) prepares the images
    that RePaint (Lugmayr et al. 2022) is tested on.  Flat or in folders by class.
    """

    name: ClassVar[str] = "imagenet"
    version: ClassVar[str] = "1"
    layout: ClassVar[FolderLayout] = FolderLayout(
        "ImageNet comes from image-net.org after registration: unpack ILSVRC2012_img_val.tar into"
        " val/, ILSVRC2012_val_00000001.JPEG to ILSVRC2012_val_00050000.JPEG.",
        {"val": ("val", "ILSVRC2012_img_val"), "train": ("train", "ILSVRC2012_img_train")},
    )
    size: int | None = 256
    split: Literal["val", "train", "all"] = "val"
    root: Path | None = None


@dataclass(frozen=True)
class ParisStreetView(Preset):
    """Paris StreetView (Doersch et al. 2012; Pathak et al. 2016), 100 test facades, at 256.

    Context Encoders' split: 14,900 images of 936x537 to train on, 100 to test on; the centred
    537x537 is resized.
    """

    name: ClassVar[str] = "paris-streetview"
    version: ClassVar[str] = "1"
    layout: ClassVar[FolderLayout] = FolderLayout(
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


@dataclass(frozen=True)
class TinyImageNet(Preset):
    """Tiny ImageNet (Stanford's CS231n course), 200 classes of ImageNet at 64x64.

    split=val: the 10,000 validation images (val/images/, or val/ itself); train: the 100,000
    training images.  The root is the unpacked tiny-imagenet-200, or the folder that holds it.
    Research only, as ImageNet is.
    """

    name: ClassVar[str] = "tiny-imagenet"
    version: ClassVar[str] = "1"
    layout: ClassVar[FolderLayout] = FolderLayout(
        "Tiny ImageNet comes from Stanford's course CS231n: unpack tiny-imagenet-200.zip, whose"
        " val/images/ has val_0.JPEG to val_9999.JPEG and whose train/ has one folder per class.",
        {
            "val": ("val/images", "tiny-imagenet-200/val/images", "val"),
            "train": ("train", "tiny-imagenet-200/train"),
        },
    )
    size: int | None = 64
    split: Literal["val", "train", "all"] = "val"
    root: Path | None = None
