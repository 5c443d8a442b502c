"""Scores that are not of one image: one number a run (FID and kin), one for an image's samples."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Protocol, cast

import torch

from bench import plugins
from bench.api import SampleMetric, SetMetric, imaging
from bench.scoring.summary import set_entry
from bench.store.directory import RunDirectory
from bench.store.record import Record
from bench.store.summary import SetEntry


class Pair(Protocol):
    """The PNGs of one completion and its target."""

    @property
    def output(self) -> Path: ...  # noqa: D102

    @property
    def target(self) -> Path: ...  # noqa: D102


class PngSet:
    """PNGs on disk as the ImageSet of the metrics."""

    def __init__(self, paths: Sequence[Path], on_image: Callable[[], None] = lambda: None) -> None:
        self._paths = list(paths)
        self._on_image = on_image

    @property
    def content_hash(self) -> str:
        """sha256 over the files' sha256, in order."""
        digest = hashlib.sha256()
        for path in self._paths:
            digest.update(hashlib.sha256(path.read_bytes()).digest())
        return digest.hexdigest()

    def __len__(self) -> int:
        return len(self._paths)

    def __iter__(self) -> Iterator[torch.Tensor]:
        for path in self._paths:
            yield imaging.decode_png(path.read_bytes())
            self._on_image()


def score_sets(
    pairs: Sequence[Pair],
    metrics: Sequence[str],
    kept: Mapping[str, SetEntry],
    on_progress: Callable[[int, int], None],
) -> dict[str, SetEntry]:
    """Return the summary entries of metrics that give one number a run; `kept` still hold."""
    done = itertools.count(1)

    def on_image() -> None:  # once an output and once a target, unless their features are cached
        on_progress(next(done), 2 * len(pairs))

    outputs = PngSet([pair.output for pair in pairs], on_image)
    targets = PngSet([pair.target for pair in pairs], on_image)
    entries = dict(kept)
    for name in metrics:
        if name not in entries:
            metric = cast(SetMetric, plugins.metric(name))
            entries[name] = set_entry(metric, metric.over_sets(outputs, targets), len(pairs))
    return entries


def sample_scores(
    directory: RunDirectory, metric: SampleMetric, done: Sequence[Record]
) -> dict[str, float]:
    """Return image id -> the metric over that image's samples; RequestError below two samples."""
    torch.set_num_threads(1)
    samples: dict[str, list[Path]] = {}
    for record in done:
        path = directory.image_path("output", record.id)
        samples.setdefault(record.image_id, []).append(path)
    return {
        image_id: float(metric.over_samples(torch.stack([read_image(p) for p in paths])))
        for image_id, paths in samples.items()
    }


def read_image(path: Path) -> torch.Tensor:
    """Return a PNG as float32 (3, H, W) in [0, 1]."""
    return imaging.decode_png(path.read_bytes()).float() / 255
