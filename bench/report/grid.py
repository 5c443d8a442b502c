"""Comparison grids: a row per image; target, hole and every method side by side, as one PNG."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from bench.api import RequestError
from bench.api.files import write_atomic
from bench.api.imaging import decode_hole, read_rgb, to_rgb
from bench.api.sheet import SheetCell, SheetRow, Text, draw_sheet
from bench.report.grouping import group_runs, seed_of
from bench.report.lettering import line_height, load_font, stacked, wrap

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.store.scored_run import ScoredRun

# Pixels of the finished picture.
SMALLEST, LARGEST = 128, 256
GAP, MARGIN, SIDE_COLUMN = 4, 12, 132
INK, QUIET, FILLING = (20, 20, 24), (96, 98, 106), (150, 150, 150)
LINES = np.array([(255, 255, 255), (255, 225, 0), (0, 255, 255), (255, 0, 255), (0, 0, 0)])


@dataclass(frozen=True)
class _Line:
    """A row of the grid: its captions and, by column title, its pictures (uint8 H, W, 3)."""

    mask: str
    image: str
    missing: str
    pictures: dict[str, np.ndarray]


def draw_grid(runs: Sequence[ScoredRun], *, count: int | None = None, out: Path) -> Path:
    """Write a comparison grid of `runs` as a PNG and return its path.

    count: images of each dataset and mask, from as many photographs as possible; by default
    as many as give the grid about eight rows.  Small images are enlarged by an integer factor
    (nearest neighbour), those above 256 px are shrunk.  Of several seeds the first is shown.
    Raises RequestError when no image is in all runs of a dataset and mask.
    """
    runs = [run for run in runs if run.n_images]
    without = [run.path.name for run in runs if not (run.path / "images").is_dir()]
    if without:
        raise RequestError(f"These runs were copied without PNGs: {', '.join(without)}.")
    groups = group_runs(runs)
    count = max(1, round(8 / len(groups))) if count is None else count
    if count < 1:
        raise RequestError(f"A grid of {count} images: give at least 1.")
    lines: list[_Line] = []
    for start, group in enumerate(groups):
        lines += _lines_of(_one_seed(group), count, start * count)
    picture = _lay_out(lines)
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", optimize=True)
    write_atomic(out, buffer.getvalue())
    return out


def spread(runs: Sequence[ScoredRun], count: int, start: int = 0) -> list[str]:
    """Return `count` output ids that all runs have, from as many photographs as possible.

    start: how many to skip, so that the rows of another mask show other photographs.
    """
    shared = [i for i in runs[0].scores.index if all(i in run.scores.index for run in runs)]
    if not shared:
        named = ", ".join(run.path.name for run in runs)
        raise RequestError(f"No image is in all of these runs: {named}. Leave one out.")
    turn: dict[str, int] = {}
    order = []
    for place, output_id in enumerate(shared):
        source = runs[0].source_of(output_id)
        turn[source] = turn.get(source, -1) + 1
        order.append((turn[source], place, output_id))
    ids = [output_id for _, _, output_id in sorted(order)]
    return [ids[(start + k) % len(ids)] for k in range(min(count, len(ids)))]


def outline(hole: np.ndarray) -> np.ndarray:
    """Return the known pixels at the hole's border, bool (H, W): a line there hides no filled one.

    All False where they are more than a third of the known pixels (every second row, say): a line
    would hide the picture.
    """
    padded = np.pad(hole, 1)
    near = padded[:-2, 1:-1] | padded[2:, 1:-1] | padded[1:-1, :-2] | padded[1:-1, 2:]
    ring: np.ndarray = near & ~hole
    return ring if ring.sum() <= (~hole).sum() / 3 else np.zeros_like(ring)


def _one_seed(group: Sequence[ScoredRun]) -> list[ScoredRun]:
    """Keep the first seed of each method; methods of one label and other weights stay apart."""
    first: dict[tuple[str, str], ScoredRun] = {}
    for run in sorted(group, key=seed_of):
        first.setdefault((run.method, run.assets), run)
    return sorted(first.values(), key=lambda run: list(group).index(run))


def _lines_of(runs: Sequence[ScoredRun], count: int, start: int) -> list[_Line]:
    several = len({run.method for run in runs}) < len(runs)
    titles = [f"{run.method} {run.assets}" if several else run.method for run in runs]
    lines = []
    for output_id in spread(runs, count, start):
        target = read_rgb(runs[0].png("target", output_id))
        hole = decode_hole(runs[0].png("hole", output_id).read_bytes())
        hidden = np.where(hole[:, :, None], np.uint8(FILLING[0]), target)
        plain = {"target": target, "hole": hidden}
        plain |= {
            t: read_rgb(r.png("output", output_id)) for t, r in zip(titles, runs, strict=True)
        }
        missing = f"{hole.mean():.0%} missing"
        lines.append(_Line(runs[0].mask, output_id, missing, _outlined(plain, hole)))
    return lines


def _outlined(pictures: dict[str, np.ndarray], hole: np.ndarray) -> dict[str, np.ndarray]:
    """Resize for display and draw the hole's outline, in one colour that stands out, on each."""
    shown = {title: _display(pixels) for title, pixels in pictures.items()}
    ring = outline(_display(to_rgb(hole * np.uint8(255)))[:, :, 0] > 127)
    if ring.any():
        colour = _contrasting(shown["target"][ring])
        for pixels in shown.values():
            pixels[ring] = colour
    return shown


def _display(pixels: np.ndarray) -> np.ndarray:
    """Enlarge by a whole factor to SMALLEST, or shrink to LARGEST; a copy."""
    height, width = pixels.shape[:2]
    longest = max(height, width)
    if longest <= LARGEST:
        factor = max(1, -(-SMALLEST // longest))
        return np.repeat(np.repeat(pixels, factor, axis=0), factor, axis=1)
    scale = LARGEST / longest
    side = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.array(Image.fromarray(pixels).resize(side, Image.Resampling.LANCZOS))


def _contrasting(under: np.ndarray) -> np.ndarray:
    """Return the line colour whose 10th percentile of contrast with `under` is the highest."""
    distance = np.abs(under[None].astype(int) - LINES[:, None]).sum(axis=2)
    colour: np.ndarray = LINES[np.percentile(distance, 10, axis=1).argmax()].astype(np.uint8)
    return colour


def _lay_out(lines: Sequence[_Line]) -> Image.Image:
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


def _row_of(line: _Line, titles: Sequence[str], width: int) -> SheetRow:
    """Return a row: its captions, then its picture under each title, or that there is none."""
    height = max(p.shape[0] for p in line.pictures.values())
    absent = Text("not run", (width // 2, height // 2), load_font(12), QUIET, "mm")
    pictures = [
        SheetCell(line.pictures[title]) if title in line.pictures else SheetCell(texts=[absent])
        for title in titles
    ]
    return SheetRow(height, [SheetCell(texts=_captions(line)), *pictures])


def _captions(line: _Line) -> list[Text]:
    """Return mask, image and share of missing pixels, below each other."""
    font, small = load_font(14), load_font(12)
    room = SIDE_COLUMN - 10
    mask = wrap(line.mask, font, room, 3)
    rest = [*wrap(line.image, small, room, 2), line.missing]
    below = (0, 6 + len(mask) * line_height(font))
    return [*stacked(mask, (0, 2), font, INK), *stacked(rest, below, small, QUIET)]
