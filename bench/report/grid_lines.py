"""The content of a comparison grid: images, methods, samples, their scores and outlines."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np

from bench.api import RequestError
from bench.api.imaging import decode_hole, read_rgb, to_rgb
from bench.api.sheet import HOLE_COLOUR, fit
from bench.plugins import did_you_mean
from bench.report.grouping import seed_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.store.scored_run import ScoredRun

# Sides of the pictures without --size, pixels.
SMALLEST, LARGEST = 128, 256
LINES = np.array([(255, 255, 255), (255, 225, 0), (0, 255, 255), (255, 0, 255), (0, 0, 0)])
Outline = Literal["ends", "all", "none"]


@dataclass(frozen=True)
class GridStyle:
    """The content and look of a grid.

    count: images of each dataset and mask, None = about eight rows in all; images: their ids, in
    order, instead.  methods: their names in tables, in order; () = all.  samples: of a method that
    has several, a column each.  metric: the score under each picture, "" = the one that orders
    tables, "none" = none.  outline: of the hole, on target and hole ("ends"), on all pictures or on
    none.  size: longest side of a picture; None enlarges small ones by whole factors and shrinks
    large ones.
    """

    count: int | None = None
    images: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    samples: int = 4
    metric: str = ""
    outline: Outline = "ends"
    size: int | None = None


@dataclass(frozen=True)
class GridLine:
    """A row of the grid: its captions and, by column title, its pictures (uint8 H, W, 3).

    scores: by column title, the text under a picture.
    """

    mask: str
    image: str
    missing: str
    pictures: dict[str, np.ndarray]
    scores: dict[str, str] = field(default_factory=dict)


def lines_of(
    group: Sequence[ScoredRun], count: int, start: int, style: GridStyle
) -> list[GridLine]:
    """Return the rows of the runs on one dataset and mask."""
    runs = _one_seed(_in_order(group, style.methods))
    titles = _titles(runs)
    metric = _metric(runs, style.metric)
    return [
        _line(image, dict(zip(titles, runs, strict=True)), metric, style)
        for image in _images(runs, count, start, style.images)
    ]


def chosen_methods(runs: Sequence[ScoredRun], names: Sequence[str]) -> list[ScoredRun]:
    """Return the runs of the methods named, in that order; raises RequestError for an unknown one.

    A name may also be the method's without its parameters.
    """
    if not names:
        return list(runs)
    for name in names:
        if not _of_method(runs, name):
            methods = list(dict.fromkeys(run.method for run in runs))
            hint = did_you_mean(name, methods)
            raise RequestError(f"No run of {name!r}.{hint} There are: {', '.join(methods)}.")
    return _in_order(runs, names)


def _in_order(runs: Sequence[ScoredRun], names: Sequence[str]) -> list[ScoredRun]:
    """Return the runs of the methods named, as far as there are any; all where none is named."""
    in_order = [run for name in names for run in _of_method(runs, name)] if names else runs
    return list({run.path: run for run in in_order}.values())


def _of_method(runs: Sequence[ScoredRun], name: str) -> list[ScoredRun]:
    return [run for run in runs if name in (run.method, run.spec["method"]["name"])]


def _images(runs: Sequence[ScoredRun], count: int, start: int, asked: Sequence[str]) -> list[str]:
    """Return the ids of the images shown; raises RequestError for one that a run lacks."""
    if not asked:
        return spread(runs, count, start)
    shared = sorted(shared_images(runs))
    for image in asked:
        if image not in shared:
            hint = did_you_mean(image, shared)
            some = ", ".join(shared[:5])
            raise RequestError(f"No image {image!r} in all of these runs.{hint} There are: {some}.")
    return list(asked)


def _titles(runs: Sequence[ScoredRun]) -> list[str]:
    several = len({run.method for run in runs}) < len(runs)
    return [f"{run.method} {run.assets}" if several else run.method for run in runs]


def _metric(runs: Sequence[ScoredRun], asked: str) -> str | None:
    """Return the metric under the pictures; raises RequestError for one that no run has."""
    names = list(dict.fromkeys(name for run in runs for name in map(str, run.scores.columns)))
    if asked == "none" or not names:
        return None
    if asked and asked not in names:
        raise RequestError(f"No run has the metric {asked!r}. There are: {', '.join(names)}.")
    return asked or _usual_metric(runs[0], names)


def _usual_metric(run: ScoredRun, names: Sequence[str]) -> str:
    """Return LPIPS as it suits the images' size, the first of the names where there is none."""
    small = (run.spec.get("size") or LARGEST) < 64
    usual = ("lpips_up64", "lpips") if small else ("lpips", "lpips_up64")
    return next((name for name in usual if name in names), names[0])


