"""Comparison grids: a row per image; target, hole and every method side by side, as one PNG."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

from bench.api import RequestError
from bench.api.files import write_atomic
from bench.api.sheet import SheetCell, SheetRow, Text, draw_sheet
from bench.report.grid_lines import GridLine, GridStyle, chosen_methods, lines_of
from bench.report.grouping import group_runs
from bench.report.lettering import line_height, load_font, stacked, wrap

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PIL import Image

    from bench.store.scored_run import ScoredRun

# Pixels of the finished picture.
GAP, MARGIN, SIDE_COLUMN = 4, 12, 132
INK, QUIET = (20, 20, 24), (96, 98, 106)


def draw_grid(
    runs: Sequence[ScoredRun],
    *,
    count: int | None = None,
    style: GridStyle | None = None,
    out: Path,
) -> Path:
    """Write a comparison grid of `runs` as a PNG, or a JPEG by its suffix, and return its path.

    count: as in GridStyle; all else has its defaults.  Of several seeds the first is shown.
    Raises RequestError when no image is in all runs of a dataset and mask.
    """
    style = style or GridStyle(count)
    runs = [run for run in runs if run.n_images]
    without = [run.path.name for run in runs if not (run.path / "images").is_dir()]
    if without:
        raise RequestError(f"These runs were copied without PNGs: {', '.join(without)}.")
    groups = group_runs(chosen_methods(runs, style.methods))
    number = max(1, round(8 / len(groups))) if style.count is None else style.count
    if number < 1:
        raise RequestError(f"A grid of {number} images: give at least 1.")
    lines: list[GridLine] = []
    for start, group in enumerate(groups):
        lines += lines_of(group, number, start * number, style)
    write_atomic(out, _encoded(_lay_out(lines), out.suffix))
    return out


def _encoded(picture: Image.Image, suffix: str) -> bytes:
    """Return a picture as JPEG for its suffixes, as PNG for others."""
    buffer = io.BytesIO()
    if suffix.lower() in {".jpg", ".jpeg"}:
        picture.save(buffer, "JPEG", quality=90)
    else:
        picture.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def _lay_out(lines: Sequence[GridLine]) -> Image.Image:
    """Draw a column for the captions of rows and one for each title, a row for each line."""
    titles = list(dict.fromkeys(title for line in lines for title in line.pictures))
    width = max(p.shape[1] for line in lines for p in line.pictures.values())
    rows = [_heads(titles, width), *(_row_of(line, titles, width) for line in lines)]
    widths = [SIDE_COLUMN - GAP, *[width] * len(titles)]
    return draw_sheet(rows, widths, gap=GAP, margin=MARGIN)


def _heads(titles: Sequence[str], width: int) -> SheetRow:
    """Return the row of the columns' titles, each centred over its column, ending at one line."""
    font = load_font(14)
    heads = [wrap(title, font, width, 3) for title in titles]
    height = max(map(len, heads)) * line_height(font)
    cells = [SheetCell()]
    for head in heads:
        corner = (width // 2, height - len(head) * line_height(font))
        cells.append(SheetCell(texts=stacked(head, corner, font, INK, "ma")))
    return SheetRow(height + 6 - GAP, cells)


def _row_of(line: GridLine, titles: Sequence[str], width: int) -> SheetRow:
    """Return a row: its captions, then under each title its picture, or a note that it has none."""
    height = max(p.shape[0] for p in line.pictures.values())
    small = load_font(12)
    absent = Text("not run", (width // 2, height // 2), small, QUIET, "mm")
    pictures = []
    for title in titles:
        if title not in line.pictures:
            pictures.append(SheetCell(texts=[absent]))
            continue
        below = (width // 2, height + 2)
        score = [Text(line.scores[title], below, small, INK, "ma")] if title in line.scores else []
        pictures.append(SheetCell(line.pictures[title], texts=score))
    strip = line_height(small) + 2 if line.scores else 0
    return SheetRow(height + strip, [SheetCell(texts=_captions(line)), *pictures])


def _captions(line: GridLine) -> list[Text]:
    """Return mask, image and share of missing pixels, below each other."""
    font, small = load_font(14), load_font(12)
    room = SIDE_COLUMN - 10
    mask = wrap(line.mask, font, room, 3)
    rest = [*wrap(line.image, small, room, 2), line.missing]
    below = (0, 6 + len(mask) * line_height(font))
    return [*stacked(mask, (0, 2), font, INK), *stacked(rest, below, small, QUIET)]
