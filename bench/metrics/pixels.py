"""Pixel errors: mean absolute error and PSNR, over the whole image or over the hole.

All are computed from 8-bit levels with integer sums, so they are exact up to one float64 division.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from bench.metrics.levels import check_not_empty, level_pairs

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class L1:
    """Mean absolute error over the whole image, in percent of the range.

    100 / 255 * mean |output - target|.  Known pixels count, so small holes give small errors.
    """

    name: ClassVar[str] = "l1"
    version: ClassVar[str] = "1"
    unit: ClassVar[str] = "%"
    higher_is_better: ClassVar[bool] = False

    def __call__(
        self, output: torch.Tensor, target: torch.Tensor, hole: torch.Tensor
    ) -> torch.Tensor:
        """Return float64 (N,), in [0, 100]."""
        return _mean(_difference(output, target, hole).abs()) / 255 * 100


@dataclass(frozen=True)
class L1Hole:
    """Mean absolute error over the hole's pixels, in percent of the range.

    100 / 255 * sum over the hole of |output - target| / (3 |hole|).
    """

    name: ClassVar[str] = "l1_hole"
    version: ClassVar[str] = "1"
    unit: ClassVar[str] = "%"
    higher_is_better: ClassVar[bool] = False

    def __call__(
        self, output: torch.Tensor, target: torch.Tensor, hole: torch.Tensor
    ) -> torch.Tensor:
        """Return float64 (N,), in [0, 100]; raises RequestError for an empty hole."""
        return _mean_in_hole(_difference(output, target, hole).abs(), hole) / 255 * 100


@dataclass(frozen=True)
class L1Relative:
    """Absolute error relative to both images' brightness, in percent: AOT-GAN's "mae".

    100 * sum |output - target| / sum (output + target), over the whole image (Zeng et al. 2021, the
    evaluation script of its code).  The same error counts more in a dark image: not an L1.
    """

    name: ClassVar[str] = "l1_relative"
    version: ClassVar[str] = "1"
    unit: ClassVar[str] = "%"
    higher_is_better: ClassVar[bool] = False

    def __call__(
        self, output: torch.Tensor, target: torch.Tensor, hole: torch.Tensor
    ) -> torch.Tensor:
        """Return float64 (N,), in [0, 100]; 0 for two black images."""
        ours, theirs = (image.long() for image in level_pairs(output, target, hole))
        error = (ours - theirs).abs().flatten(1).sum(dim=1).double()
        return 100 * error / (ours + theirs).flatten(1).sum(dim=1).clamp(min=1)


@dataclass(frozen=True)
class PSNR:
    """Peak signal-to-noise ratio over the whole image.

    10 log10(255^2 / MSE), MSE over all pixels and channels; +inf for an identical image.  A set's
    PSNR is the mean of these, not the PSNR of the mean error.
    """

    name: ClassVar[str] = "psnr"
    version: ClassVar[str] = "1"
    unit: ClassVar[str] = "dB"
    higher_is_better: ClassVar[bool] = True

    def __call__(
        self, output: torch.Tensor, target: torch.Tensor, hole: torch.Tensor
    ) -> torch.Tensor:
        """Return float64 (N,), at least 0, +inf where output equals target."""
        return _decibels(_mean(_difference(output, target, hole) ** 2))


@dataclass(frozen=True)
class PSNRHole:
    """Peak signal-to-noise ratio over the hole's pixels.

    10 log10(255^2 / MSE), MSE over the hole's 3 |hole| values; +inf for an identical filling.
    """

    name: ClassVar[str] = "psnr_hole"
    version: ClassVar[str] = "1"
    unit: ClassVar[str] = "dB"
    higher_is_better: ClassVar[bool] = True

    def __call__(
        self, output: torch.Tensor, target: torch.Tensor, hole: torch.Tensor
    ) -> torch.Tensor:
        """Return float64 (N,), +inf where the filling is exact; RequestError for an empty hole."""
        return _decibels(_mean_in_hole(_difference(output, target, hole) ** 2, hole))


def _difference(output: torch.Tensor, target: torch.Tensor, hole: torch.Tensor) -> torch.Tensor:
    """Return output - target in levels, int64 (N, 3, H, W)."""
    ours, theirs = level_pairs(output, target, hole)
    return ours.long() - theirs.long()


def _mean(errors: torch.Tensor) -> torch.Tensor:
    """Return the mean of each image's int64 errors, float64 (N,)."""
    return errors.flatten(1).sum(dim=1).double() / errors[0].numel()


def _mean_in_hole(errors: torch.Tensor, hole: torch.Tensor) -> torch.Tensor:
    """Return the mean of each image's int64 errors over its hole, float64 (N,)."""
    check_not_empty(hole)
    inside = errors.masked_fill(~hole, 0).flatten(1).sum(dim=1)
    return inside.double() / (3 * hole.flatten(1).sum(dim=1))


def _decibels(squared_error: torch.Tensor) -> torch.Tensor:
    """Return 10 log10(255^2 / MSE); +inf at 0."""
    return 10 * (255**2 / squared_error).log10()
