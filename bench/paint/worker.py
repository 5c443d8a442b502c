"""The tasks of worker processes: fill a hole, show its steps, and score the result.

Heavy modules are imported inside the functions: the server names these and never calls them.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bench.api.files import write_atomic
from bench.complete.batch import Batch, BatchResult

if TYPE_CHECKING:
    import torch

# A fast method would spend its time on pictures that nobody sees.
SECONDS_BETWEEN_STEPS = 0.15
METRICS = ("l1", "psnr", "lpips", "l1_hole", "psnr_hole", "lpips_hole")


@dataclass(frozen=True)
class FillTask:
    """A batch of one image.  steps: the file of the image of its last step."""

    batch: Batch
    steps: Path


@dataclass(frozen=True)
class ScoreTask:
    """The three PNG files of a completion."""

    output: bytes
    target: bytes
    hole: bytes


@dataclass(frozen=True)
class StepImage:
    """A method's image after a step.  level: from `levels` to 0.  png: its file."""

    level: int
    levels: int
    png: bytes


def fill(task: FillTask) -> BatchResult:
    """Complete as a run does; raises RequestError for weights that cannot be loaded."""
    from bench.complete.worker import process

    return process(task.batch, step_writer(task.steps))


def score(task: ScoreTask) -> dict[str, float]:
    """Return METRICS of a completion as `bench score` computes them."""
    import torch

    from bench import plugins
    from bench.api import ImageMetric
    from bench.api.imaging import as_hole, decode_hole, decode_png
    from bench.scoring.images import score_one

    torch.set_num_threads(1)
    metrics = {name: plugins.metric(name) for name in METRICS}
    output, target = (decode_png(png).float() / 255 for png in (task.output, task.target))
    hole = as_hole(decode_hole(task.hole))
    usable = {name: one for name, one in metrics.items() if isinstance(one, ImageMetric)}
    return score_one(output, target, hole, usable)


def step_writer(path: Path) -> Callable[[int, int, torch.Tensor], None]:
    """Return a watch that writes the first image of a batch into a file at intervals.

    Files are replaced atomically: a worker that is killed while it writes leaves the last one.
    """
    last = time.monotonic()

    def watch(level: int, levels: int, images: torch.Tensor) -> None:
        nonlocal last
        from bench.api.imaging import encode_png, to_uint8

        if time.monotonic() - last < SECONDS_BETWEEN_STEPS:
            return
        data = f"{level} {levels}\n".encode() + encode_png(to_uint8(images[0]))
        write_atomic(path, data, durable=False)
        last = time.monotonic()

    return watch


def read_step(path: Path) -> StepImage | None:
    """Return the last image of a `step_writer`; None if it has written nothing."""
    try:
        head, _, png = path.read_bytes().partition(b"\n")
    except OSError:
        return None
    level, levels = head.split()
    return StepImage(int(level), int(levels), png)
