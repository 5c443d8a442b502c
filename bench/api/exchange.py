"""Other people's programs: images and masks as files for them, and the files that come back.

The layouts are those of the field's own codes.  A file is named by a number with leading zeros:
some programs pair files by sorted order, take what follows the first dot for the suffix, or find
masks by the word "mask" in a name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Literal, Protocol, get_args, runtime_checkable

if TYPE_CHECKING:
    import torch

    from bench.api import Inpaint

# What white (255) means in a mask's file: the hole, or what is kept.
Polarity = Literal["hole-white", "keep-white"]
POLARITIES: tuple[Polarity, ...] = get_args(Polarity)
LayoutName = Literal["plain", "lama", "mat", "repaint", "ntire"]


@dataclass(frozen=True)
class Layout:
    """Where a program looks for an image and its mask, and where it leaves the output.

    images, masks: folders.  mask: a mask's file in its folder; an image's is "{id}.png".
    outputs: an output's file in the folder of outputs, in the order in which they are looked for.
    polarity: what white means in its masks.  environment: variables that hold the folders.
    """

    images: str
    masks: str
    mask: str
    outputs: tuple[str, ...]
    polarity: Polarity
    environment: Mapping[str, str]

    def image_file(self, name: str) -> str:
        """Return the path of an image."""
        return f"{self.images}/{name}.png"

    def mask_file(self, name: str) -> str:
        """Return the path of a mask."""
        return f"{self.masks}/{self.mask.replace('{id}', name)}"

    def output_files(self, name: str, sample: int | None = None) -> list[str]:
        """Return where the output of an image may lie; sample: of several, counted from 0."""
        if sample is None:
            return [pattern.replace("{id}", name) for pattern in self.outputs]
        numbered = [pattern.replace("{id}", f"{name}@{sample}") for pattern in self.outputs]
        return [*numbered, *(f"{sample}/{file}" for file in self.output_files(name))]


_PLAIN = ("{id}.png", "{id}.jpg")
LAYOUTS: dict[LayoutName, Layout] = {
    # IOPaint, AOT-GAN and scripts of one's own.
    "plain": Layout("images", "masks", "{id}.png", (*_PLAIN, "{id}_comp.png"), "hole-white", {}),
    # LaMa's bin/predict.py: outputs are named after the masks.
    "lama": Layout(
        "images", "images", "{id}_mask.png", ("{id}_mask.png", *_PLAIN), "hole-white", {}
    ),
    # MAT's generate_image.py.
    "mat": Layout("images", "masks", "{id}.png", _PLAIN, "keep-white", {}),
    # RePaint's test.py: gt_path and mask_path of its configuration.
    "repaint": Layout(
        "gt", "gt_keep_mask", "{id}.png", ("inpainted/{id}.png", *_PLAIN), "keep-white", {}
    ),
    # The challenge of NTIRE 2022: run.sh reads two variables.
    "ntire": Layout(
        "images", "images", "{id}_mask.png", _PLAIN, "hole-white",
        {"input_dir": "{images}", "output_dir": "{outputs}"},
    ),
}  # fmt: skip


def file_name(number: int) -> str:
    """Return the name, without suffix, of the files of an image by its number, from 0."""
    return f"{number:06d}"


def pair_of_files(
    layout: Layout, name: str, image: torch.Tensor, hole: torch.Tensor, polarity: Polarity
) -> Iterator[tuple[str, bytes]]:
    """Yield path and PNG of an image and of its mask.

    image: uint8 (3, H, W), as it is to be seen.  hole: bool (1, H, W).
    """
    from bench.api.imaging import encode_png

    yield layout.image_file(name), encode_png(image)
    yield layout.mask_file(name), encode_png(hole if polarity == "hole-white" else ~hole)


def find_file(folder: Path, files: list[str]) -> Path | None:
    """Return the first of these files that is in a folder, None if there is none.

    Raises ValueError for one that leads out of the folder, as a link may.
    """
    for file in files:
        path = folder / PurePosixPath(file)
        if not path.is_file():
            continue
        if not path.resolve().is_relative_to(folder.resolve()):
            raise ValueError(f"{file} leads out of the folder of outputs")
        return path
    return None


class Local(str):
    """A parameter that names something of this machine, such as a command line.

    Like a Path it is no part of a run's identity: what it leads to is, through `assets`.
    """


@runtime_checkable
class HasGroupSize(Protocol):
    """A method that takes its images in groups of its own size."""

    def group_size(self) -> int | None:
        """Return how many images a call gets; None leaves it to --batch-size."""
        ...


@runtime_checkable
class KnowsImages(Protocol):
    """A loaded method that wants to know which images it completes: prompts may be theirs."""

    def for_images(self, ids: Sequence[str]) -> Inpaint:
        """Return the function that completes a batch of these images."""
        ...


@runtime_checkable
class ReadsOutputs(Protocol):
    """A method made elsewhere: its outputs are files, found by id.

    An output's id is its image's, and "@k" for sample k of several.
    """

    def output(self, output_id: str) -> torch.Tensor:
        """Return float32 (3, H, W) in [0, 1]; the harness calls this instead of an Inpaint."""
        ...

    def output_sha256(self, output_id: str) -> str | None:
        """Return the sha256 of the output's file; None when there is none."""
        ...
