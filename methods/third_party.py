"""Other people's PatchMatch packages, for comparison: the extra `.[peers]`."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from bench.api import Inpaint, RequestError

if TYPE_CHECKING:
    import numpy as np
    import torch


@dataclass(frozen=True)
class PyPatchMatch:
    """PyPatchMatch 2 (C++, MIT), an optional peer: pip install '.[peers]'.

    radius: pixels; the package's `patch_size`: a patch's side is 2 radius + 1; its examples use 3.
    """

    name: ClassVar[str] = "pypatchmatch"
    version: ClassVar[str] = "1"
    multiple_of: ClassVar[int] = 1
    single_threaded: ClassVar[bool] = True
    exact: ClassVar[bool] = True
    radius: int = 3

    def __post_init__(self) -> None:
        if not 1 <= self.radius <= 31:
            raise RequestError(f"radius={self.radius} is not in 1..31 pixels")

    def load(self, device: str) -> Inpaint:
        """Return the package's method; it runs on the CPU, and RGB or BGR make no difference."""
        package = _package("patchmatch", "pypatchmatch")

        def fill(rgb: np.ndarray, hole: np.ndarray, seed: int) -> np.ndarray:
            package.set_random_seed(seed % 2**32)
            filled: np.ndarray = package.inpaint(rgb, hole, patch_size=self.radius)
            return filled

        return _per_image(fill)


@dataclass(frozen=True)
class PatchMatchCython:
    """patchmatch-cython (Cython, BSD), an optional peer: pip install '.[peers]'.

    patch: side of a patch in pixels, odd; 5 is the package's default.
    """

    name: ClassVar[str] = "patchmatch-cython"
    version: ClassVar[str] = "1"
    multiple_of: ClassVar[int] = 1
    single_threaded: ClassVar[bool] = True
    exact: ClassVar[bool] = True
    patch: int = 5

    def __post_init__(self) -> None:
        if self.patch % 2 == 0 or not 3 <= self.patch <= 31:
            raise RequestError(f"patch={self.patch} is not an odd number in 3..31 pixels")

    def load(self, device: str) -> Inpaint:
        """Return the package's method; it runs on the CPU, and RGB or BGR make no difference."""
        package = _package("patchmatch_cython", "patchmatch-cython")

        def fill(rgb: np.ndarray, hole: np.ndarray, seed: int) -> np.ndarray:
            filled: np.ndarray = package.inpaint_pyramid(
                rgb, hole, patch_size=self.patch, seed=seed % 2**32
            )
            return filled

        return _per_image(fill)


def _package(module: str, distribution: str) -> Any:
    """Import an optional package; RequestError names the extra when it is missing."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise RequestError(
            f"The package {distribution} is not installed ({error}): pip install '.[peers]'"
        ) from error


def _per_image(fill: Callable[[np.ndarray, np.ndarray, int], np.ndarray]) -> Inpaint:
    """Wrap fill(uint8 (H, W, 3) RGB, bool (H, W), True = hole, seed) -> uint8 (H, W, 3)."""
    import torch

    from bench.api.imaging import to_tensor, to_uint8

    def inpaint(visible: torch.Tensor, hole: torch.Tensor, seeds: Sequence[int]) -> torch.Tensor:
        filled = []
        for image, missing, seed in zip(visible, hole, seeds, strict=True):
            rgb = to_uint8(image).permute(1, 2, 0).contiguous().cpu().numpy()
            filled.append(to_tensor(fill(rgb, missing[0].cpu().numpy(), seed)))
        return torch.stack(filled).to(visible.device)

    return inpaint
