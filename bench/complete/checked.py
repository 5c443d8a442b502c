"""What plug-ins give, checked before it becomes a fact: images, holes, notes, errors."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import torch

from bench.api import MaskGenerator


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