def _line(image: str, runs: dict[str, ScoredRun], metric: str | None, style: GridStyle) -> GridLine:
    """Return one image's row: target and hole, then each method's outputs."""
    first = next(iter(runs.values()))
    own = {title: outputs_of(run, image, style.samples) for title, run in runs.items()}
    output = next(iter(own.values()))[0]
    target = read_rgb(first.png("target", output))
    hole = decode_hole(first.png("hole", output).read_bytes())
    hidden = np.where(hole[:, :, None], np.array(HOLE_COLOUR, np.uint8), target)
    pictures, scores = {"target": target, "hole": hidden}, {}
    for title, run in runs.items():
        for output_id in own[title]:
            column = title
            if min(run.samples, style.samples) > 1:
                column += f", sample {int(output_id.rpartition('@')[2]) + 1}"
            pictures[column] = read_rgb(run.png("output", output_id))
            if metric is not None and metric in run.scores:
                scores[column] = f"{metric} {float(run.scores[metric][output_id]):.3g}"
    missing = f"{hole.mean():.0%} missing"
    return GridLine(first.mask, image, missing, _outlined(pictures, hole, style), scores)


def outputs_of(run: ScoredRun, image: str, most: int) -> list[str]:
    """Return the ids of up to `most` outputs of an image: its first samples that did not fail."""
    if run.samples == 1:
        return [image]
    ids = (f"{image}@{k}" for k in range(run.samples))
    return [output_id for output_id in ids if output_id in run.scores.index][:most]


def shared_images(runs: Sequence[ScoredRun]) -> list[str]:
    """Return the ids of the images that all runs have, in the first run's order."""
    first, *others = (dict.fromkeys(map(run.image_of, map(str, run.scores.index))) for run in runs)
    return [image for image in first if all(image in images for images in others)]


def spread(runs: Sequence[ScoredRun], count: int, start: int = 0) -> list[str]:
    """Return the ids of `count` images that all runs have, from as many photographs as possible.

    start: how many to skip, so that the rows of another mask show other photographs.
    """
    shared = shared_images(runs)
    if not shared:
        named = ", ".join(run.path.name for run in runs)
        raise RequestError(f"No image is in all of these runs: {named}. Leave one out.")
    turn: dict[str, int] = {}
    order = []
    for place, image in enumerate(shared):
        source = runs[0].source_of(outputs_of(runs[0], image, 1)[0])
        turn[source] = turn.get(source, -1) + 1
        order.append((turn[source], place, image))
    ids = [image for _, _, image in sorted(order)]
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


def _outlined(
    pictures: dict[str, np.ndarray], hole: np.ndarray, style: GridStyle
) -> dict[str, np.ndarray]:
    """Resize for display and draw the hole's outline, in one colour that stands out."""
    shown = {title: display(pixels, style.size) for title, pixels in pictures.items()}
    ring = outline(display(to_rgb(hole * np.uint8(255)), style.size)[:, :, 0] > 127)
    if ring.any() and style.outline != "none":
        colour = _contrasting(shown["target"][ring])
        for title, pixels in shown.items():
            if style.outline == "all" or title in {"target", "hole"}:
                pixels[ring] = colour
    return shown


def display(pixels: np.ndarray, size: int | None) -> np.ndarray:
    """Return a picture whose longest side is `size`, a copy.

    None: enlarged by a whole factor to SMALLEST, or shrunk to LARGEST.
    """
    height, width = pixels.shape[:2]
    longest = max(height, width)
    if size is None and longest <= LARGEST:
        factor = max(1, -(-SMALLEST // longest))
        return np.repeat(np.repeat(pixels, factor, axis=0), factor, axis=1)
    return np.array(fit(pixels, size or LARGEST))


def _contrasting(under: np.ndarray) -> np.ndarray:
    """Return the line colour whose 10th percentile of contrast with `under` is the highest."""
    distance = np.abs(under[None].astype(int) - LINES[:, None]).sum(axis=2)
    colour: np.ndarray = LINES[np.percentile(distance, 10, axis=1).argmax()].astype(np.uint8)
    return colour
