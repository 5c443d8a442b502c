"""Measure PNGs at each of zlib's levels and strategies: milliseconds and bytes per image.

    python -m tests.benchmarks.png_levels [--rounds 5]

Pillow encodes the first crops of the photographs that ship, 256x256; medians of rounds in which the
settings take turns, processor time.  `bench.api.imaging.encode_png` uses level 1.  Not a test.
"""

from __future__ import annotations

import argparse
import io
import statistics
import time

from PIL import Image

from bench import plugins
from bench.api.imaging import to_uint8

IMAGES = 8
# (level, strategy) of zlib: 0 is the default strategy, 3 encodes runs only.
SETTINGS = ((0, 0), (1, 0), (1, 3), (2, 0), (4, 0), (6, 0), (9, 0))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    photos = plugins.dataset("photos", size=256)
    images = [
        Image.fromarray(to_uint8(photos.load(i)).permute(1, 2, 0).contiguous().numpy())
        for i in photos.ids()[:IMAGES]
    ]
    spent: dict[tuple[int, int], list[float]] = {setting: [] for setting in SETTINGS}
    sizes = dict.fromkeys(SETTINGS, 0)
    for turn in range(asked.rounds + 1):
        for level, strategy in SETTINGS:
            buffers = [io.BytesIO() for _ in images]
            began = time.process_time()
            for image, buffer in zip(images, buffers, strict=True):
                image.save(buffer, "PNG", compress_level=level, compress_type=strategy)
            if turn:
                spent[level, strategy].append(time.process_time() - began)
            sizes[level, strategy] = sum(len(buffer.getvalue()) for buffer in buffers)
    print("| level | strategy | ms per image | KB per image |\n|---:|---|---:|---:|")
    for (level, strategy), times in spent.items():
        called = {0: "default", 3: "runs"}[strategy]
        milliseconds = 1000 * statistics.median(times) / IMAGES
        kilobytes = sizes[level, strategy] / IMAGES / 1000
        print(f"| {level} | {called} | {milliseconds:.1f} | {kilobytes:.0f} |")


if __name__ == "__main__":
    main()
