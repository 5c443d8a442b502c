"""Metrics of single images, as a worker computes them: few targets, each with all its outputs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import torch

from bench import plugins
from bench.api import ImageMetric, ScoresPairs, imaging
from bench.api.memory import keep_freed_memory
from bench.api.pairs import ImagePair, Picture
from bench.scoring.sets import read_hole
from bench.store.scores import Score

# Outputs that a worker scores between reports, and the most of one target.
CHUNK, MOST = 8, 64


@dataclass(frozen=True)
class Triple:
    """The three PNGs of one completion."""

    name: str
    output: Path
    target: Path
    hole: Path
    sha256: str
    target_sha256: str


@dataclass(frozen=True)
class Lacking:
    """A completion of a run and the metrics that it lacks.

    run: the number of its run among those that are scored together.
    """

    run: int
    triple: Triple
    metrics: tuple[str, ...]


@dataclass(frozen=True)
class Chunk:
    """Completions to score, those of one target together.  device: where networks run."""

    lacking: tuple[Lacking, ...]
    device: str = "cpu"


def chunks(lacking: Iterable[Lacking], device: str = "cpu") -> Iterator[Chunk]:
    """Cut what is to be scored into chunks; outputs with the same target come together."""
    by_target: dict[str, list[Lacking]] = {}
    for item in lacking:
        by_target.setdefault(item.triple.target_sha256, []).append(item)
    chunk: list[Lacking] = []
    for group in by_target.values():
        for start in range(0, len(group), MOST):
            chunk += group[start : start + MOST]
            if len(chunk) >= CHUNK:
                yield Chunk(tuple(chunk), device)
                chunk = []
    if chunk:
        yield Chunk(tuple(chunk), device)


def score_chunk(chunk: Chunk) -> list[tuple[int, Score]]:
    """Return (run, score) of all that a chunk lacks, computed on one thread.

    An output's scores do not depend on its place or on the other outputs.
    """
    torch.set_num_threads(1)
    keep_freed_memory()
    names = dict.fromkeys(name for item in chunk.lacking for name in item.metrics)
    metrics = {name: cast(ImageMetric, plugins.metric(name)) for name in names}
    pairs = _read(chunk.lacking)
    scores = []
    for name, metric in metrics.items():
        chosen = [i for i, item in enumerate(chunk.lacking) if name in item.metrics]
        values = score_pairs(metric, [pairs[i] for i in chosen], chunk.device)
        for i, value in zip(chosen, values, strict=True):
            item = chunk.lacking[i]
            score = Score(item.triple.name, item.triple.sha256, name, metric.version, value)
            scores.append((item.run, score))
    return scores


def score_pairs(
    metric: ImageMetric, pairs: Sequence[ImagePair], device: str = "cpu"
) -> list[float]:
    """Return a metric's number of each pair; one without `of_pairs` is called for each alone."""
    if isinstance(metric, ScoresPairs):
        return metric.of_pairs(pairs, device)
    return [float(metric(*pair.tensors)[0]) for pair in pairs]


def _read(lacking: Sequence[Lacking]) -> list[ImagePair]:
    """Read the PNGs; a target and a hole that several outputs share are decoded once."""
    targets: dict[str, Picture] = {}
    holes: dict[Path, torch.Tensor] = {}
    pairs = []
    for triple in (item.triple for item in lacking):
        if triple.target_sha256 not in targets:
            targets[triple.target_sha256] = _picture(triple.target)
        if triple.hole not in holes:
            holes[triple.hole] = read_hole(triple.hole)
        target = targets[triple.target_sha256]
        pairs.append(ImagePair(_picture(triple.output), target, holes[triple.hole]))
    return pairs


def _picture(path: Path) -> Picture:
    return Picture(imaging.decode_png(path.read_bytes()))
