"""Measure `bench fill` on a photograph of 12 megapixels: time, memory, known pixels, seams.

    python -m tests.benchmarks.fill --method telea --method patchmatch --method glcic --method ddpm

The photograph is one of free-photos, enlarged to 4000x3000, with a colour profile, and rotated in
the file (EXIF's orientation 6); the hole has three parts: a disc, a box and a line.  Every method
has its own process.  Known pixels are compared in a PNG, to the bit.  The seam is the mean step
between neighbours of which one is in the hole, as a ratio to the photograph's.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageCms

from bench import plugins
from bench.filling.photograph import ORIENTATION, read

SIZE = (4000, 3000)
# A process reports its own peak memory: wait4's is at least the peak of its parent.
CHILD = """
import re, sys, time
from bench.cli import cli
cli.main(args=sys.argv[1:], standalone_mode=False)
peak = re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())
print(f"{time.process_time():.1f} {int(peak[1]) / 1024:.0f}")
"""
METHODS = ("telea", "patchmatch", "glcic", "ddpm")


def main() -> None:
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--method", action="append")
    parser.add_argument("--image", default="picos-de-europa", help="of free-photos")
    parser.add_argument("--format", choices=["jpg", "png"], default="jpg")
    options = parser.parse_args()
    print("| method | processor s | peak MB | known pixels off by, mean (most) | seam |")
    print("|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        photo, mask = make(folder, options.image, options.format)
        for method in options.method or METHODS:
            print(row(folder, photo, mask, method), flush=True)


def make(folder: Path, image: str, suffix: str) -> tuple[Path, Path]:
    """Write the photograph and its mask; return their paths."""
    small = plugins.dataset("free-photos", size=512).load(image)
    pixels = (255 * small).round().byte().permute(1, 2, 0).contiguous().numpy()
    upright = Image.fromarray(pixels).resize(SIZE, Image.Resampling.LANCZOS)
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    photo, mask = folder / f"photo.{suffix}", folder / "mask.png"
    lying = upright.transpose(Image.Transpose.ROTATE_90)
    lying.save(photo, quality=92, exif=exif, icc_profile=profile)
    Image.fromarray(hole() * np.uint8(255)).save(mask)
    return photo, mask


def hole() -> np.ndarray:
    """Return a hole of three parts, bool (3000, 4000)."""
    drawn = np.zeros(SIZE[::-1], dtype=np.uint8)
    cv2.circle(drawn, (975, 2075), 175, 1, -1)
    cv2.rectangle(drawn, (2400, 700), (2750, 950), 1, -1)
    cv2.line(drawn, (600, 300), (1500, 600), 1, 40)
    return drawn.astype(bool)


def row(folder: Path, photo: Path, mask: Path, method: str) -> str:
    """Fill the hole in a new process; return a line of the table."""
    out = folder / f"{method.split(':')[0]}{photo.suffix}"
    words = ["fill", str(photo), str(mask), "--method", method, "--out", str(out), "--quiet"]
    done = subprocess.run(
        [sys.executable, "-c", CHILD, *words], check=True, stdout=subprocess.PIPE, text=True
    )
    seconds, peak = done.stdout.split()
    before, after, missing = read(photo), read(out), hole()
    assert (after.orientation, after.settings["icc_profile"]) == (6, before.settings["icc_profile"])
    off = np.abs(after.pixels[~missing].astype(int) - before.pixels[~missing])
    ratio = across(after.pixels, missing) / across(before.pixels, missing)
    known = f"{off.mean():.3f} ({off.max()})"
    return f"| {method} | {seconds} | {peak} | {known} | {ratio:.2f} |"


def across(pixels: np.ndarray, missing: np.ndarray) -> float:
    """Return the mean step between neighbours of which one is missing, in levels."""
    total, count = 0, 0
    for axis in (0, 1):
        edge = np.diff(missing.astype(np.int8), axis=axis) != 0
        steps = np.abs(np.diff(pixels.astype(np.int16), axis=axis)[edge])
        total, count = total + int(steps.sum()), count + steps.size
    return total / count


if __name__ == "__main__":
    main()
