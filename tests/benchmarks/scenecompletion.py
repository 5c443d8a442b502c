"""Measure scene completion with a large gallery: retrieval, quality, cost of each stage.

    python tests/benchmarks/scenecompletion.py PHOTOS --queries 50 --size 256 --out OUT

PHOTOS: a folder of photographs.  The first `--queries` by name are the queries, the rest is the
gallery, built in OUT/gallery.  Writes OUT/grid.png and prints the tables.
"""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from bench import plugins
from bench.api import Completion
from bench.api.imaging import composite, hide, read_rgb, resize_crop, to_tensor, to_uint8
from bench.api.seeds import derive_seed, numpy_stream
from bench.api.sheet import Captions, draw_sheet, fit, tile_row
from methods.scenecompletion.build import build, folder_items
from methods.scenecompletion.complete import Completer
from methods.scenecompletion.gallery import Gallery, open_gallery
from methods.scenecompletion.gist import describe

MASKS = ("center-box", "free-form")


def hole_of(mask: str, name: str, height: int, width: int) -> torch.Tensor:
    return plugins.mask(mask)(height, width, derive_seed("mask", mask, name))


def retrieval(gallery: Gallery, count: int = 100) -> None:
    """Print how often a masked copy of a gallery photograph finds itself first."""
    chosen = gallery.scenes[:: max(1, len(gallery.scenes) // count)][:count]
    for mask in MASKS:
        first = 0
        for scene in chosen:
            pixels = gallery.read(scene.photograph).astype(np.float32) / 255
            hole = hole_of(mask, scene.photograph.id, *pixels.shape[:2])[0].numpy()
            pixels[hole] = 0
            first += gallery.search(describe(pixels, ~hole), 1)[0][0] is scene
        print(f"retrieval under {mask}: own photograph first in {first} of {len(chosen)}")


def stages(gallery: Gallery, queries: dict[str, torch.Tensor]) -> None:
    """Print the median milliseconds of every stage of a query, and of the whole."""
    completer = Completer(gallery)
    for mask in MASKS:
        rows: dict[str, list[float]] = defaultdict(list)
        for name, image in queries.items():
            hole = hole_of(mask, name, *image.shape[1:])
            visible = hide(image, hole).permute(1, 2, 0).contiguous().numpy()
            spent: dict[str, float] = defaultdict(float)
            last = start = time.perf_counter()

            def ended(stage: str, spent: dict[str, float] = spent) -> None:
                nonlocal last
                now = time.perf_counter()
                spent[stage] += now - last
                last = now

            completer.complete(visible, hole[0].numpy(), ended)
            spent["whole"] = time.perf_counter() - start
            for stage, seconds in spent.items():
                rows[stage].append(seconds * 1e3)
        listed = ", ".join(f"{stage} {np.median(times):.0f}" for stage, times in rows.items())
        print(f"median ms under {mask}: {listed}")


def interval(values: np.ndarray) -> tuple[float, float]:
    """Return the 95% percentile bootstrap interval of the mean."""
    picks = numpy_stream(0).integers(0, len(values), (2000, len(values)))
    low, high = np.percentile(values[picks].mean(axis=1), [2.5, 97.5])
    return float(low), float(high)


def quality(out: Path, gallery: Path, queries: dict[str, torch.Tensor], names: list[str]) -> None:
    """Print PSNR and LPIPS with intervals, and the first queries as a grid."""
    metrics = {name: plugins.metric(name) for name in ("psnr", "lpips")}
    methods = {name: plugins.method(name) for name in names}
    methods["scenecompletion"] = plugins.method("scenecompletion", gallery=gallery)
    loaded = {name: method.load("cpu") for name, method in methods.items()}
    pictures: list[list[torch.Tensor]] = []
    for mask in MASKS:
        scores: dict[tuple[str, str], list[float]] = defaultdict(list)
        for name, image in queries.items():
            hole = hole_of(mask, name, *image.shape[1:])
            row = [image, hide(image, hole)]
            for method, inpaint in loaded.items():
                done = inpaint(hide(image, hole)[None], hole[None], [derive_seed(method, name)])
                raw = done.image[0] if isinstance(done, Completion) else done[0]
                output = to_uint8(composite(image, raw, hole)).float() / 255
                row.append(output)
                for metric, score in metrics.items():
                    value = score(output[None], image[None], hole[None])  # type: ignore[operator]
                    scores[method, metric].append(float(value[0]))
            pictures.append(row)
        for method in loaded:
            cells = []
            for metric in metrics:
                values = np.array(scores[method, metric])
                low, high = interval(values)
                cells.append(f"{metric} {values.mean():.4f} [{low:.4f}, {high:.4f}]")
            print(f"{mask} {method} (n={len(queries)}): {'  '.join(cells)}")
    _grid(pictures, ["target", "hole", *loaded]).save(out / "grid.png")


def _grid(rows: list[list[torch.Tensor]], titles: list[str], shown: int = 8) -> Image.Image:
    half = len(rows) // len(MASKS)
    picked = [rows[m * half + k] for k in range(min(shown, half)) for m in range(len(MASKS))]
    side = 256
    lines = []
    for number, row in enumerate(picked):
        pixels = [fit(to_uint8(image).permute(1, 2, 0).numpy(), side) for image in row]
        captions = [""] * len(titles) if number else titles
        tiles = list(zip(captions, pixels, strict=True))
        lines.append(tile_row(tiles, side, Captions(height=20, at=(4, 4), size=10)))
    return draw_sheet(lines, [side] * len(titles))


def main() -> None:
    """Build the gallery and print everything."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photos", type=Path)
    parser.add_argument("--queries", type=int, default=50)
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--methods", default="telea,patchmatch")
    parser.add_argument("--parts", default="retrieval,stages,quality")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    items = folder_items(options.photos)
    start = time.perf_counter()
    report = build(items[options.queries :], options.out / "gallery", side=options.size)
    seconds = time.perf_counter() - start
    print(f"gallery: {report.photographs} photographs in {seconds:.0f} s, sha256 {report.sha256}")
    gallery = open_gallery(options.out / "gallery")
    queries = {
        name: to_tensor(resize_crop(read_rgb(path), options.size))
        for name, _, path in items[: options.queries]
        if isinstance(path, Path)
    }
    if "retrieval" in options.parts:
        retrieval(gallery)
    if "stages" in options.parts:
        stages(gallery, queries)
    if "quality" in options.parts:
        quality(options.out, gallery.folder, queries, options.methods.split(","))


if __name__ == "__main__":
    main()
