"""An image and its hole, ready to be completed; or the record that says why there is none."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch

from bench.api import MaskGenerator, PairedMasks, RequestError, imaging
from bench.complete.batch import ImageResult
from bench.plan.ids import record_id
from bench.plan.spec import Run, hole_seed, method_seed
from bench.store.record import Record


@dataclass
class MaskedImage:
    """An image with its hole, ready to be completed."""

    record: Record
    target: torch.Tensor
    hole: torch.Tensor


def prepare(run: Run, image_id: str, sample: int) -> MaskedImage | ImageResult:
    """Load an image and draw its hole."""
    record = Record(
        record_id(run, image_id, sample),
        image_id,
        source=image_id,
        status="error",
        mask_seed=hole_seed(run, image_id),
        seed=method_seed(run, image_id, sample),
    )
    try:
        record = replace(record, source=run.dataset.source(image_id))
        target = imaging.to_uint8(checked_image(run.dataset.load(image_id)))
    except Exception as error:  # OSError or ValueError by contract, but a plug-in may raise any
        return ImageResult(replace(record, error=f"cannot load the image: {named(error)}"))
    height, width = target.shape[-2:]
    try:
        hole, notes, missing = _hole_of(run, image_id, height, width)
    except Exception as error:  # a plug-in may raise anything
        return ImageResult(replace(record, error=f"cannot draw the hole: {named(error)}"))
    fraction = missing / (height * width)
    record = replace(record, height=height, width=width, hole_fraction=fraction, notes=notes)
    return MaskedImage(record, target, hole)


def check_first_hole(run: Run, ids: Sequence[str]) -> None:
    """Raise RequestError when the masks do not fit the first image: then they fit none.

    An image that cannot be loaded is the run's to report.
    """
    try:
        height, width = run.dataset.load(ids[0]).shape[-2:]
    except Exception:  # a plug-in may raise anything; the run names the image
        return
    try:
        _hole_of(run, ids[0], height, width)
    except Exception as error:
        message = f"Cannot draw the hole of image {ids[0]!r}: {named(error)}"
        raise RequestError(message) from error


def _hole_of(
    run: Run, image_id: str, height: int, width: int
) -> tuple[torch.Tensor, dict[str, Any], int]:
    """Return an image's hole, what its generator says about it, and its number of pixels."""
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
) -> Mapping[str, Any]:
    """Return what a generator has to say about a hole: the bin it drew, the file it took."""
    if hasattr(mask, "facts_for_image"):
        return dict(mask.facts_for_image(image_id, height, width, seed))
    return dict(mask.facts(height, width, seed)) if hasattr(mask, "facts") else {}


def checked_image(image: torch.Tensor) -> torch.Tensor:
    """Return an image of a dataset; raises ValueError when it is not what the contract says."""
    if not torch.is_tensor(image) or not image.is_floating_point():
        given = image.dtype if torch.is_tensor(image) else type(image).__name__
        raise ValueError(f"the dataset gave {given}, not float32 in [0, 1]")
    if image.ndim != 3 or image.shape[0] != 3 or not image.numel():
        raise ValueError(f"the dataset gave an image of shape {tuple(image.shape)}, not (3, H, W)")
    if not bool(torch.isfinite(image).all()):
        raise ValueError("the dataset gave values that are not finite")
    return image


def missing_pixels(mask: MaskGenerator, hole: torch.Tensor, height: int, width: int) -> int:
    """Return the pixels of a hole; raises ValueError for what is no hole of this image."""
    if not torch.is_tensor(hole) or hole.dtype != torch.bool:
        given = hole.dtype if torch.is_tensor(hole) else type(hole).__name__
        raise ValueError(f"the mask {mask.name!r} gave {given}; a hole is a bool tensor")
    missing = int(hole.sum())
    if hole.shape != (1, height, width) or not 0 < missing < height * width:
        raise ValueError(
            f"the mask {mask.name!r} gave a hole of shape {tuple(hole.shape)} with {missing} "
            f"of {height * width} pixels; a hole is (1, {height}, {width}), "
            "never empty and never full"
        )
    return missing


def strict_facts(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return facts that a record can hold; raises ValueError when they are no strict JSON."""
    try:
        return dict(json.loads(json.dumps(dict(facts), allow_nan=False)))
    except (TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"its notes are no strict JSON: {one_line(error)}") from error


def named(error: Exception) -> str:
    """Return an error in one line, with its type unless it is one that the contracts speak of."""
    usual = isinstance(error, OSError | ValueError | MemoryError)
    return one_line(error) if usual else f"{type(error).__name__}: {one_line(error)}"


def one_line(error: BaseException) -> str:
    """Return an error's message in one line, its type when it has none."""
    return " ".join(str(error).split())[:500] or type(error).__name__
