"""A hundred thousand tiny images through `bench run`: rate, memory and resume from end to end.

    python tests/benchmarks/many_images.py --images 100000 --workers 1

Prints the seconds of every tenth of the run, the resident memory of the parent then, and how long
the finished run takes to see that nothing is left to do.  Not a test: it asserts no time.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

from bench.seeds import numpy_stream


def write_tiny(folder: Path, count: int, size: int) -> None:
    """Write noise images, a thousand to a folder."""
    stream = numpy_stream(0)
    for i in range(count):
        path = folder / f"{i // 1000:03d}" / f"{i:06d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = stream.integers(0, 256, (size, size, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(path, compress_level=0)


def resident(process: int) -> int:
    """Return the resident megabytes of a process, 0 when it is gone."""
    try:
        text = Path(f"/proc/{process}/status").read_text()
    except OSError:
        return 0
    lines = [line for line in text.splitlines() if line.startswith("VmRSS:")]
    return int(lines[0].split()[1]) // 1024 if lines else 0


def watch(command: list[str], out: Path, count: int) -> None:
    """Run a command and print a line for each tenth of the records as they come."""
    started = last = time.perf_counter()
    with subprocess.Popen(command) as running:
        tenth, seen, position = 1, 0, 0
        while running.poll() is None:
            time.sleep(0.2)
            records = next(out.glob("*/records.jsonl"), None)
            if records is None:
                continue
            with records.open("rb") as file:
                file.seek(position)
                data = file.read()
            position += len(data)
            seen += data.count(b"\n")
            while tenth <= 10 and seen >= tenth * count // 10:
                now = time.perf_counter()
                print(
                    f"{seen:7d} images  {now - last:7.1f} s  {resident(running.pid):5d} MB",
                    flush=True,
                )
                last, tenth = now, tenth + 1
    print(f"all: {time.perf_counter() - started:.1f} s, exit code {running.returncode}", flush=True)


def main() -> None:
    """Write the images, run twice."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--images", type=int, default=100_000)
    parser.add_argument("--size", type=int, default=16)
    parser.add_argument("--workers", default="1")
    parser.add_argument("--method", default="telea")
    parser.add_argument("--metrics", default="none")
    asked = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="many-images-"))
    try:
        write_tiny(folder / "images", asked.images, asked.size)
        code = "import sys; from bench.cli import main; main(sys.argv[1:])"
        command = [sys.executable, "-c", code, "run", "--method", asked.method]
        command += ["--mask", "center-box", "--dataset", f"folder:{folder / 'images'}"]
        command += ["--metrics", asked.metrics, "--out", str(folder / "runs"), "--quiet"]
        command += ["--workers", asked.workers]
        watch(command, folder / "runs", asked.images)
        print("again:")
        started = time.perf_counter()
        subprocess.run(command, check=True)
        print(f"nothing left to do: known after {time.perf_counter() - started:.1f} s")
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
