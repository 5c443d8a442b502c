"""An image with its hole, ready to be completed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch

from bench.api import (
    Dataset,
    Facts,
    ImageFacts,
    MaskGenerator,
    PairedFacts,
    PairedMasks,
    RequestError,
    imaging,
)
from bench.plan.spec import Run, hole_seed


class ImageError(Exception):
    """An image that cannot be loaded, or whose hole cannot be drawn; the message says why.

    source: the image's source, its id when the dataset could not even say that.
    """

    def __init__(self, message: str, source: str) -> None:
        super().__init__(message)
        self.source = source


@dataclass(frozen=True, eq=False)
class MaskedImage:
    """An image with its hole; the samples of an image share it.

    target: uint8 (3, H, W).  hole: bool (1, H, W), True = missing; a share of hole_fraction, in
    (0, 1).  notes: what the dataset says about the image, and the mask generator about the hole.
    """

    image_id: str
    source: str
    target: torch.Tensor
    hole: torch.Tensor
    hole_fraction: float
    notes: dict[str, object]

    @cached_property
    def pngs(self) -> dict[str, bytes]:
        """The PNG files of target and hole."""
        return {
            "target": imaging.encode_png(self.target),
            "hole": imaging.encode_png(self.hole),
        }

    @cached_property
    def sha256(self) -> dict[str, str]:
        """The sha256 of each of the PNG files."""
        return {kind: hashlib.sha256(png).hexdigest() for kind, png in self.pngs.items()}


def mask_image(run: Run, image_id: str) -> MaskedImage:
    """Load an image and draw its hole; raises ImageError."""
    source = image_id
    try:
        source = run.dataset.source(image_id)
        target = imaging.to_uint8(checked_image(run.dataset.load(image_id)))
        facts = _image_facts(run.dataset, image_id)
    except Exception as error:  # OSError or ValueError by contract, but a plug-in may raise any
        raise ImageError(f"cannot load the image: {in_words(error)}", source) from error
    height, width = target.shape[-2:]
    try:
        hole, notes, missing = _hole_of(run, image_id, height, width)
    except Exception as error:  # a plug-in may raise anything
        raise ImageError(f"cannot draw the hole: {in_words(error)}", source) from error
    notes = {**facts, **notes}
    return MaskedImage(image_id, source, target, hole, missing / (height * width), notes)


def check_first_hole(run: Run, ids: Sequence[str]) -> None:
    """Raise RequestError if the first image's hole cannot be drawn: no image's could be.

    An image that cannot be loaded does not count: the run reports it.
    """
    try:
        height, width = run.dataset.load(ids[0]).shape[-2:]
    except Exception:  # a plug-in may raise anything; the run names the image
        return
    try:
        _hole_of(run, ids[0], height, width)
    except Exception as error:
        message = f"Cannot draw the hole of image {ids[0]!r}: {in_words(error)}"
        raise RequestError(message) from error


def _hole_of(
    run: Run, image_id: str, height: int, width: int
) -> tuple[torch.Tensor, dict[str, object], int]:
    """Return an image's hole, what the generator says about it, and how many pixels it has."""
    seed = hole_seed(run, image_id)
    hole = _draw(run.mask, image_id, height, width, seed)
    facts = _mask_facts(run.mask, image_id, height, width, seed)
    notes = strict_facts({"mask": facts} if facts else {})
    return hole, notes, missing_pixels(run.mask, hole, height, width)


def _draw(mask: MaskGenerator, image_id: str, height: int, width: int, seed: int) -> torch.Tensor:
    if isinstance(mask, PairedMasks):
        return mask.for_image(image_id, height, width, seed)
    return mask(height, width, seed)


def _mask_facts(
    mask: MaskGenerator, image_id: str, height: int, width: int, seed: int
) -> dict[str, object]:
    """Return what a generator says about a hole: the bin it drew from, the file it took."""
    if isinstance(mask, PairedFacts):
        return dict(mask.facts_for_image(image_id, height, width, seed))
    return dict(mask.facts(height, width, seed)) if isinstance(mask, Facts) else {}


def _image_facts(dataset: Dataset, image_id: str) -> dict[str, object]:
    """Return what a dataset says about an image, as notes."""
    facts = dict(dataset.image_facts(image_id)) if isinstance(dataset, ImageFacts) else {}
    return strict_facts({"image": facts} if facts else {})


def checked_image(image: torch.Tensor) -> torch.Tensor:
    """Return a dataset's image; raises ValueError if it is not what the contract demands."""
    if not torch.is_tensor(image) or not image.is_floating_point():
        kind = image.dtype if torch.is_tensor(image) else type(image).__name__
        raise ValueError(f"the dataset gave {kind}, not float32 in [0, 1]")
    if image.ndim != 3 or image.shape[0] != 3 or not image.numel():
        raise ValueError(f"the dataset gave an image of shape {tuple(image.shape)}, not (3, H, W)")
    if not imaging.all_finite(image):
        raise ValueError("the dataset gave values that are not finite")
    return image


def missing_pixels(mask: MaskGenerator, hole: torch.Tensor, height: int, width: int) -> int:
    """Return the number of missing pixels; raises ValueError unless `hole` is one of this size."""
    if not torch.is_tensor(hole) or hole.dtype != torch.bool:
        kind = hole.dtype if torch.is_tensor(hole) else type(hole).__name__
        raise ValueError(f"the mask {mask.name!r} gave {kind}; a hole is a bool tensor")
    missing = int(hole.sum())
    if hole.shape != (1, height, width) or not 0 < missing < height * width:
        raise ValueError(
            f"the mask {mask.name!r} gave a hole of shape {tuple(hole.shape)} with {missing} "
            f"of {height * width} pixels; a hole is (1, {height}, {width}), "
            "never empty and never full"
        )
    return missing


def strict_facts(facts: Mapping[str, object]) -> dict[str, Any]:
    """Return facts as a record can hold them; raises ValueError if they are not strict JSON."""
    try:
        return dict(json.loads(json.dumps(dict(facts), allow_nan=False)))
    except (TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"its notes are no strict JSON: {one_line(error)}") from error


def in_words(error: Exception) -> str:
    """Return an error in one line, with its type unless the contracts allow that type."""
    usual = isinstance(error, OSError | ValueError | MemoryError)
    return one_line(error) if usual else f"{type(error).__name__}: {one_line(error)}"


def one_line(error: BaseException) -> str:
    """Return an error's message in one line, or its type if it has no message."""
    return " ".join(str(error).split())[:500] or type(error).__name__
