"""What a training run reports: a CSV log, a progress line with an estimate, sample grids."""

from __future__ import annotations

import csv
import io
import sys
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import torch

from bench.api.files import write_atomic
from bench.api.imaging import encode_png, to_uint8

if TYPE_CHECKING:
    from pathlib import Path

Report = Callable[[str], None]


class Journal:
    """Mean losses over each `every` steps, appended to a CSV file and reported as a line.

    The file's columns: step (steps done), seconds (since this process began), then the losses.
    """

    def __init__(self, path: Path, every: int, steps: int, report: Report) -> None:
        self._path, self._every, self._steps, self._report = path, every, steps, report
        self._sums: dict[str, Any] = {}
        self._count = 0
        self._began = time.monotonic()
        self._timed_from: int | None = None

    def add(self, done: int, losses: Mapping[str, torch.Tensor]) -> None:
        """Take the losses of the step that made `done` steps; raise when one is not finite."""
        self._timed_from = done - 1 if self._timed_from is None else self._timed_from
        for name, value in losses.items():
            self._sums[name] = self._sums.get(name, 0.0) + value.detach().double()
        self._count += 1
        if done % self._every and done != self._steps:
            return
        means = {name: float(total) / self._count for name, total in self._sums.items()}
        broken = [name for name, mean in means.items() if not abs(mean) < float("inf")]
        if broken:
            raise FloatingPointError(f"{', '.join(broken)} is not finite near step {done}")
        self._sums, self._count = {}, 0
        self._append(done, means)
        self._report(self._line(done, means))

    def state_dict(self) -> dict[str, Any]:
        """Return the sums since the last row."""
        return {"sums": {k: float(v) for k, v in self._sums.items()}, "count": self._count}

    def load_state_dict(self, state: Mapping[str, Any], done: int) -> None:
        """Continue from a checkpoint at `done` steps: drop the rows that it has not seen."""
        self._sums, self._count = dict(state["sums"]), state["count"]
        if not self._path.is_file():
            return
        header, *rows = self._path.read_text().splitlines(keepends=True)
        kept = [row for row in rows if row.endswith("\n") and int(row.split(",", 1)[0]) <= done]
        write_atomic(self._path, "".join([header, *kept]).encode())

    def _append(self, done: int, means: Mapping[str, float]) -> None:
        """Add a row, after the header in a new file."""
        row = io.StringIO()
        writer = csv.writer(row, lineterminator="\n")
        if not self._path.is_file():
            writer.writerow(["step", "seconds", *means])
        seconds = f"{time.monotonic() - self._began:.1f}"
        writer.writerow([done, seconds, *(f"{mean:.6g}" for mean in means.values())])
        with self._path.open("a") as file:
            file.write(row.getvalue())

    def _line(self, done: int, means: Mapping[str, float]) -> str:
        """Return "step 100/5,000  loss 0.041  3.20 steps/s  0:25:31 left"."""
        assert self._timed_from is not None
        rate = (done - self._timed_from) / max(time.monotonic() - self._began, 1e-9)
        left = int((self._steps - done) / rate)
        clock = f"{left // 3600}:{left // 60 % 60:02d}:{left % 60:02d}"
        losses = "  ".join(f"{name} {mean:.4g}" for name, mean in means.items())
        return f"step {done:,}/{self._steps:,}  {losses}  {rate:.2f} steps/s  {clock} left"


def to_stderr(line: str) -> None:
    """Print a progress line on standard error, over the last one on a terminal.

    A line that ends with a line break stays.
    """
    end = "\r" if sys.stderr.isatty() and not line.endswith("\n") else "\n"
    print(line.removesuffix("\n"), end=end, file=sys.stderr, flush=True)


def save_grid(path: Path, images: torch.Tensor, columns: int) -> None:
    """Save (N, 3, H, W) in [0, 1] as one PNG, row by row, one grey pixel between images."""
    count, _, height, width = images.shape
    rows = -(-count // columns)
    grid = torch.full((3, rows * (height + 1) + 1, columns * (width + 1) + 1), 0.5)
    for i, image in enumerate(images.detach().cpu()):
        top, left = i // columns * (height + 1) + 1, i % columns * (width + 1) + 1
        grid[:, top : top + height, left : left + width] = image
    write_atomic(path, encode_png(to_uint8(grid)))
