"""Pixel errors: mean absolute error and PSNR, over the whole image or over the hole.

All are computed from 8-bit levels with integer sums, so they are exact up to one float64 division.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

from bench.api.pairs import ImagePair
from bench.metrics.levels import check_not_empty
from bench.metrics.pairwise import Pairwise


@dataclass(frozen=True)
class L1(Pairwise):
    """Mean absolute error over the whole image, in percent of the range.

    100 / 255 * mean |output - target|.  Known pixels count, so small holes give small errors.
    """

    name: ClassVar[str] = "l1"
    version: ClassVar[str] = "1"
    unit: ClassVar[str] = "%"
    higher_is_better: ClassVar[bool] = False

    def of_pair(self, pair: ImagePair) -> float:
        """Return the error, in [0, 100]."""
        return _sum_of_errors(pair) / pair.target.levels.numel() / 255 * 100


@dataclass(frozen=True)
class L1Hole(Pairwise):
    """Mean absolute error over the hole's pixels, in percent of the range.

    100 / 255 * sum over the hole of |output - target| / (3 |hole|).
    """

    name: ClassVar[str] = "l1_hole"
    version: ClassVar[str] = "1"
    unit: ClassVar[str] = "%"
    higher_is_better: ClassVar[bool] = False

    def of_pair(self, pair: ImagePair) -> float:
        """Return the error, in [0, 100]; raises RequestError for an empty hole."""
        check_not_empty(pair.hole[None])
        return _sum_of_errors(pair, in_hole=True) / (3 * int(pair.hole.sum())) / 255 * 100


@dataclass(frozen=True)
class L1Relative(Pairwise):
    """Absolute error relative to both images' brightness, in percent: AOT-GAN's "mae".

    100 * sum |output - target| / sum (output + target), over the whole image (Zeng et al. 2021, the
    evaluation script of its code).  The same error counts more in a dark image: not an L1.
    """

    name: ClassVar[str] = "l1_relative"
    version: ClassVar[str] = "1"
    unit: ClassVar[str] = "%"
    higher_is_better: ClassVar[bool] = False

    def of_pair(self, pair: ImagePair) -> float:
        """Return the error, in [0, 100]; 0 for two black images."""
        brightness = int(pair.output.levels.sum()) + int(pair.target.levels.sum())
        return 100 * _sum_of_errors(pair) / max(brightness, 1)


@dataclass(frozen=True)
class PSNR(Pairwise):
    """Peak signal-to-noise ratio over the whole image.

    10 log10(255^2 / MSE), MSE over all pixels and channels; +inf for an identical image.  A set's
    PSNR is the mean of these, not the PSNR of the mean error.
    """

    name: ClassVar[str] = "psnr"
    version: ClassVar[str] = "1"
    unit: ClassVar[str] = "dB"
    higher_is_better: ClassVar[bool] = True

    def of_pair(self, pair: ImagePair) -> float:
        """Return decibels, at least 0, +inf where output equals target."""
        return _decibels(_sum_of_errors(pair, squared=True) / pair.target.levels.numel())


@dataclass(frozen=True)
class PSNRHole(Pairwise):
    """Peak signal-to-noise ratio over the hole's pixels.

    10 log10(255^2 / MSE), MSE over the hole's 3 |hole| values; +inf for an identical filling.
    """

    name: ClassVar[str] = "psnr_hole"
    version: ClassVar[str] = "1"
    unit: ClassVar[str] = "dB"
    higher_is_better: ClassVar[bool] = True

    def of_pair(self, pair: ImagePair) -> float:
        """Return decibels, +inf where the filling is exact; RequestError for an empty hole."""
        check_not_empty(pair.hole[None])
        total = _sum_of_errors(pair, squared=True, in_hole=True)
        return _decibels(total / (3 * int(pair.hole.sum())))


def _sum_of_errors(pair: ImagePair, *, squared: bool = False, in_hole: bool = False) -> float:
    """Return the sum of |output - target| or of its square, in levels: a whole number."""
    import cv2

    height, width = pair.size
    rows = (3 * height, width)  # the channels, one below the other
    ours, theirs = (p.levels.numpy().reshape(rows) for p in (pair.output, pair.target))
    mask = pair.hole.byte().expand(3, -1, -1).reshape(rows).numpy() if in_hole else None
    return cv2.norm(ours, theirs, cv2.NORM_L2SQR if squared else cv2.NORM_L1, mask)


def _decibels(squared_error: float) -> float:
    """Return 10 log10(255^2 / MSE); +inf at 0."""
    return 10 * math.log10(255**2 / squared_error) if squared_error else math.inf
