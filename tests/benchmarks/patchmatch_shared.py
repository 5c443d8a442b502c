"""Time PatchMatch on an idle and a shared machine: an earlier commit, this one, PyPatchMatch.

    git worktree add BEFORE 0854779
    python -m tests.benchmarks.patchmatch_shared --before BEFORE [--rounds 15] [--busy 1]

Each side is a process that fills the same photographs of 256x256, center-box and free-form, on
request; the sides take turns.  --busy: this many busy-waiting processes run at the same time.
Prints the medians of wall milliseconds per image, and of the ratios within a round.  Not a test.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
SIZE, PHOTOS = 256, 2
MASKS = ("center-box", "free-form")
THREADS = (1, 2)


def answer(method: str) -> None:
    """Read a number of threads from stdin, fill the images, print the seconds; repeat."""
    import numba
    import torch

    from bench import plugins
    from bench.api.imaging import hide

    torch.set_num_threads(1)
    config: Any = numba.config
    config.NUMBA_NUM_THREADS = 1
    inpaint = plugins.method(method).load("cpu")
    photos = plugins.dataset("photos", size=SIZE)
    work = []
    for image_id in photos.ids()[:PHOTOS]:
        for mask in MASKS:
            hole = plugins.mask(mask)(SIZE, SIZE, 1)[None]
            work.append((hide(photos.load(image_id)[None], hole), hole, [1]))
    for line in sys.stdin:
        config.NUMBA_NUM_THREADS = int(line)
        began = time.perf_counter()
        for image in work:
            inpaint(*image)
        print(time.perf_counter() - began, flush=True)


def measure(before: Path, rounds: int, *, peer: bool) -> dict[tuple[str, int], list[float]]:
    """Return (side, threads) -> wall milliseconds per image, one number per round."""
    from tests.benchmarks.sides import ask, start

    roots = {"before": (before, "patchmatch"), "after": (ROOT, "patchmatch")}
    if peer:
        roots["peer"] = (ROOT, "pypatchmatch")
    sides = {name: start(__file__, root, "--answer", m) for name, (root, m) in roots.items()}
    keys = [(name, threads) for threads in THREADS for name in sides]
    keys = [key for key in keys if key != ("peer", 2)]  # it has one thread
    spent: dict[tuple[str, int], list[float]] = {key: [] for key in keys}
    for turn in range(rounds + 1):
        # The order is reversed every round: a fixed last side would meet the first one's threads.
        for name, threads in keys if turn % 2 else reversed(keys):
            milliseconds = 1000 * ask(sides[name], threads) / (PHOTOS * len(MASKS))
            if turn:
                spent[name, threads].append(milliseconds)
    for process in sides.values():
        process.communicate()
    return spent


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--before", type=Path)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--busy", type=int, default=0)
    parser.add_argument("--peer", action="store_true", help="PyPatchMatch too")
    parser.add_argument("--answer", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.answer:
        answer(options.answer)
        return
    turning = [sys.executable, "-c", "while True: pass"]
    neighbours = [subprocess.Popen(turning) for _ in range(options.busy)]
    try:
        spent = measure(options.before.resolve(), options.rounds, peer=options.peer)
    finally:
        for neighbour in neighbours:
            neighbour.kill()
    print(f"| beside {options.busy} | ms per image | times as fast as before | as the peer |")
    print("|---|---:|---:|---:|")
    for (name, threads), times in spent.items():
        cells = [f"{name}, {threads} thread(s)", f"{statistics.median(times):.1f}"]
        for other in (("before", threads), ("peer", 1)):
            ratios = [a / b for a, b in zip(spent.get(other, []), times, strict=False)]
            cells.append(f"{statistics.median(ratios):.2f}" if ratios and other[0] != name else "")
        print(f"| {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
