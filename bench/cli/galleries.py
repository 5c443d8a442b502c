"""Galleries for scenecompletion, built from folders or datasets: the wiring behind the command."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from bench import plugins
from bench.api import Dataset, RequestError, imaging

if TYPE_CHECKING:
    import numpy as np

    from methods.scenecompletion.build import BuildReport


def build(
    source: Path | None,
    dataset: str | None,
    out: Path,
    *,
    side: int,
    on_progress: Callable[[int, int], None],
) -> BuildReport:
    """Build a gallery; raises RequestError unless exactly one source is given and usable."""
    from methods.scenecompletion.build import build as build_gallery

    if (source is None) == (dataset is None):
        raise RequestError("Give a folder of photographs, or --dataset NAME, and not both.")
    if source is not None:
        if not source.is_dir():
            raise RequestError(f"{source}: no such folder; give a folder of photographs.")
        return build_gallery(source, out, side=side, on_progress=_known(on_progress, 0))
    loaded = plugins.dataset(str(dataset))
    total = len(loaded.ids())
    return build_gallery(_items(loaded), out, side=side, on_progress=_known(on_progress, total))


def describe(out: Path) -> str:
    """Return a line about a built gallery: where, how many scenes, its hash."""
    from methods.scenecompletion.gallery import read_seal

    seal = read_seal(out)
    return f"{out}: scenes {seal.scenes}, photographs {seal.photographs}, sha256 {seal.sha256}"


def _items(dataset: Dataset) -> Iterator[tuple[str, str, np.ndarray]]:
    """Yield (id, source, uint8 (H, W, 3)) of a dataset's images."""
    for image_id in dataset.ids():
        pixels = imaging.to_uint8(dataset.load(image_id)).permute(1, 2, 0).contiguous().numpy()
        yield image_id, dataset.source(image_id), pixels


def _known(
    on_progress: Callable[[int, int], None], total: int
) -> Callable[[int, int | None], None]:
    return lambda done, of: on_progress(done, of or total or done)
