"""The pictures of a page: data URIs, each stored once, within the page's limit."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypedDict

import numpy as np
from PIL import Image

from bench.api.imaging import decode_hole, read_rgb
from bench.api.sheet import HOLE_COLOUR
from bench.report.grid_lines import outputs_of, shared_images, spread

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.report.boards import Board, Row
    from bench.store.scored_run import ScoredRun

LARGEST = 256
LOSSLESS_TO = 128
# The bytes that a picture takes: lossless per value, lossy per pixel, and its text.
EXACT_WEIGHT, LOSSY_WEIGHT, PICTURE_WEIGHT = 0.7, 0.3, 400


@dataclass(frozen=True)
class PicturePlan:
    """How many pictures a page carries, and how large.

    rows: images of the comparison.  cases: worst, and as many best, of each method.  side: longest
    side, pixels.  exact: pictures of at most LOSSLESS_TO pixels lose nothing.
    """

    rows: int
    cases: int
    side: int = LARGEST
    exact: bool = True


# From the best plan to none: pictures shrink before there are fewer than eight per mask.
PLANS = (
    PicturePlan(8, 3),
    PicturePlan(8, 2),
    PicturePlan(8, 2, exact=False),
    PicturePlan(8, 1, exact=False),
    *(PicturePlan(8, 1, side, exact=False) for side in (160, 112, 80)),
    *(PicturePlan(rows, 1, 80, exact=False) for rows in (6, 4, 2, 1)),
    PicturePlan(1, 0, 80, exact=False),
)
NOTHING = PicturePlan(0, 0)


class Comparison(TypedDict):
    """Images to compare: ids, and their places in the pool; outputs by the key of the row.

    scores: by the key of the row, the text of each metric for each image.
    """

    ids: list[str]
    target: list[int]
    hole: list[int]
    outputs: dict[str, list[int]]
    scores: dict[str, list[dict[str, str]]]


class Case(TypedDict):
    """One output, its scores as text, and places in the pool."""

    id: str
    score: str
    scores: dict[str, str]
    target: int
    hole: int
    output: int


@dataclass
class Pool:
    """Collects pictures, shrunk to `side`; `add` returns the place of a picture in `uris`."""

    side: int = LARGEST
    exact: bool = True
    uris: list[str] = field(default_factory=list)
    _places: dict[bytes, int] = field(default_factory=dict)

    def add(self, pixels: np.ndarray) -> int:
        """Add uint8 (H, W, 3) unless the pool holds the same picture."""
        small = _shrink(pixels, self.side)
        key = bytes(str(small.shape), "ascii") + small.tobytes()
        if key not in self._places:
            self._places[key] = len(self.uris)
            self.uris.append(_data_uri(small, exact=self.exact))
        return self._places[key]


def choose_plan(boards: Sequence[Board], most: int) -> PicturePlan:
    """Return the best plan for a page no larger than `most` pictures of 64x64 pixels."""
    room = most * (3 * 64**2 * EXACT_WEIGHT + PICTURE_WEIGHT)
    return next((p for p in PLANS if sum(_weight(b, p) for b in boards) <= room), NOTHING)


def _weight(board: Board, plan: PicturePlan) -> float:
    """Return the approximate number of bytes of a board's pictures."""
    side = min(plan.side, board.size or plan.side)
    exact = plan.exact and side <= LOSSLESS_TO
    each = side**2 * (3 * EXACT_WEIGHT if exact else LOSSY_WEIGHT) + PICTURE_WEIGHT
    return each * (plan.rows * (2 + len(board.rows)) + 6 * plan.cases * len(board.rows))


def comparison(board: Board, count: int, pool: Pool) -> Comparison:
    """Return ids, and places of target, hole and each method's outputs for `count` images.

    Of several samples the first is shown.
    """
    runs = {str(k): row.runs[0] for k, row in enumerate(board.rows) if _has_pictures(row.runs[0])}
    if not (count and runs and shared_images(list(runs.values()))):
        return {"ids": [], "target": [], "hole": [], "outputs": {}, "scores": {}}
    ids = spread(list(runs.values()), count)
    names = {key: [outputs_of(run, i, 1)[0] for i in ids] for key, run in runs.items()}
    first, own = next(iter(runs.values())), next(iter(names.values()))
    return {
        "ids": ids,
        "target": _places(first, "target", own, pool),
        "hole": [pool.add(_hidden(first, i)) for i in own],
        "outputs": {key: _places(run, "output", names[key], pool) for key, run in runs.items()},
        "scores": {key: [_scores(board, run, i) for i in names[key]] for key, run in runs.items()},
    }


def _places(run: ScoredRun, kind: str, ids: Sequence[str], pool: Pool) -> list[int]:
    """Return the places of a run's pictures of one kind, "target" or "output"."""
    return [pool.add(read_rgb(run.png(kind, i))) for i in ids]


def _scores(board: Board, run: ScoredRun, output_id: str) -> dict[str, str]:
    """Return metric -> score of one output, of the metrics that score single outputs."""
    names = [m.name for m in board.metrics if m.name in run.scores]
    row = run.scores.loc[output_id]
    return {name: f"{row[name]:.4g}" for name in names}


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
        "worst": [_case(board, run, str(i), metric, pool) for i in ordered.index[:count]],
        "best": [_case(board, run, str(i), metric, pool) for i in ordered.index[::-1][:count]],
    }


def _case(board: Board, run: ScoredRun, output_id: str, metric: str, pool: Pool) -> Case:
    scores = _scores(board, run, output_id)
    return {
        "id": output_id,
        "score": scores[metric],
        "scores": scores,
        "target": pool.add(read_rgb(run.png("target", output_id))),
        "hole": pool.add(_hidden(run, output_id)),
        "output": pool.add(read_rgb(run.png("output", output_id))),
    }


def _hidden(run: ScoredRun, output_id: str) -> np.ndarray:
    target = read_rgb(run.png("target", output_id))
    hole = decode_hole(run.png("hole", output_id).read_bytes())
    return np.where(hole[:, :, None], np.array(HOLE_COLOUR, np.uint8), target)


def _has_pictures(run: ScoredRun) -> bool:
    """Return whether a run has its PNGs: it may have been copied without them."""
    return len(run.scores) > 0 and run.png("output", str(run.scores.index[0])).is_file()


def _shrink(pixels: np.ndarray, side: int) -> np.ndarray:
    height, width = pixels.shape[:2]
    scale = side / max(height, width)
    if scale >= 1:
        return pixels
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.LANCZOS))


def _data_uri(pixels: np.ndarray, *, exact: bool) -> str:
    """Encode as WebP: without loss up to LOSSLESS_TO pixels where it is to be exact."""
    buffer = io.BytesIO()
    lossless = exact and max(pixels.shape[:2]) <= LOSSLESS_TO
    # Of a lossless WebP the quality is the effort spent.
    quality = 40 if lossless else 90 if exact else 80
    Image.fromarray(pixels).save(buffer, "WEBP", lossless=lossless, quality=quality, method=4)
    return f"data:image/webp;base64,{base64.b64encode(buffer.getvalue()).decode()}"
