"""Scores that are not of one output: one per run (FID, KID, ...), or one per image's samples."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Protocol, cast

import torch

from bench import plugins
from bench.api import PosteriorMetric, RequestError, SampleMetric, SetMetric, imaging
from bench.scoring.summary import set_entry
from bench.store.directory import RunDirectory
from bench.store.record import Record
from bench.store.summary import SetEntry


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

    def __init__(
        self, files: Iterable[tuple[Path, str]], on_image: Callable[[], None] = lambda: None
    ) -> None:
        self._files = list(files)
        self._on_image = on_image

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
            self._on_image()


def score_sets(
    pairs: Sequence[Pair],
    metrics: Sequence[str],
    kept: Mapping[str, SetEntry],
    on_progress: Callable[[int, int], None],
) -> dict[str, SetEntry]:
    """Return the summary entries of metrics with one number per run; those in `kept` still hold."""
    done = itertools.count(1)

    def on_image() -> None:  # once per output and target, unless cached
        on_progress(next(done), 2 * len(pairs))

    outputs = PngSet(((pair.output, pair.sha256) for pair in pairs), on_image)
    targets = PngSet(((pair.target, pair.target_sha256) for pair in pairs), on_image)
    entries = dict(kept)
    for name in metrics:
        if name not in entries:
            metric = cast(SetMetric, plugins.metric(name))
            entries[name] = set_entry(metric, metric.over_sets(outputs, targets), len(pairs))
    return entries


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
