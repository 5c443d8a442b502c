"""Pictures inside a page: data URIs, each stored once, no more than a page can hold."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypedDict

import numpy as np
from PIL import Image

from bench.api.imaging import decode_hole, read_rgb
from bench.report.grid import FILLING, spread

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from bench.report.boards import Board, Row
    from bench.store.scored_run import ScoredRun

LARGEST = 256
LOSSLESS_TO = 128
# (rows of the comparison, worst and best cases of each method), from most to none.
PLANS = ((6, 3), (4, 2), (4, 1), (3, 1), (2, 1), (1, 1), (3, 0), (2, 0), (1, 0), (0, 0))


class Comparison(TypedDict):
    """Images beside each other: ids, and places in the pool; outputs by the key of the row."""

    ids: list[str]
    target: list[int]
    hole: list[int]
    outputs: dict[str, list[int]]


class Case(TypedDict):
    """One output, its score as text, and places in the pool."""

    id: str
    score: str
    target: int
    hole: int
    output: int


@dataclass
class Pool:
    """Collects pictures; `add` returns the place of a picture in `uris`."""

    uris: list[str] = field(default_factory=list)
    _places: dict[bytes, int] = field(default_factory=dict)

    def add(self, pixels: np.ndarray) -> int:
        """Add uint8 (H, W, 3), shrunk to LARGEST, unless the pool holds the same picture."""
        small = _shrink(pixels)
        key = bytes(str(small.shape), "ascii") + small.tobytes()
        if key not in self._places:
            self._places[key] = len(self.uris)
            self.uris.append(_data_uri(small))
        return self._places[key]


def choose_plan(boards: Sequence[Board], most: int) -> tuple[int, int]:
    """Return how many rows and cases of each board fit into a page of `most` pictures."""
    for rows, cases in PLANS:
        number = sum(rows * (2 + len(b.rows)) + 6 * cases * len(b.rows) for b in boards)
        if number <= most:
            return rows, cases
    return PLANS[-1]


def comparison(board: Board, count: int, pool: Pool) -> Comparison:
    """Return ids, and places of target, hole and each method's outputs for `count` images."""
    runs = {key: row.runs[0] for key, row in enumerate(board.rows) if _has_pictures(row.runs[0])}
    runs = runs if count else {}
    ids = spread(list(runs.values()), count) if runs and _share_images(runs.values()) else []
    first = next(iter(runs.values())) if runs else None
    return {
        "ids": ids,
        "target": [pool.add(read_rgb(first.png("target", i))) for i in ids if first],
        "hole": [pool.add(_hidden(first, i)) for i in ids if first],
        "outputs": {
            str(key): [pool.add(read_rgb(run.png("output", i))) for i in ids]
            for key, run in runs.items()
            if ids
        },
    }


def cases(
    board: Board, row: Row, metric: str, count: int, pool: Pool
) -> dict[str, list[Case]] | None:
    """Return the worst and best images of a method's first seed by `metric`."""
    run = row.runs[0]
    if not count or metric not in run.scores or not _has_pictures(run):
        return None
    up = next(m.higher_is_better for m in board.metrics if m.name == metric)
    scores = run.scores[metric]
    ordered = scores[np.isfinite(scores)].sort_values(ascending=up, kind="stable")
    count = min(count, len(ordered) // 2 or 1)
    return {
        "worst": [_case(run, str(i), ordered[i], pool) for i in ordered.index[:count]],
        "best": [_case(run, str(i), ordered[i], pool) for i in ordered.index[::-1][:count]],
    }


def _case(run: ScoredRun, output_id: str, score: float, pool: Pool) -> Case:
    return {
        "id": output_id,
        "score": f"{score:.4g}",
        "target": pool.add(read_rgb(run.png("target", output_id))),
        "hole": pool.add(_hidden(run, output_id)),
        "output": pool.add(read_rgb(run.png("output", output_id))),
    }


def _hidden(run: ScoredRun, output_id: str) -> np.ndarray:
    target = read_rgb(run.png("target", output_id))
    hole = decode_hole(run.png("hole", output_id).read_bytes())
    return np.where(hole[:, :, None], np.uint8(FILLING[0]), target)


def _has_pictures(run: ScoredRun) -> bool:
    """Return whether a run has its PNGs: it may have been copied without them."""
    return len(run.scores) > 0 and run.png("output", str(run.scores.index[0])).is_file()


def _share_images(runs: Iterable[ScoredRun]) -> bool:
    return bool(set.intersection(*(set(run.scores.index) for run in runs)))


def _shrink(pixels: np.ndarray) -> np.ndarray:
    height, width = pixels.shape[:2]
    scale = LARGEST / max(height, width)
    if scale >= 1:
        return pixels
    side = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(Image.fromarray(pixels).resize(side, Image.Resampling.LANCZOS))


def _data_uri(pixels: np.ndarray) -> str:
    """Encode as WebP: lossless up to LOSSLESS_TO pixels, at quality 90 above."""
    buffer = io.BytesIO()
    exact = max(pixels.shape[:2]) <= LOSSLESS_TO
    # For lossless WebP, quality sets the effort of compression.
    quality = 40 if exact else 90
    Image.fromarray(pixels).save(buffer, "WEBP", lossless=exact, quality=quality, method=2)
    return f"data:image/webp;base64,{base64.b64encode(buffer.getvalue()).decode()}"
