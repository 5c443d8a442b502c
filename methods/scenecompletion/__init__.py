"""Scene completion from a gallery of photographs: the plug-in and its parameters."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from bench.api import Completion, Inpaint, Json, RequestError

if TYPE_CHECKING:
    import numpy as np
    import torch

    from methods.scenecompletion.build import BuildReport
    from methods.scenecompletion.complete import Completer, PartResult, Result

DEFAULT_GALLERY = Path(__file__).parent / "data"


@dataclass(frozen=True)
class SceneCompletion:
    """Scene completion from a gallery of photographs (Hays and Efros 2007).

    gallery: a folder made by `bench gallery build`; None is the small gallery that ships.
    rank: 1 takes the best completion, 2 the second best, up to 20.
    candidates: scenes retrieved by descriptor and then placed.
    exclude_copies: leave out every source photograph that shows the query's own scene, at another
    crop and scale and mirrored too, as far as the known pixels say; with a gallery that is disjoint
    from the queries and full of near-equals (Fashion-MNIST's training set), false keeps the
    look-alikes in.
    """

    name: ClassVar[str] = "scenecompletion"
    version: ClassVar[str] = "3"
    multiple_of: ClassVar[int] = 1
    single_threaded: ClassVar[bool] = True
    exact: ClassVar[bool] = True
    seeded: ClassVar[bool] = False
    positional: ClassVar[str] = "gallery"
    gallery: Path | None = None
    rank: int = 1
    candidates: int = 200
    exclude_copies: bool = True

    def __post_init__(self) -> None:
        if not 1 <= self.rank <= 20:
            raise RequestError(f"rank={self.rank} is not in 1..20")
        if not self.rank <= self.candidates <= 100_000:
            raise RequestError(f"candidates={self.candidates} is not in rank={self.rank}..100000")

    def assets(self) -> Mapping[str, str]:
        """Return the gallery's content sha256 under a name that holds its size.

        Raises RequestError when the gallery cannot be used.
        """
        from methods.scenecompletion.gallery import read_seal

        seal = read_seal(self.gallery or DEFAULT_GALLERY)
        return {f"gallery of {seal.scenes} scenes": seal.sha256}

    def load(self, device: str) -> Inpaint:
        """Open the gallery; it runs on the CPU whatever the device."""
        import torch

        completer = self._completer()
        size = len(completer.gallery.photographs)

        def inpaint(visible: torch.Tensor, hole: torch.Tensor, seeds: Sequence[int]) -> Completion:
            images, notes = [], []
            for image, missing in zip(visible, hole, strict=True):
                rgb = image.permute(1, 2, 0).contiguous().numpy()
                result = completer.complete(rgb, missing[0].numpy())
                images.append(torch.from_numpy(result.image).permute(2, 0, 1).contiguous())
                notes.append({"gallery_size": size, **_notes(result)})
            return Completion(torch.stack(images), notes)

        return inpaint

    @classmethod
    def build_gallery(
        cls,
        photographs: Path | Iterable[tuple[str, str, np.ndarray]],
        out: Path,
        *,
        side: int,
        on_progress: Callable[[int, int | None], None],
    ) -> BuildReport:
        """Build a gallery in `out` that the parameter `gallery` takes, or go on there."""
        from methods.scenecompletion.build import build

        return build(photographs, out, side=side, on_progress=on_progress)

    def explain_size(self) -> int:
        """Return a side at which the scenes' contents can be seen."""
        return 256

    def explain(self, image: torch.Tensor, hole: torch.Tensor, seed: int, out: Path) -> None:
        """Draw the scenes that were retrieved, the placement, the seam and the blending (PNG)."""
        from bench.api.imaging import hide
        from methods.scenecompletion.explain import draw

        draw(hide(image[None], hole[None])[0], hole, self._completer(), out)

    def _completer(self) -> Completer:
        from methods.scenecompletion.complete import Completer
        from methods.scenecompletion.gallery import open_gallery

        gallery = open_gallery(self.gallery or DEFAULT_GALLERY)
        return Completer(gallery, self.candidates, self.rank, self.exclude_copies)


def _notes(result: Result) -> dict[str, Json]:
    """Return what the record keeps of a completion."""
    return {
        "excluded_sources": list(result.excluded),
        "upscaled": any(part.chosen.upscaled > 1 for part in result.parts),
        "parts": [_part_notes(part) for part in result.parts],
    }


def _part_notes(part: PartResult) -> dict[str, Json]:
    chosen = part.chosen
    return {
        "scene": chosen.scene.photograph.id,
        "source": chosen.scene.photograph.source,
        "box": list(chosen.scene.box),
        "scale": round(chosen.scale, 4),
        "upscaled": round(chosen.upscaled, 4) if chosen.upscaled > 1 else None,
        "top": chosen.top,
        "left": chosen.left,
        "costs": {
            name: round(cost, 4)
            for name, cost in zip(("scene", "context", "texture", "cut"), chosen.costs, strict=True)
        },
        "seam_cost": part.seam.cost,
        "straight_cost": part.seam.straight,
    }
