"""Write boards as a LaTeX document with one booktabs table each, to be pasted into a paper."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.report.cell_text import Marks, cell_text
from bench.report.rounding import column, decimals, seconds_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.report.boards import Board, Row
    from bench.report.columns import Metric

_HEAD = r"""\documentclass{article}
\usepackage[T1]{fontenc}
\usepackage[utf8]{inputenc}
\usepackage[a4paper,landscape,margin=15mm]{geometry}
\usepackage{booktabs}
\setlength{\belowcaptionskip}{4pt}
\begin{document}
% Each table below can be pasted into a paper that loads booktabs and T1 fontenc.
"""
_LEGEND = (
    r"Best in bold, second underlined; $\approx$: not significantly worse than the best (paired "
    r"bootstrap over source photographs, 95\,\%)."
)
# How papers write these metrics; others keep their names.
_METRICS = {
    "l1": r"$\ell_1$", "psnr": "PSNR", "ssim": "SSIM", "lpips": "LPIPS", "fid": "FID", "kid": "KID",
    "p_ids": "P-IDS", "u_ids": "U-IDS",
}  # fmt: skip
_SPECIAL = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#",
    "_": r"\_", "%": r"\%", "^": r"\textasciicircum{}", "~": r"\textasciitilde{}",
    "<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}", '"': r"\textquotedbl{}",
    "–": "--", "↑": r"$\uparrow$", "↓": r"$\downarrow$", "≈": r"$\approx$",
    "`": r"\textasciigrave{}", "'": r"\textquotesingle{}",
}  # fmt: skip
_MARKS = Marks(
    missing="--",
    best=lambda text: rf"\textbf{{{text}}}",
    second=lambda text: rf"\underline{{{text}}}",
    close=lambda text: text + r"$^{\approx}$",
    detail=lambda text, detail: rf"{text} {{\scriptsize{detail}}}",
    set_size=lambda n: f"($N={n}$)",
)


def document(boards: Sequence[Board]) -> str:
    """Return a document that pdflatex compiles unchanged; users' names are escaped."""
    return _HEAD + "\n\n".join(_table(board) for board in boards) + "\n\\end{document}\n"


def escape(text: str) -> str:
    """Make any text safe in a LaTeX paragraph; letters that T1 fonts lack become [U+....]."""
    return "".join(_SPECIAL.get(c) or _letter(c) for c in " ".join(text.split()))


def _letter(character: str) -> str:
    in_font = " " <= character <= "~" or ("À" <= character <= "ÿ" and character not in "×÷")
    return character if in_font else f"[U+{ord(character):04X}]"


def _table(board: Board) -> str:
    columns = "l" + "r" * (len(board.metrics) + 2)
    heads = ["Method", *map(_head, board.metrics), "n", "s/image"]
    lines = [f"{' & '.join(line)} \\\\" for line in [heads, *_body(board)]]
    notes = "".join(f" {escape(note)}" for note in board.remarks)
    return "\n".join(
        [
            *(f"% {escape(row.method)}: {escape(row.assets)}" for row in board.rows if row.assets),
            r"\begin{table}[p]\centering\small",
            rf"\caption{{{escape(board.title)}. {_LEGEND}{notes}}}",
            rf"\begin{{tabular}}{{{columns}}}",
            r"\toprule",
            lines[0],
            r"\midrule",
            *lines[1:],
            r"\bottomrule",
            r"\end{tabular}",
            r"\end{table}",
        ]
    )


def _body(board: Board) -> list[list[str]]:
    places = {m.name: decimals(column(board, m)) for m in board.metrics}
    second = {m.name: _second(board, m) for m in board.metrics}
    return [
        [
            _name(row),
            *(
                cell_text(row.cells.get(m), places[m], _MARKS, second=row is second[m])
                for m in places
            ),
            str(row.n) + (f" ({row.n_failed} failed)" if row.n_failed else ""),
            seconds_text(row.seconds).replace("–", "--"),
        ]
        for row in board.rows
    ]


def _head(metric: Metric) -> str:
    name, _, rest = metric.title.partition(" ")
    return f"{_METRICS.get(name) or escape(name)} {escape(rest)}"


def _name(row: Row) -> str:
    seeds = f" ({len(row.seeds)} seeds)" if len(row.seeds) > 1 else ""
    return escape(row.title + seeds)


def _second(board: Board, metric: Metric) -> Row | None:
    having = [row for row in board.rows if metric.name in row.cells]
    ordered = sorted(
        (row for row in having if not row.cells[metric.name].best),
        key=lambda row: row.cells[metric.name].value * (-1 if metric.higher_is_better else 1),
    )
    return ordered[0] if ordered and len(having) > 1 else None
