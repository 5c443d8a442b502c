"""Compare the harness with a bare loop: wall time without start-up, and resident memory.

    python tests/benchmarks/harness_overhead.py --images 5000

Both decode the same JPEGs, fill with cv2.inpaint and encode target, hole and output as PNG with the
same settings, in two processes.  Start-up is taken out by subtracting a run on 16 images.  Not a
test: nothing here asserts a time.
"""

from __future__ import annotations

import argparse
import io
import json
import multiprocessing
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from bench import plugins

FEW = 16


def write_photos(folder: Path, count: int, size: int) -> None:
    """Fill a folder with JPEGs cut from the photographs that the project ships with."""
    folder.mkdir(parents=True)
    photos = plugins.dataset("photos", size=size)
    encoded = []
    for image_id in photos.ids():
        pixels = (photos.load(image_id) * 255).round().byte().permute(1, 2, 0).numpy()
        buffer = io.BytesIO()
        Image.fromarray(pixels).save(buffer, "JPEG", quality=92)
        encoded.append(buffer.getvalue())
    for i in range(count):
        (folder / f"{i:06d}.jpg").write_bytes(encoded[i % len(encoded)])


def bare(task: tuple[Path, Path]) -> None:
    """Decode, fill, encode three PNGs: the least that any harness has to do."""
    source, out = task
    with Image.open(source) as opened:
        target = np.asarray(opened.convert("RGB"))
    side = target.shape[0]
    hole = np.zeros((side, side), np.uint8)
    hole[side // 4 : 3 * side // 4, side // 4 : 3 * side // 4] = 255
    filled = cv2.inpaint(np.where(hole[..., None] > 0, 0, target), hole, 3.0, cv2.INPAINT_TELEA)
    output = np.where(hole[..., None] > 0, filled, target)
    for kind, pixels in (("target", target), ("hole", hole), ("output", output)):
        Image.fromarray(pixels).save(out / kind / f"{source.stem}.png", compress_level=1)


def time_bare(sources: list[Path], out: Path) -> float:
    """Return the wall seconds of two processes over all sources."""
    for kind in ("target", "hole", "output"):
        (out / kind).mkdir(parents=True)
    started = time.perf_counter()
    with multiprocessing.get_context("spawn").Pool(2, cv2.setNumThreads, (1,)) as pool:
        for _ in pool.imap_unordered(bare, [(s, out) for s in sources], chunksize=8):
            pass
    return time.perf_counter() - started


def time_harness(folder: Path, limit: int, size: int, out: Path) -> float:
    """Return the wall seconds of `bench run`."""
    code = "import sys; from bench.cli import main; main(sys.argv[1:])"
    arguments = ["run", "--method", "telea", "--mask", "center-box", "--metrics", "none", "--quiet"]
    arguments += ["--dataset", f"folder:{folder}", "--size", str(size), "--limit", str(limit)]
    started = time.perf_counter()
    command = [sys.executable, "-c", code, *arguments, "--workers", "2", "--out", str(out)]
    subprocess.run(command, check=True)
    return time.perf_counter() - started


def memory_growth(run: Path) -> tuple[int, int]:
    """Return the workers' median peak memory, MB, over the first and the last tenth of the run."""
    lines = (run / "records.jsonl").read_text().splitlines()
    peaks = [json.loads(line)["peak_memory"] / 2**20 for line in lines]
    tenth = max(1, len(peaks) // 10)
    return int(np.median(peaks[:tenth])), int(np.median(peaks[-tenth:]))


def main() -> None:
    """Print the ratio, as the median of the rounds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=5000)
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    ratios = []
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary)
        write_photos(work / "photos", options.images, options.size)
        sources = sorted((work / "photos").iterdir())
        for round_number in range(options.rounds):
            few = time_bare(sources[:FEW], work / "bare-few")
            plain = time_bare(sources, work / "bare") - few
            few = time_harness(work / "photos", FEW, options.size, work / "runs-few")
            harness = (
                time_harness(work / "photos", options.images, options.size, work / "runs") - few
            )
            ratios.append(harness / plain)
            (run,) = (work / "runs").glob("telea*")
            first, last = memory_growth(run)
            print(
                f"round {round_number}: bare {plain:.1f} s, harness {harness:.1f} s, "
                f"ratio {ratios[-1]:.3f}; worker peak {first} MB at first, {last} MB at last",
                flush=True,
            )
            for folder in ("bare-few", "bare", "runs-few", "runs"):
                shutil.rmtree(work / folder)
    print(f"median ratio over {len(ratios)} rounds: {np.median(ratios):.3f}")


if __name__ == "__main__":
    main()
