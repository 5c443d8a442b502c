"""Run `bench run` on 100,000 tiny images: rate, memory, and the time to resume.

    python tests/benchmarks/many_images.py --images 100000 --workers 1

Prints the seconds of every tenth of the run and the peak memory of the parent, the disk used, and
how long a finished run takes to see that nothing is left to do, with its seals and without, when
it hashes every PNG.  Not a test: it asserts no time.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

from bench.api.seeds import numpy_stream


def write_tiny(folder: Path, count: int, size: int) -> None:
    """Write noise images, a thousand to a folder."""
    stream = numpy_stream(0)
    for i in range(count):
        path = folder / f"{i // 1000:03d}" / f"{i:06d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = stream.integers(0, 256, (size, size, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(path, compress_level=0)


def peak(process: int) -> int:
    """Return the peak resident memory of a process so far in MB, 0 when it is gone."""
    try:
        text = Path(f"/proc/{process}/status").read_text()
    except OSError:
        return 0
    lines = [line for line in text.splitlines() if line.startswith("VmHWM:")]
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
                    f"{seen:7d} images  {now - last:7.1f} s  {peak(running.pid):5d} MB",
                    flush=True,
                )
                last, tenth = now, tenth + 1
    print(f"all: {time.perf_counter() - started:.1f} s, exit code {running.returncode}", flush=True)


def again(command: list[str]) -> str:
    """Run a command that finds nothing left to do; return its seconds and peak memory."""
    started = time.perf_counter()
    running = subprocess.Popen(command)
    _, status, usage = os.wait4(running.pid, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    return f"{time.perf_counter() - started:.1f} s, {usage.ru_maxrss // 1024} MB"


def used(folder: Path) -> str:
    """Return the files below a folder and the disk they take."""
    blocks = [
        os.lstat(f"{where}/{name}").st_blocks for where, _, f in os.walk(folder) for name in f
    ]
    return f"{len(blocks)} files, {sum(blocks) * 512 / 1e6:.0f} MB"


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
        print(f"on disk: {used(folder / 'runs')}", flush=True)
        print(f"nothing left to do: known after {again(command)}", flush=True)
        for seals in (folder / "runs").glob("*/seals.txt"):
            seals.unlink()
        print(f"the same without seals: {again(command)}", flush=True)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
