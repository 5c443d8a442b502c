"""Write boards as one HTML page that loads no other file and contacts no host.

All text is embedded as JSON and inserted as text, so that a method named <script> is shown, not
run; a content security policy allows the page's own script and style alone.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from importlib.resources import files
from typing import TYPE_CHECKING

from bench.report import board_matrix, latex, tabular
from bench.report.credits import credits
from bench.report.html_images import PicturePlan, Pool, cases, choose_plan, comparison
from bench.report.html_ranks import ranks_of
from bench.report.html_rows import row_of
from bench.report.markdown import LEGEND
from bench.report.network_cost import column_title
from bench.report.page_facts import facts, title

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.report.boards import Board

MOST_PICTURES = 1200
STYLES = ("palette.css", "style.css")  # the palette is the page of bench paint's too
SCRIPTS = ("tables.js", "plots.js", "curves.js", "viewer.js", "large.js", "address.js", "main.js")


def page(boards: Sequence[Board], *, pictures: int = MOST_PICTURES) -> str:
    """Return the page: tables, plots and comparisons of all boards.

    pictures: the most that it may hold; one of 64x64 takes about 8 KB.
    """
    parts = {
        "@STYLE@": "".join(_shipped(name) for name in STYLES),
        "@SCRIPT@": "".join(_shipped(name) for name in SCRIPTS),
    }
    parts["@STYLE_HASH@"] = _policy_hash(parts["@STYLE@"])
    parts["@SCRIPT_HASH@"] = _policy_hash(parts["@SCRIPT@"])
    plan = choose_plan(boards, pictures)
    pool = Pool(plan.side, plan.exact)
    # Replaced last: a name in the data may look like a placeholder.
    data = _json(payload(boards, pool, plan))
    files = {"leaderboard.csv": tabular.comma_separated(boards), "leaderboard.tex": _latex(boards)}
    parts |= {"@POOL@": _json(pool.uris), "@FILES@": _json(files), "@DATA@": data}
    html = _shipped("page.html")
    for placeholder, content in parts.items():
        html = html.replace(placeholder, content, 1)
    return html


def payload(boards: Sequence[Board], pool: Pool, plan: PicturePlan) -> dict[str, object]:
    """Return what the page shows as JSON values; pictures are indices into the pool."""
    tabs = _tabs(boards)
    return {
        "title": title(boards),
        "facts": facts(boards),
        "legend": LEGEND,
        "primary": _primary(boards[0]),
        "boards": [_board(board, tab, plan, pool) for board, tab in zip(boards, tabs, strict=True)],
        "ranks": ranks_of(boards, tabs),
    }


def _latex(boards: Sequence[Board]) -> str:
    return latex.document([board_matrix.with_legend(board) for board in boards])


def _board(board: Board, tab: str, plan: PicturePlan, pool: Pool) -> dict[str, object]:
    case_metric = _primary(board)
    pictures = comparison(board, plan.rows, pool)
    shown = {
        str(key): worst_and_best
        for key, row in enumerate(board.rows)
        if (worst_and_best := cases(board, row, case_metric, plan.cases, pool)) is not None
    }
    listed = [case for some in shown.values() for side in some.values() for case in side]
    return {
        "title": board.title,
        "tab": tab,
        "notes": list(board.remarks),
        "metrics": [
            {"name": m.name, "title": m.title, "up": m.higher_is_better} for m in board.metrics
        ],
        "costTitle": column_title(board.rows),
        "rows": [row_of(board, key, row) for key, row in enumerate(board.rows)],
        "pictures": pictures,
        "caseMetric": case_metric,
        "cases": shown,
        "credits": credits(board, [*pictures["ids"], *(case["id"] for case in listed)]),
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
    """Return JSON that cannot close the script element around it.

    Numbers have seven digits: the page sorts and draws by them; its texts and its files have all.
    """
    text = json.dumps(_short(value), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c")


def _short(value: object) -> object:
    """Return JSON's kind of value with its floats rounded to seven digits."""
    if isinstance(value, float):
        return float(f"{value:.7g}")
    if isinstance(value, Mapping):
        return {key: _short(item) for key, item in value.items()}
    return [_short(item) for item in value] if isinstance(value, list | tuple) else value


def _shipped(name: str) -> str:
    return files("bench.report.page").joinpath(name).read_text("utf-8")


def _policy_hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
