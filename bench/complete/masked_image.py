"""An image and its hole, ready to be completed; or the record that says why there is none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from bench.api import MaskGenerator, PairedMasks, RequestError, imaging
from bench.complete.batch import Done, record_id
from bench.complete.checked import checked_image, missing_pixels, named, strict_facts
from bench.plan.spec import Run, hole_seed, method_seed


@dataclass
class Prepared:
    """An image with its hole, ready to be completed."""

    record: dict[str, Any]
    target: torch.Tensor
    hole: torch.Tensor


def prepare(run: Run, image_id: str, sample: int) -> Prepared | Done:
    """Load an image and draw its hole."""
    record: dict[str, Any] = {
        "id": record_id(run, image_id, sample),
        "image_id": image_id,
        "source": image_id,
        "status": "error",
        "error": None,
        "mask_seed": hole_seed(run, image_id),
        "seed": method_seed(run, image_id, sample),
        "seconds": None,
        "warm": True,
        "notes": {},
    }
    try:
        record["source"] = run.dataset.source(image_id)
        target = imaging.to_uint8(checked_image(run.dataset.load(image_id)))
    except Exception as error:  # OSError or ValueError by contract, but a plug-in may raise any
        return Done({**record, "error": f"cannot load the image: {named(error)}"})
    height, width = target.shape[-2:]
    try:
        hole, notes, missing = _hole_of(run, image_id, height, width)
    except Exception as error:  # a plug-in may raise anything
        return Done({**record, "error": f"cannot draw the hole: {named(error)}"})
    known = {"height": height, "width": width, "hole_fraction": missing / (height * width)}
    return Prepared({**record, **known, "notes": notes}, target, hole)


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
