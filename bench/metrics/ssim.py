"""Structural similarity (Wang et al. 2004) in its Gaussian-window form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from bench.metrics.levels import check_side, level_pairs

if TYPE_CHECKING:
    import torch

RADIUS = 5
SIGMA = 1.5
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
        return torch.stack([_ssim_map(x[:, None], y[:, None]).mean() for x, y in pairs])


def _ssim_map(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """Return the SSIM map (Wang et al. 2004, eq. 13), (C, 1, H - 10, W - 10).

    x, y: float64 (C, 1, H, W), levels in [0, 255].
    """
    mx, my = _windowed(x), _windowed(y)
    vx, vy = _windowed(x * x) - mx * mx, _windowed(y * y) - my * my
    vxy = _windowed(x * y) - mx * my
    luminance = (2 * mx * my + C1) / (mx * mx + my * my + C1)
    return luminance * (2 * vxy + C2) / (vx + vy + C2)


def _windowed(x: torch.Tensor) -> torch.Tensor:
    """Return the Gaussian-weighted mean around each pixel whose window fits, separably."""
    import torch
    from torch.nn.functional import conv2d

    distance = torch.arange(-RADIUS, RADIUS + 1, dtype=x.dtype)
    window = (-(distance**2) / (2 * SIGMA**2)).exp()
    window = window / window.sum()
    return conv2d(conv2d(x, window.view(1, 1, 1, -1)), window.view(1, 1, -1, 1))
