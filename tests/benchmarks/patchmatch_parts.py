"""Time the parts of patchmatch: search, votes, and what surrounds them.

    nice -n -20 python -m tests.benchmarks.patchmatch_parts [--size 256] [--images 6] [--rounds 5]

One thread, the first photographs of free-photos.  Prints milliseconds per image (medians of
rounds), each part's share, and how many times faster the whole would be without that part.  Not a
test.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from bench import plugins
from bench.api.imaging import to_uint8
from methods.patchmatch import complete as completion
from methods.patchmatch.complete import Settings

PARTS = ("search", "cast_votes")
HOLES = ("center-box", "free-form")


class Clock:
    """Seconds spent in the functions of a module that it has replaced by themselves, timed."""

    def __init__(self, module: Any, names: tuple[str, ...]) -> None:
        self.seconds = dict.fromkeys(names, 0.0)
        for name in names:
            setattr(module, name, self._timed(name, getattr(module, name)))

    def _timed(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*arguments: Any, **options: Any) -> Any:
            began = time.perf_counter()
            try:
                return function(*arguments, **options)
            finally:
                self.seconds[name] += time.perf_counter() - began

        return timed

    def take(self) -> dict[str, float]:
        """Return the seconds since the last call."""
        taken = dict(self.seconds)
        self.seconds = dict.fromkeys(taken, 0.0)
        return taken


def pictures(size: int, count: int, hole_name: str) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return uint8 (H, W, 3) photographs and their bool (H, W) holes."""
    photos, mask = plugins.dataset("free-photos", size=size), plugins.mask(hole_name)
    return [
        (
            to_uint8(photos.load(image_id)).permute(1, 2, 0).numpy(),
            mask(size, size, seed)[0].numpy(),
        )
        for seed, image_id in enumerate(photos.ids()[:count])
    ]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--images", type=int, default=6)
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    clock = Clock(completion, PARTS)
    print(
        "| hole | part | ms per image | share | times faster without it |\n|---|---|---:|---:|---:|"
    )
    for hole_name in HOLES:
        shown = pictures(asked.size, asked.images, hole_name)
        rounds: list[dict[str, float]] = []
        for _ in range(asked.rounds + 1):
            clock.take()
            began = time.perf_counter()
            for rgb, hole in shown:
                completion.complete(rgb, hole, 0, Settings())
            rounds.append({**clock.take(), "whole": time.perf_counter() - began})
        milliseconds = {
            part: 1000 * statistics.median(one[part] for one in rounds[1:]) / len(shown)
            for part in rounds[0]
        }
        whole = milliseconds["whole"]
        for part, spent in milliseconds.items():
            faster = f"{whole / (whole - spent):.1f}" if part != "whole" else ""
            print(f"| {hole_name} | {part} | {spent:.1f} | {spent / whole:.2f} | {faster} |")


if __name__ == "__main__":
    main()
