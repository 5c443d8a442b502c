"""Compare PatchMatch with PyPatchMatch on the same holes: time, PSNR, LPIPS, intervals.

python tests/benchmarks/patchmatch_vs_peers.py --photos FOLDER [--limit 50] [--sizes 256,512]

FOLDER: photographs; the first ones by name are used where their short side is large enough.  The
photographs that scikit-image, scikit-learn and matplotlib ship are used at all sizes: one or two
squares of each, native pixels where the short side allows, else enlarged (chelsea, coffee, rocket,
china and flower at 512, motorcycle by 2%).  Prints a Markdown table with intervals over the images.
Times are only valid on an idle machine; methods alternate image by image.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import torch

from bench import plugins
from bench.api.imaging import composite, hide, read_rgb, resize_crop, to_tensor, to_uint8
from bench.api.seeds import derive_seed, numpy_stream
from bench.datasets.photos import SOURCES, _path

OURS, PEERS = "patchmatch", ["pypatchmatch"]


def photographs(folder: Path, limit: int, size: int) -> list[tuple[str, np.ndarray]]:
    """Return (name, uint8 (size, size, 3)): first the folder's, then the shipped."""
    squares = []
    for path in sorted(folder.iterdir())[:limit]:
        pixels = read_rgb(path)
        if min(pixels.shape[:2]) >= size:
            squares.append((path.stem, resize_crop(pixels, size)))
    for name, source in SOURCES.items():
        pixels = read_rgb(_path(source))
        side = min(size, *pixels.shape[:2])
        for number, (top, left) in enumerate(_corners(pixels.shape, side)):
            square = pixels[top : top + side, left : left + side]
            squares.append((f"{name}-{number}", resize_crop(square, size)))
    return squares


def _corners(shape: tuple[int, ...], side: int) -> list[tuple[int, int]]:
    """Return (top, left) of up to two squares: at both ends of the longer side if it has room."""
    height, width = shape[:2]
    top, left = (height - side) // 2, (width - side) // 2
    if max(height, width) < 1.25 * side:
        return [(top, left)]
    ends = (0, max(height, width) - side)
    return [(end, left) if height > width else (top, end) for end in ends]


def compare(
    photos: list[tuple[str, np.ndarray]], mask_name: str, size: int
) -> dict[str, np.ndarray]:
    """Return per method (images, 3): seconds, PSNR, LPIPS."""
    methods = {name: plugins.method(name).load("cpu") for name in [OURS, *PEERS]}
    psnr, lpips = plugins.metric("psnr"), plugins.metric("lpips")
    rows: dict[str, list[tuple[float, float, float]]] = {name: [] for name in methods}
    for name, pixels in photos:
        target = to_tensor(pixels)[None]
        seed = derive_seed("patchmatch_vs_peers", mask_name, name)
        hole = plugins.mask(mask_name)(size, size, seed)[None]
        for method, inpaint in methods.items():
            start = time.perf_counter()
            output = inpaint(hide(target, hole), hole, [seed])
            seconds = time.perf_counter() - start
            shown = to_uint8(composite(target, output, hole)).float() / 255
            scores = [float(metric(shown, target, hole)[0]) for metric in (psnr, lpips)]
            rows[method].append((seconds, *scores))
    return {method: np.array(values) for method, values in rows.items()}


def interval(values: np.ndarray, statistic=np.mean) -> str:  # type: ignore[no-untyped-def]
    """Return 'value [low, high]': a bootstrap 95% interval over images, 10,000 resamples."""
    stream = numpy_stream(0)
    picks = stream.integers(0, len(values), (10_000, len(values)))
    low, high = np.percentile(statistic(values[picks], axis=1), [2.5, 97.5])
    return f"{statistic(values):.4g} [{low:.4g}, {high:.4g}]"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=Path, required=True)
    parser.add_argument("--limit", type=int, default=50)
    parser.add_argument("--sizes", default="256,512")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    print(
        "| size | hole | n | ms, ours / peer (median) | peer's time / ours | PSNR, ours / peer |"
        " difference | LPIPS, ours / peer | difference |\n|---|---|---|---|---|---|---|---|---|"
    )
    for size in map(int, arguments.sizes.split(",")):
        photos = photographs(arguments.photos, arguments.limit, size)
        for mask_name in ("center-box", "free-form"):
            rows = compare(photos, mask_name, size)
            ours = rows[OURS]
            for peer in PEERS:
                theirs = rows[peer]
                cells = [size, mask_name, len(photos)]
                cells.append(
                    f"{np.median(ours[:, 0]) * 1e3:.0f} / {np.median(theirs[:, 0]) * 1e3:.0f}"
                )
                cells.append(interval(theirs[:, 0] / ours[:, 0], np.median))
                for column in (1, 2):
                    cells.append(f"{ours[:, column].mean():.4g} / {theirs[:, column].mean():.4g}")
                    cells.append(interval(ours[:, column] - theirs[:, column]))
                print("|", " | ".join(map(str, cells)), "|", flush=True)


if __name__ == "__main__":
    main()
