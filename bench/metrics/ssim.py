"""Structural similarity (Wang et al. 2004), with a Gaussian and with a uniform window."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, ClassVar, cast

from bench.api.pairs import ImagePair, Picture
from bench.metrics.levels import check_side
from bench.metrics.pairwise import Pairwise

if TYPE_CHECKING:
    import numpy as np

RADIUS = 5
SIGMA = 1.5
SIDE = 7  # of the uniform window
# C1 = (K1 L)^2 and C2 = (K2 L)^2 with K1 = 0.01, K2 = 0.03, L = 255.
C1 = (0.01 * 255) ** 2
C2 = (0.03 * 255) ** 2


@dataclass(frozen=True)
class SSIM(Pairwise):
    """Structural similarity (Wang et al. 2004), Gaussian window 11, sigma 1.5, mean over RGB.

    Population covariances, data range 255, as scikit-image's `structural_similarity` with
    `gaussian_weights=True, sigma=1.5, use_sample_covariance=False`.  Windows that leave the image
    are not used: the map's outer 5 pixels are cropped, and errors near the border are seen by few
    windows, so at 32x32 much of the image is nearly unseen.
    """

    name: ClassVar[str] = "ssim"
    version: ClassVar[str] = "1"
    unit: ClassVar[str] = ""
    higher_is_better: ClassVar[bool] = True

    def of_pair(self, pair: ImagePair) -> float:
        """Return the similarity, in [-1, 1]; raises RequestError below 11x11 pixels."""
        check_side(pair.hole, 2 * RADIUS + 1, "SSIM's window is 11x11")
        return _similarity(pair, _gaussian)


@dataclass(frozen=True)
class SSIMUniform(Pairwise):
    """Structural similarity, uniform window 7x7, sample covariances, mean over RGB.

    As scikit-image's `structural_similarity` with its defaults, data range 255: what AOT-GAN's
    evaluation script calls SSIM.  The map's outer 3 pixels are cropped.
    """

    name: ClassVar[str] = "ssim_uniform"
    version: ClassVar[str] = "1"
    unit: ClassVar[str] = ""
    higher_is_better: ClassVar[bool] = True

    def of_pair(self, pair: ImagePair) -> float:
        """Return the similarity, in [-1, 1]; raises RequestError below 7x7 pixels."""
        check_side(pair.hole, SIDE, "the uniform SSIM's window is 7x7")
        return _similarity(pair, _uniform, SIDE**2 / (SIDE**2 - 1))


Windowed = Callable[["np.ndarray"], "np.ndarray"]


def _similarity(pair: ImagePair, windowed: Windowed, unbiased: float = 1.0) -> float:
    """Return the mean over channels and places of the SSIM map (Wang et al. 2004, eq. 13).

    windowed: takes the weighted mean around each pixel whose window fits.  unbiased: factor from a
    window's population covariances to those that are used.
    """
    planes = zip(pair.output.planes, pair.target.planes, strict=True)
    means = zip(_means(pair.output, windowed), _means(pair.target, windowed), strict=True)
    total = 0.0
    for (x, y), (mx, my) in zip(planes, means, strict=True):
        # vx and vy occur in their sum alone, so one window's mean gives both.
        squares, product = mx * mx + my * my, mx * my
        variances = unbiased * (windowed(x * x + y * y) - squares)
        covariance = unbiased * (windowed(x * y) - product)
        luminance = (2 * product + C1) / (squares + C1)
        total += float((luminance * (2 * covariance + C2) / (variances + C2)).mean())
    return total / 3


def _means(picture: Picture, windowed: Windowed) -> list[np.ndarray]:
    """Return the windowed mean of each channel, kept for other pairs with the same picture."""
    if windowed not in picture.kept:
        picture.kept[windowed] = [windowed(plane) for plane in picture.planes]
    return cast("list[np.ndarray]", picture.kept[windowed])


def _gaussian(x: np.ndarray) -> np.ndarray:
    """Return the Gaussian-weighted mean around each pixel whose window fits, separably."""
    import cv2

    whole = cv2.sepFilter2D(x, cv2.CV_64F, _window(), _window())
    return whole[RADIUS:-RADIUS, RADIUS:-RADIUS]


@cache
def _window() -> np.ndarray:
    """Return the weights of the Gaussian window along one side, float64 (11,)."""
    import numpy as np

    distance = np.arange(-RADIUS, RADIUS + 1, dtype=np.float64)
    window = np.exp(-(distance**2) / (2 * SIGMA**2))
    return cast("np.ndarray", window / window.sum())


def _uniform(x: np.ndarray) -> np.ndarray:
    """Return the mean of the SIDE x SIDE pixels around each pixel whose window fits."""
    import cv2

    whole = cv2.boxFilter(x, cv2.CV_64F, (SIDE, SIDE))
    margin = SIDE // 2
    return whole[margin:-margin, margin:-margin]
