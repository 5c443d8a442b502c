"""Compute the smallest difference in LPIPS that n photographs detect at 80% power.

    python -m tests.benchmarks.power results/runs/*-free-photos-*

Takes runs of several methods on the same holes, resamples their differences image by image
(`bench.statistics.power.detectable`), and prints for each mask and pair of methods the measured
difference and the smallest that 11, 58 and 100 source photographs would detect.
"""

from __future__ import annotations

import argparse
from itertools import combinations
from pathlib import Path

from bench.report.boards import make_boards
from bench.report.cells import columns_of, sources_of
from bench.report.columns import Metric
from bench.statistics.power import by_source, detectable
from bench.store.scored_run import load_runs

SIZES = (11, 58, 100)


def main() -> None:
    """Print the table of each board of the runs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("runs", type=Path, nargs="+")
    parser.add_argument("--metric", default="lpips")
    options = parser.parse_args()
    metric = Metric(options.metric, "", higher_is_better=False)
    for board in make_boards(load_runs(options.runs), [options.metric]):
        groups = [row.runs for row in board.rows]
        sources = sources_of(groups)
        columns = [
            column.values
            for k, group in enumerate(groups)
            for column in columns_of(k, group, [metric], sources)
        ]
        print(f"\n{board.title}\n\n| pair | difference | {' | '.join(f'n = {n}' for n in SIZES)} |")
        print("|---|---:|" + "---:|" * len(SIZES))
        for (a, first), (b, second) in combinations(zip(board.rows, columns, strict=True), 2):
            means = by_source(second - first, list(sources.values()))
            needed = " | ".join(f"{detectable(means, n):.4f}" for n in SIZES)
            print(f"| {b.method} - {a.method} | {means.mean():.4f} | {needed} |")


if __name__ == "__main__":
    main()
