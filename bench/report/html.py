"""Boards -> one HTML page that needs no other file and asks no other host for anything.

All texts travel as JSON and are put in as text, so a method named <script> is shown, not run; a
content security policy lets the page's own script and style run and nothing else.
"""

from __future__ import annotations

import base64
import hashlib
import json
from importlib.resources import files
from typing import TYPE_CHECKING

from bench.report.cell_text import interval_text
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
    """Return the page: tables, plots and comparisons of all boards, with so many pictures at most.

    A picture of 64x64 weighs about 8 KB.
    """
    parts = {
        "@STYLE@": _shipped("style.css"),
        "@SCRIPT@": "".join(_shipped(name) for name in SCRIPTS),
    }
    parts["@STYLE_HASH@"] = _policy_hash(parts["@STYLE@"])
    parts["@SCRIPT_HASH@"] = _policy_hash(parts["@SCRIPT@"])
    pool = Pool()
    # Last, so that no name that looks like a placeholder is replaced.
    data = _json(payload(boards, pool, pictures))
    parts |= {"@POOL@": _json(pool.uris), "@DATA@": data}
    html = _shipped("page.html")
    for placeholder, content in parts.items():
        html = html.replace(placeholder, content, 1)
    return html


def payload(boards: Sequence[Board], pool: Pool, pictures: int) -> dict[str, object]:
    """Return everything that the page shows, as JSON values; pictures are places in the pool."""
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
    return {
        "title": board.title,
        "tab": tab,
        "notes": list(board.remarks),
        "metrics": [
            {"name": m.name, "title": m.title, "up": m.higher_is_better} for m in board.metrics
        ],
        "rows": [_row(board, key, row) for key, row in enumerate(board.rows)],
        "pictures": comparison(board, n_rows, pool),
        "caseMetric": case_metric,
        "cases": {
            str(key): found
            for key, row in enumerate(board.rows)
            if (found := cases(board, row, case_metric, n_cases, pool)) is not None
        },
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
    """Return [low, high, n, mean] by hole area, seeds taken together."""
    found: dict[tuple[float, float], list[tuple[int, float]]] = {}
    for run in row.runs:
        entry = run.summary.metrics.get(metric)
        for area in entry.by_hole_area if isinstance(entry, ImageEntry) else ():
            if area.n and area.mean is not None:
                found.setdefault(area.edges, []).append((area.n, area.mean))
    return [
        [*edges, sum(n for n, _ in known), sum(n * m for n, m in known) / sum(n for n, _ in known)]
        for edges, known in sorted(found.items())
    ]


def _ranks(boards: Sequence[Board], tabs: Sequence[str]) -> dict[str, object] | None:
    found = mean_ranks(boards)
    if found is None:
        return None
    places = decimals(found.values.ravel().tolist())
    return {
        "title": found.title,
        "note": found.note,
        "difference": found.ranks.critical_difference,
        "blocks": list(tabs),
        "rows": [
            {
                "name": name,
                "rank": found.ranks.mean_ranks[i],
                "best": found.best(i),
                "close": found.close(i),
                "values": [f"{value:.{places}f}" for value in found.values[i]],
            }
            for i, name in enumerate(found.methods)
        ],
    }


def _tabs(boards: Sequence[Board]) -> list[str]:
    """Return short names of the boards: the mask, and what tells two of one mask apart."""
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
    """Return JSON that cannot end the script element that it stands in."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c")


def _shipped(name: str) -> str:
    return files("bench.report.page").joinpath(name).read_text("utf-8")


def _policy_hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
