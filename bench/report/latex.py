"""Write tables as a LaTeX document with booktabs, to be pasted into a paper."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.report.matrix import Matrix, TableEntry

_HEAD = r"""\documentclass{article}
\usepackage[T1]{fontenc}
\usepackage[utf8]{inputenc}
\usepackage[a4paper,landscape,margin=15mm]{geometry}
\usepackage{booktabs}
\setlength{\belowcaptionskip}{4pt}
\begin{document}
% Each table below can be pasted into a paper that loads booktabs and T1 fontenc.
"""
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


def document(matrices: Sequence[Matrix]) -> str:
    """Return a document that pdflatex compiles unchanged; for a bare table, the table alone."""
    if all(matrix.bare for matrix in matrices):
        return "\n\n".join(_tabular(matrix) for matrix in matrices) + "\n"
    return _HEAD + "\n\n".join(map(_table, matrices)) + "\n\\end{document}\n"


def escape(text: str) -> str:
    """Make any text safe in a LaTeX paragraph; letters that T1 fonts lack become [U+....]."""
    return "".join(_SPECIAL.get(c) or _letter(c) for c in " ".join(text.split()))


def _letter(character: str) -> str:
    in_font = " " <= character <= "~" or ("À" <= character <= "ÿ" and character not in "×÷")
    return character if in_font else f"[U+{ord(character):04X}]"


def _table(matrix: Matrix) -> str:
    words = [matrix.caption, *matrix.notes]
    label = rf"\label{{{matrix.label}}}" if matrix.label else ""
    return "\n".join(
        [
            *(f"% {escape(comment)}" for comment in matrix.comments),
            r"\begin{table}[p]\centering\small",
            rf"\caption{{{' '.join(map(escape, filter(None, words)))}}}{label}",
            _tabular(matrix),
            r"\end{table}",
        ]
    )


def _tabular(matrix: Matrix) -> str:
    """Return the tabular alone, for a paper's own table."""
    heads = [matrix.stub.capitalize(), *map(_head, matrix.heads)]
    body = [_row(title, entries) for title, entries in matrix.rows]
    between = "\n\\addlinespace\n" if any(len(lines) > 1 for lines in body) else "\n"
    return "\n".join(
        [
            rf"\begin{{tabular}}{{{'l' + 'r' * len(matrix.heads)}}}",
            r"\toprule",
            *_group_heads(matrix),
            _line(heads),
            r"\midrule",
            between.join("\n".join(lines) for lines in body),
            r"\bottomrule",
            r"\end{tabular}",
        ]
    )


def _line(cells: Sequence[str]) -> str:
    return f"{' & '.join(cells)} \\\\"


def _group_heads(matrix: Matrix) -> list[str]:
    """Return the line of the groups' titles, and the rules below each."""
    if not any(group.title for group in matrix.groups):
        return []
    cells, rules, start = [""], [], 2
    for group in matrix.groups:
        end = start + len(group.heads) - 1
        cells.append(rf"\multicolumn{{{len(group.heads)}}}{{c}}{{{escape(group.title)}}}")
        rules += [rf"\cmidrule(lr){{{start}-{end}}}"] if group.title else []
        start = end + 1
    return [_line(cells), "".join(rules)]


def _head(head: str) -> str:
    name, _, rest = head.partition(" ")
    return f"{_METRICS.get(name) or escape(name)} {escape(rest)}".strip()


def _row(title: str, entries: Sequence[TableEntry]) -> list[str]:
    """Return a row's lines: its numbers and, if there are any, the details below them."""
    numbers = _line([escape(title), *map(_number, entries)])
    if not any(entry.detail for entry in entries):
        return [numbers]
    below = [
        rf"{{\scriptsize {escape(entry.detail)}}}" if entry.detail else "" for entry in entries
    ]
    return [f"{numbers}[-.4ex]", _line(["", *below])]


def _number(entry: TableEntry) -> str:
    """Return a number with its marks; ≈ takes no room, so that the figures stay aligned."""
    text = escape(entry.text)
    text = rf"\textbf{{{text}}}" if entry.best else text
    text = rf"\underline{{{text}}}" if entry.second else text
    return text + (r"\rlap{$^{\approx}$}" if entry.close else "")
