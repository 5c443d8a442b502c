"""Structural similarity (Wang et al. 2004), with a Gaussian and with a uniform window."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from bench.metrics.levels import check_side, level_pairs

if TYPE_CHECKING:
    from collections.abc import Callable

    import torch

RADIUS = 5
SIGMA = 1.5
SIDE = 7  # of the uniform window
# C1 = (K1 L)^2 and C2 = (K2 L)^2 with K1 = 0.01, K2 = 0.03, L = 255.
C1 = (0.01 * 255) ** 2
C2 = (0.03 * 255) ** 2


@dataclass(frozen=True)
class SSIM:
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

    def __call__(
        self, output: torch.Tensor, target: torch.Tensor, hole: torch.Tensor
    ) -> torch.Tensor:
        """Return float64 (N,), in [-1, 1]; raises RequestError below 11x11 pixels."""
        import torch

        ours, theirs = level_pairs(output, target, hole)
        check_side(output, 2 * RADIUS + 1, "SSIM's window is 11x11")
        pairs = zip(ours.double(), theirs.double(), strict=True)
        return torch.stack([_ssim_map(x[:, None], y[:, None], _gaussian).mean() for x, y in pairs])


@dataclass(frozen=True)
class SSIMUniform:
    """Structural similarity, uniform window 7x7, sample covariances, mean over RGB.

    As scikit-image's `structural_similarity` with its defaults, data range 255: what AOT-GAN's
    evaluation script calls SSIM.  The map's outer 3 pixels are cropped.
    """

    name: ClassVar[str] = "ssim_uniform"
    version: ClassVar[str] = "1"
    unit: ClassVar[str] = ""
    higher_is_better: ClassVar[bool] = True

    def __call__(
        self, output: torch.Tensor, target: torch.Tensor, hole: torch.Tensor
    ) -> torch.Tensor:
        """Return float64 (N,), in [-1, 1]; raises RequestError below 7x7 pixels."""
        import torch

        ours, theirs = level_pairs(output, target, hole)
        check_side(output, SIDE, "the uniform SSIM's window is 7x7")
        pairs = zip(ours.double(), theirs.double(), strict=True)
        unbiased = SIDE**2 / (SIDE**2 - 1)
        maps = [_ssim_map(x[:, None], y[:, None], _uniform, unbiased) for x, y in pairs]
        return torch.stack([similarity.mean() for similarity in maps])


def _ssim_map(
    x: torch.Tensor,
    y: torch.Tensor,
    windowed: Callable[[torch.Tensor], torch.Tensor],
    unbiased: float = 1.0,
) -> torch.Tensor:
    """Return the SSIM map (Wang et al. 2004, eq. 13) where the window fits, (C, 1, H', W').

    x, y: float64 (C, 1, H, W), levels in [0, 255].  windowed: takes the weighted mean around each
    pixel.  unbiased: factor from a window's population covariances to those that are used.
    """
    mx, my = windowed(x), windowed(y)
    vx, vy = unbiased * (windowed(x * x) - mx * mx), unbiased * (windowed(y * y) - my * my)
    vxy = unbiased * (windowed(x * y) - mx * my)
    luminance = (2 * mx * my + C1) / (mx * mx + my * my + C1)
    return luminance * (2 * vxy + C2) / (vx + vy + C2)


def _gaussian(x: torch.Tensor) -> torch.Tensor:
    """Return the Gaussian-weighted mean around each pixel whose window fits, separably."""
    import torch
    from torch.nn.functional import conv2d

    distance = torch.arange(-RADIUS, RADIUS + 1, dtype=x.dtype)
    window = (-(distance**2) / (2 * SIGMA**2)).exp()
    window = window / window.sum()
    return conv2d(conv2d(x, window.view(1, 1, 1, -1)), window.view(1, 1, -1, 1))


def _uniform(x: torch.Tensor) -> torch.Tensor:
    """Return the mean of the SIDE x SIDE pixels around each pixel whose window fits."""
    from torch.nn.functional import avg_pool2d

    return avg_pool2d(x, SIDE, stride=1)
