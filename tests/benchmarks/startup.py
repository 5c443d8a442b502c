"""Time `bench --help` and `bench list`: medians of wall and processor seconds.

python tests/benchmarks/startup.py
"""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
import time

ROUNDS = 15


def measure(arguments: list[str]) -> tuple[float, float]:
    """Return the median wall and processor seconds of one command in a new process."""
    code = "import sys; from bench.cli import main; main(sys.argv[1:])"
    walls, cpus = [], []
    for _ in range(ROUNDS):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        started = time.perf_counter()
        subprocess.run([sys.executable, "-c", code, *arguments], check=True, capture_output=True)
        walls.append(time.perf_counter() - started)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpus.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return statistics.median(walls), statistics.median(cpus)


def main() -> None:
    """Print a line per command."""
    for arguments in (["--help"], ["list"], ["run", "--help"]):
        wall, cpu = measure(arguments)
        print(f"bench {' '.join(arguments)}: {wall:.3f} s wall, {cpu:.3f} s processor")


if __name__ == "__main__":
    main()
