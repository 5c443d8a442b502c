"""Galleries of photographs, built from folders or datasets: the wiring behind the command."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from bench import plugins
from bench.api import BuildsGallery, Dataset, GalleryReport, RequestError, imaging

if TYPE_CHECKING:
    import numpy as np


def build(
    source: Path | None,
    dataset: str | None,
    out: Path,
    *,
    side: int,
    on_progress: Callable[[int, int], None],
) -> GalleryReport:
    """Build a gallery for the method that completes from one.

    Raises RequestError unless exactly one source is given and usable.
    """
    if (source is None) == (dataset is None):
        raise RequestError("Give a folder of photographs, or --dataset NAME, and not both.")
    if source is not None:
        if not source.is_dir():
            raise RequestError(f"{source}: no such folder; give a folder of photographs.")
        return _builder().build_gallery(source, out, side=side, on_progress=_known(on_progress, 0))
    loaded = plugins.dataset(str(dataset))
    total = len(loaded.ids())
    return _builder().build_gallery(
        _items(loaded), out, side=side, on_progress=_known(on_progress, total)
    )


def _builder() -> type[BuildsGallery]:
    """Return the first registered method that completes from a gallery."""
    name = plugins.offering("method", BuildsGallery)[0]
    builder: type[BuildsGallery] = plugins.find_class("method", name)[0]
    return builder


def _items(dataset: Dataset) -> Iterator[tuple[str, str, np.ndarray]]:
    """Yield (id, source, uint8 (H, W, 3)) of a dataset's images."""
    for image_id in dataset.ids():
        pixels = imaging.to_uint8(dataset.load(image_id)).permute(1, 2, 0).contiguous().numpy()
        yield image_id, dataset.source(image_id), pixels


def _known(
    on_progress: Callable[[int, int], None], total: int
) -> Callable[[int, int | None], None]:
    return lambda done, of: on_progress(done, of or total or done)
