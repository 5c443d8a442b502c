"""PatchMatch: the plug-in and its parameters; the algorithm is in the sibling modules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from bench.api import Inpaint, RequestError

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class PatchMatch:
    """Patch matching, coarse to fine (Barnes et al. 2009, Wexler et al. 2007).

    patch: side of a patch in pixels, 2 to 15; smaller ones where the known pixels hold none.
    levels: sizes at which patches are matched, at most; None: as many as leave enough sources.
    iterations: rounds of search and vote at the finest level; three times as many at coarser ones,
    six times at the first; a level that settles ends sooner.
    locality: mean squared difference that an offset of the image's longer side is worth; 0 takes
    the most similar patch however far it is.

    Runs on the CPU, on as many threads as $NUMBA_NUM_THREADS says (default: all cores); the result
    does not depend on their number.
    """

    name: ClassVar[str] = "patchmatch"
    version: ClassVar[str] = "1"
    multiple_of: ClassVar[int] = 1
    single_threaded: ClassVar[bool] = True
    exact: ClassVar[bool] = True
    patch: int = 5
    levels: int | None = None
    iterations: int = 2
    locality: float = 2000.0

    def __post_init__(self) -> None:
        if not 2 <= self.patch <= 15:
            raise RequestError(f"patch={self.patch} is not in 2..15 pixels")
        if self.levels is not None and self.levels < 1:
            raise RequestError(f"levels={self.levels} is not at least 1; none means automatic")
        if not 1 <= self.iterations <= 100:
            raise RequestError(f"iterations={self.iterations} is not in 1..100")
        if not 0 <= self.locality <= 65025:
            raise RequestError(f"locality={self.locality} is not in [0, 65025] squared levels")

    def load(self, device: str) -> Inpaint:
        """Compile the kernels, or take them from numba's cache; it runs on the CPU in any case."""
        import numba
        import numpy as np
        import torch

        from bench.api.imaging import to_tensor, to_uint8
        from methods.patchmatch.complete import Settings, complete

        numba_config: Any = numba.config
        settings = Settings(self.patch, self.levels, self.iterations, self.locality)
        compiling = np.zeros((48, 48), bool)
        compiling[8:40, 20:28] = True
        complete(np.zeros((48, 48, 3), np.uint8), compiling, 0, settings)

        def inpaint(
            visible: torch.Tensor, hole: torch.Tensor, seeds: Sequence[int]
        ) -> torch.Tensor:
            filled = []
            for image, missing, seed in zip(visible, hole, seeds, strict=True):
                rgb = to_uint8(image).permute(1, 2, 0).contiguous().cpu().numpy()
                holes = missing[0].cpu().numpy()
                threads = numba_config.NUMBA_NUM_THREADS
                filled.append(to_tensor(complete(rgb, holes, seed, settings, threads=threads)))
            return torch.stack(filled).to(visible.device)

        return inpaint

    def explain_size(self) -> int:
        """Return a side at which there are several levels."""
        return 256

    def explain(self, image: torch.Tensor, hole: torch.Tensor, seed: int, out: Path) -> None:
        """Draw every level's estimate, field and result (PNG)."""
        from methods.patchmatch.complete import Settings
        from methods.patchmatch.explain import draw

        settings = Settings(self.patch, self.levels, self.iterations, self.locality)
        draw(image, hole, seed, out, settings)
