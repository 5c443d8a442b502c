"""Scores that are not of one output: one per run (FID, KID, ...), or one per image's samples."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

import torch

from bench import plugins
from bench.api import (
    ComparesFeatures,
    ComputesOnDevice,
    PosteriorMetric,
    RequestError,
    SampleMetric,
    SetMetric,
    imaging,
)
from bench.api.memory import keep_freed_memory
from bench.execute import Executor
from bench.scoring.arrived import arrived
from bench.scoring.summary import set_entry
from bench.store.directory import RunDirectory
from bench.store.record import Record
from bench.store.summary import SetEntry

if TYPE_CHECKING:
    import numpy as np

# Images whose features a worker computes between reports: some 8 s at 8 images per second.
PART = 64


class Pair(Protocol):
    """The PNGs of one completion and its target, and the sha256 of the two files."""

    @property
    def output(self) -> Path: ...  # noqa: D102

    @property
    def target(self) -> Path: ...  # noqa: D102

    @property
    def sha256(self) -> str: ...  # noqa: D102

    @property
    def target_sha256(self) -> str: ...  # noqa: D102


class PngSet:
    """PNGs on disk as the ImageSet of the metrics.

    files: the path of each PNG, and the sha256 that the run recorded of it.
    """

    def __init__(self, files: Iterable[tuple[Path, str]]) -> None:
        self._files = list(files)

    @property
    def content_hash(self) -> str:
        """sha256 over the recorded sha256 of the files, in order; reads no file."""
        digest = hashlib.sha256()
        for _, sha256 in self._files:
            digest.update(bytes.fromhex(sha256))
        return digest.hexdigest()

    def __len__(self) -> int:
        return len(self._files)

    def __iter__(self) -> Iterator[torch.Tensor]:
        """Yield the images as uint8 (3, H, W); RequestError for a file that was changed."""
        for path, sha256 in self._files:
            data = path.read_bytes()
            if hashlib.sha256(data).hexdigest() != sha256:
                raise RequestError(
                    f"{path} is not the file that the run wrote. Run it again: what is damaged "
                    "is made again."
                )
            yield imaging.decode_png(data)

    def parts(self) -> list[PngSet]:
        """Return the set in parts of PART images."""
        starts = range(0, len(self._files), PART)
        return [PngSet(self._files[start : start + PART]) for start in starts]


@dataclass(frozen=True)
class _Part:
    """A part of a set whose features a metric lacks.  device: where its network runs."""

    metric: str
    images: PngSet
    device: str = "cpu"


def score_sets(
    pairs: Sequence[Pair],
    metrics: Sequence[str],
    kept: Mapping[str, SetEntry],
    executor: Executor,
    on_progress: Callable[[int, int], None],
    device: str = "cpu",
) -> dict[str, SetEntry]:
    """Return the summary entries of metrics with one number per run; those in `kept` still hold.

    Features of single images are computed by the executor's workers, a part of a set at a time.
    device: where networks run.
    """
    outputs = PngSet((pair.output, pair.sha256) for pair in pairs)
    targets = PngSet((pair.target, pair.target_sha256) for pair in pairs)
    entries = dict(kept)
    for name in metrics:
        if name not in entries:
            metric = cast(SetMetric, plugins.metric(name))
            if isinstance(metric, ComparesFeatures):
                lacking = _lacking(name, metric, (outputs, targets), device)
                _compute_features(metric, *lacking, executor, on_progress)
            entries[name] = set_entry(metric, metric.over_sets(outputs, targets), len(pairs))
    return entries


def _lacking(
    name: str, metric: ComparesFeatures, sets: Sequence[PngSet], device: str
) -> tuple[list[_Part], int]:
    """Return the parts of sets whose features a metric lacks, and the number of all images."""
    parts = [part for images in sets for part in images.parts()]
    lacking = [_Part(name, part, device) for part in parts if not metric.has_features(part)]
    return lacking, sum(map(len, parts))


def _compute_features(
    metric: ComparesFeatures,
    lacking: Sequence[_Part],
    total: int,
    executor: Executor,
    on_progress: Callable[[int, int], None],
) -> None:
    """Let the workers compute what the metric lacks; what is finished outlives this process."""
    left = sum(len(part.images) for part in lacking)
    for part, features in executor.map(_features_of, lacking, timeout=lambda _: None):
        metric.keep_features(part.images, arrived(features))
        left -= len(part.images)
        on_progress(total - left, total)


def _features_of(part: _Part) -> np.ndarray:
    """Return the features of a part, computed on one thread, or on another device."""
    torch.set_num_threads(1)
    keep_freed_memory()
    metric = cast(ComparesFeatures, plugins.metric(part.metric))
    if part.device == "cpu" or not isinstance(metric, ComputesOnDevice):
        return metric.features_of(part.images)
    return metric.features_on(part.images, part.device)


def sample_scores(
    directory: RunDirectory, metric: SampleMetric | PosteriorMetric, done: Sequence[Record]
) -> dict[str, float]:
    """Return image id -> the metric over that image's samples; RequestError below two samples."""
    torch.set_num_threads(1)
    samples: dict[str, list[Path]] = {}
    for record in done:
        path = directory.image_path("output", record.id)
        samples.setdefault(record.image_id, []).append(path)
    scores = {}
    for image_id, paths in samples.items():
        images = torch.stack([read_image(path) for path in paths])
        if isinstance(metric, SampleMetric):
            scores[image_id] = float(metric.over_samples(images))
            continue
        target = read_image(directory.image_path("target", image_id))
        hole = read_hole(directory.image_path("hole", image_id))
        scores[image_id] = float(metric.over_posterior(images, target, hole))
    return scores


def read_hole(path: Path) -> torch.Tensor:
    """Return a PNG as bool (1, H, W), True = missing."""
    return imaging.as_hole(imaging.decode_hole(path.read_bytes()))


def read_image(path: Path) -> torch.Tensor:
    """Return a PNG as float32 (3, H, W) in [0, 1]."""
    return imaging.decode_png(path.read_bytes()).float() / 255
