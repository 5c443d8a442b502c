"""The baselines of every table: diffusion-like methods of OpenCV and scikit-image."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from bench.api import Inpaint, RequestError

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    import torch


@dataclass(frozen=True)
class _OpenCV:
    """What OpenCV's two methods share.  flag: the name of the method's constant in cv2."""

    flag: ClassVar[str]
    multiple_of: ClassVar[int] = 1
    single_threaded: ClassVar[bool] = True
    exact: ClassVar[bool] = True
    seeded: ClassVar[bool] = False
    radius: float = 3.0

    def __post_init__(self) -> None:
        if not 0 < self.radius <= 100:
            raise RequestError(f"radius={self.radius} is not in (0, 100] pixels")

    def load(self, device: str) -> Inpaint:
        """Return the method; it runs on the CPU whatever the device."""
        import cv2

        flag = getattr(cv2, self.flag)
        return _per_image(lambda rgb, hole: cv2.inpaint(rgb, hole, self.radius, flag))

    def explain_size(self) -> int:
        """Return a side at which the fill can be seen."""
        return 256

    def explain(self, image: torch.Tensor, hole: torch.Tensor, seed: int, out: Path) -> None:
        """Draw the front that enters the hole, and what it leaves behind (PNG)."""
        from methods.classical.explain import draw_front

        draw_front(image, hole, self.load("cpu"), out)


@dataclass(frozen=True)
class Telea(_OpenCV):
    """Fast marching inpainting (Telea 2004), OpenCV's.

    radius: pixels; the neighbourhood that each filled pixel is averaged from.
    """

    name: ClassVar[str] = "telea"
    version: ClassVar[str] = "1"
    flag: ClassVar[str] = "INPAINT_TELEA"


@dataclass(frozen=True)
class NavierStokes(_OpenCV):
    """Navier-Stokes inpainting (Bertalmio et al. 2001), OpenCV's.

    radius: pixels; the neighbourhood that each filled pixel is computed from.
    """

    name: ClassVar[str] = "navier-stokes"
    version: ClassVar[str] = "1"
    flag: ClassVar[str] = "INPAINT_NS"


@dataclass(frozen=True)
class Biharmonic:
    """Biharmonic inpainting (Damelin and Hoang 2018), scikit-image's, all regions at once."""

    name: ClassVar[str] = "biharmonic"
    version: ClassVar[str] = "1"
    multiple_of: ClassVar[int] = 1
    single_threaded: ClassVar[bool] = True
    exact: ClassVar[bool] = True
    seeded: ClassVar[bool] = False

    def load(self, device: str) -> Inpaint:
        """Return the method; it runs on the CPU whatever the device."""
        from skimage.restoration import inpaint_biharmonic

        def fill(rgb: np.ndarray, hole: np.ndarray) -> np.ndarray:
            restored = inpaint_biharmonic(rgb / 255.0, hole > 0, channel_axis=-1)
            return (restored * 255).round().clip(0, 255).astype("uint8")

        return _per_image(fill)

    def explain_size(self) -> int:
        """Return a side at which the fill can be seen."""
        return 256

    def explain(self, image: torch.Tensor, hole: torch.Tensor, seed: int, out: Path) -> None:
        """Draw the fill and its biharmonic, which is 0 in the hole (PNG)."""
        from methods.classical.explain import draw_biharmonic

        draw_biharmonic(image, hole, self.load("cpu"), out)


def _per_image(fill: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> Inpaint:
    """Wrap fill(uint8 (H, W, 3) RGB, uint8 (H, W), 255 = hole) -> uint8 (H, W, 3) as an Inpaint."""
    import torch

    from bench.api.imaging import to_tensor, to_uint8

    def inpaint(visible: torch.Tensor, hole: torch.Tensor, seeds: Sequence[int]) -> torch.Tensor:
        filled = []
        for image, missing in zip(visible, hole, strict=True):
            # OpenCV's Telea reads pixels of the hole that it has not filled yet: make them 0.
            pixels = to_uint8(image).masked_fill(missing, 0)
            rgb = pixels.permute(1, 2, 0).contiguous().numpy()
            filled.append(to_tensor(fill(rgb, missing[0].to(torch.uint8).mul(255).numpy())))
        return torch.stack(filled)

    return inpaint
