"""What the image metrics accept, checked in one place, and the 8-bit levels they compute from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.api import RequestError
from bench.api.pairs import ImagePair, Picture

if TYPE_CHECKING:
    import torch

# float32 in [0, 1] that is a multiple of 1/255 comes back to its level within 255 * 2**-24.
TOLERANCE = 1e-3


def levels(image: torch.Tensor) -> torch.Tensor:
    """Return the uint8 levels of (..., H, W) in [0, 1], exact multiples of 1/255.

    Raises RequestError for values that are not such levels: a metric reads what a PNG holds, and
    rounding here would hide a method's truncation.
    """
    import torch

    scaled = image.double() * 255
    rounded = scaled.round()
    if not bool(((scaled - rounded).abs() <= TOLERANCE).all()):
        raise RequestError("Metrics read 8-bit images: give finite multiples of 1/255 in [0, 1].")
    if bool((rounded < 0).any()) or bool((rounded > 255).any()):
        raise RequestError("Metrics read images in [0, 1]; some values are outside.")
    return rounded.to(torch.uint8)


def level_pairs(
    output: torch.Tensor, target: torch.Tensor, hole: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the uint8 levels of output and target, (N, 3, H, W) each, after checking all three.

    Raises RequestError for shapes or types that are not those of the contract.
    """
    import torch

    if output.ndim != 4 or output.shape[1] != 3 or output.shape != target.shape:
        raise RequestError(
            f"Metrics compare two (N, 3, H, W) batches of one shape, not {tuple(output.shape)} "
            f"with {tuple(target.shape)}."
        )
    if hole.dtype != torch.bool or hole.shape != output[:, :1].shape:
        raise RequestError(
            f"A hole is bool {tuple(output[:, :1].shape)} here, not "
            f"{hole.dtype} {tuple(hole.shape)}."
        )
    return levels(output), levels(target)


def pairs_of(output: torch.Tensor, target: torch.Tensor, hole: torch.Tensor) -> list[ImagePair]:
    """Return the N pairs of batches, checked as `level_pairs` does."""
    ours, theirs = level_pairs(output, target, hole)
    return [
        ImagePair(Picture(x), Picture(y), missing)
        for x, y, missing in zip(ours, theirs, hole, strict=True)
    ]


def check_not_empty(hole: torch.Tensor) -> None:
    """Raise RequestError when some image of the batch has no hole pixel."""
    if not bool(hole.flatten(1).any(dim=1).all()):
        raise RequestError("A hole is empty: metrics over the hole need at least one pixel.")


def check_side(output: torch.Tensor, smallest: int, why: str) -> None:
    """Raise RequestError when a side of (N, 3, H, W) is shorter than `smallest` pixels."""
    height, width = output.shape[-2:]
    if min(height, width) < smallest:
        raise RequestError(
            f"{height}x{width} images are too small for this metric: {why}, so both sides must "
            f"have at least {smallest} pixels."
        )
