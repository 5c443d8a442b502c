"""Write boards as one HTML page that loads no other file and contacts no host.

All text is embedded as JSON and inserted as text, so that a method named <script> is shown, not
run; a content security policy allows the page's own script and style alone.
"""

from __future__ import annotations

import base64
import hashlib
import json
from importlib.resources import files
from typing import TYPE_CHECKING

from bench.report.best_of_k import best_of_curve
from bench.report.credits import credits
from bench.report.entries import interval_text
from bench.report.html_images import Pool, cases, choose_plan, comparison
from bench.report.markdown import LEGEND
from bench.report.ranks import mean_ranks
from bench.report.rounding import column, decimals, seconds_text
from bench.store.summary import ImageEntry

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.report.boards import Board, Row
    from bench.report.cells import Cell

MOST_PICTURES = 1200
SCRIPTS = ("tables.js", "plots.js", "viewer.js", "main.js")


def page(boards: Sequence[Board], *, pictures: int = MOST_PICTURES) -> str:
    """Return the page: tables, plots and comparisons of all boards.

    pictures: the most that it may hold; one of 64x64 takes about 8 KB.
    """
    parts = {
        "@STYLE@": _shipped("style.css"),
        "@SCRIPT@": "".join(_shipped(name) for name in SCRIPTS),
    }
    parts["@STYLE_HASH@"] = _policy_hash(parts["@STYLE@"])
    parts["@SCRIPT_HASH@"] = _policy_hash(parts["@SCRIPT@"])
    pool = Pool()
    # Replaced last: a name in the data may look like a placeholder.
    data = _json(payload(boards, pool, pictures))
    parts |= {"@POOL@": _json(pool.uris), "@DATA@": data}
    html = _shipped("page.html")
    for placeholder, content in parts.items():
        html = html.replace(placeholder, content, 1)
    return html


def payload(boards: Sequence[Board], pool: Pool, pictures: int) -> dict[str, object]:
    """Return what the page shows as JSON values; pictures are indices into the pool."""
    rows, n_cases = choose_plan(boards, pictures)
    tabs = _tabs(boards)
    return {
        "legend": LEGEND,
        "primary": _primary(boards[0]),
        "boards": [
            _board(board, tab, rows, n_cases, pool) for board, tab in zip(boards, tabs, strict=True)
        ],
        "ranks": _ranks(boards, tabs),
    }


def _board(board: Board, tab: str, n_rows: int, n_cases: int, pool: Pool) -> dict[str, object]:
    case_metric = _primary(board)
    pictures = comparison(board, n_rows, pool)
    shown = {
        str(key): worst_and_best
        for key, row in enumerate(board.rows)
        if (worst_and_best := cases(board, row, case_metric, n_cases, pool)) is not None
    }
    listed = [case for some in shown.values() for side in some.values() for case in side]
    return {
        "title": board.title,
        "tab": tab,
        "notes": list(board.remarks),
        "metrics": [
            {"name": m.name, "title": m.title, "up": m.higher_is_better} for m in board.metrics
        ],
        "rows": [_row(board, key, row) for key, row in enumerate(board.rows)],
        "pictures": pictures,
        "caseMetric": case_metric,
        "cases": shown,
        "credits": credits(board, [*pictures["ids"], *(case["id"] for case in listed)]),
    }


def _row(board: Board, key: int, row: Row) -> dict[str, object]:
    places = {m.name: decimals(column(board, m)) for m in board.metrics}
    seeds = f"{len(row.seeds)} seeds" if len(row.seeds) > 1 else ""
    return {
        "key": str(key),
        "name": row.title,
        "method": row.method,
        "assets": row.assets,
        "seeds": seeds,
        "n": row.n,
        "failed": row.n_failed,
        "seconds": row.seconds,
        "secondsText": seconds_text(row.seconds),
        "cells": {name: _cell(cell, places[name]) for name, cell in row.cells.items()},
        "bins": {name: _bins(row, name) for name in row.cells},
        "bestOf": {m.name: best_of_curve(row, m) for m in board.metrics if m.name in row.cells},
    }


def _cell(cell: Cell, places: int) -> dict[str, object]:
    detail = about = ""
    if cell.of_set:
        detail = about = f"N = {cell.n:,}"
    elif cell.interval is not None:
        detail = interval_text(cell, places)
        about = f"95% interval {detail} over {cell.n} images"
    return {
        "value": cell.value,
        "text": f"{cell.value:.{places}f}",
        "detail": detail,
        "about": about,
        "best": cell.best,
        "close": cell.close,
    }


def _bins(row: Row, metric: str) -> list[list[float]]:
    """Return [low, high, n, mean] of each bin of hole area, pooled over seeds."""
    by_bin: dict[tuple[float, float], list[tuple[int, float]]] = {}
    for run in row.runs:
        entry = run.summary.metrics.get(metric)
        for area in entry.by_hole_area if isinstance(entry, ImageEntry) else ():
            if area.n and area.mean is not None:
                by_bin.setdefault(area.edges, []).append((area.n, area.mean))
    return [
        [*edges, sum(n for n, _ in seeds), sum(n * m for n, m in seeds) / sum(n for n, _ in seeds)]
        for edges, seeds in sorted(by_bin.items())
    ]


def _ranks(boards: Sequence[Board], tabs: Sequence[str]) -> dict[str, object] | None:
    mean = mean_ranks(boards)
    if mean is None:
        return None
    places = decimals(mean.values.ravel().tolist())
    return {
        "title": mean.title,
        "note": mean.note,
        "difference": mean.ranks.critical_difference,
        "blocks": list(tabs),
        "rows": [
            {
                "name": name,
                "rank": mean.ranks.mean_ranks[i],
                "best": mean.best(i),
                "close": mean.close(i),
                "values": [f"{value:.{places}f}" for value in mean.values[i]],
            }
            for i, name in enumerate(mean.methods)
        ],
    }


def _tabs(boards: Sequence[Board]) -> list[str]:
    """Return short names of the boards: the mask, with the dataset or n where two share a mask."""
    several = len({(board.dataset, board.size) for board in boards}) > 1
    short = [
        f"{board.mask} · {board.dataset} {board.size or ''}".strip() if several else board.mask
        for board in boards
    ]
    return [
        f"{name}, n = {board.n}" if short.count(name) > 1 else name
        for name, board in zip(short, boards, strict=True)
    ]


def _primary(board: Board) -> str:
    return board.primary.name if board.primary else ""


def _json(value: object) -> str:
    """Return JSON that cannot close the script element around it."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c")


def _shipped(name: str) -> str:
    return files("bench.report.page").joinpath(name).read_text("utf-8")


def _policy_hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
