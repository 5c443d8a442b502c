"""Compare the quality of ddpm with other methods, with intervals, in a Markdown table.

    python -m tests.benchmarks.ddpm_quality --dataset fashion-mnist --limit 200 \\
        --mask center-box --mask free-form --metric lpips_up64 \\
        --method ddpm:steps=25 --method telea --method scenecompletion:GALLERY
    python -m tests.benchmarks.ddpm_quality --dataset folder:PHOTOGRAPHS --size 64 --last 100 ...

Holes and seeds are those of `bench run`.  The others are compared with the first method: the last
column is its score minus theirs, image by image.  Intervals are 95% bootstraps.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np
import torch

from bench import plugins
from bench.api import Completion, Dataset, ImageMetric, MaskGenerator, Method
from bench.api.imaging import composite, hide, pad_to_multiple, to_uint8
from bench.api.seeds import derive_seed
from bench.plan.request import load_dataset
from bench.statistics.bootstrap import bootstrap_interval, paired_bootstrap

Scored = tuple[list[float], float, float]  # scores, evaluations and seconds per image


def main() -> None:
    options = parse()
    torch.set_num_threads(options.threads)
    dataset = load_dataset(options.dataset, options.size)
    ids = dataset.ids()[: options.limit] if options.last is None else dataset.ids()[-options.last :]
    metric = plugins.metric(options.metric)
    assert isinstance(metric, ImageMetric)
    kept = json.loads(options.keep.read_text()) if options.keep and options.keep.is_file() else {}
    for mask in map(plugins.mask, options.mask):
        print(f"\n{metric.name} on {mask.name}, {dataset.name}, n = {len(ids)}\n")
        print("| method | evaluations | s/image | mean [95%] | first minus this [95%] |")
        print("|---|---|---|---|---|", flush=True)
        first: list[float] | None = None
        for spec in options.method:
            scored = f"{mask.name} {metric.name} {dataset.name} {options.size} {len(ids)}"
            key = f"{spec} {scored} {options.weights}"
            if key not in kept:
                made = plugins.method(spec)
                kept[key] = evaluate(made, mask, dataset, ids, metric, options.batch)
                if options.keep:
                    options.keep.write_text(json.dumps(kept))
            first = first or kept[key][0]
            print(row(spec, kept[key], first, ids), flush=True)


def evaluate(
    method: Method,
    mask: MaskGenerator,
    dataset: Dataset,
    ids: list[str],
    metric: ImageMetric,
    batch: int,
) -> Scored:
    """Complete and score every image, as bench run does."""
    inpaint = method.load("cpu")
    scores, evaluations, seconds = [], 0.0, 0.0
    for start in range(0, len(ids), batch):
        chunk = ids[start : start + batch]
        target = torch.stack([dataset.load(i) for i in chunk])
        height, width = target.shape[-2:]
        holes = [mask(height, width, derive_seed("hole", mask.name, i, 0)) for i in chunk]
        hole = torch.stack(holes)
        seeds = [
            derive_seed("method", method.name, mask.name, dataset.name, i, 0, 0) for i in chunk
        ]
        visible = pad_to_multiple(hide(target, hole), method.multiple_of)
        began = time.perf_counter()
        made = inpaint(visible, pad_to_multiple(hole, method.multiple_of), seeds)
        seconds += time.perf_counter() - began
        if isinstance(made, Completion):
            evaluations += sum(float(n.get("evaluations", 0)) for n in made.notes)  # type: ignore[arg-type]
            made = made.image
        composited = composite(target, made[..., :height, :width].clamp(0, 1), hole)
        for output, truth, missing in zip(composited, target, hole, strict=True):
            pixels = to_uint8(output)[None].float() / 255
            scores.append(float(metric(pixels, truth[None], missing[None])[0]))
    return scores, evaluations / len(ids), seconds / len(ids)


def row(spec: str, scored: Scored, first: list[float], ids: list[str]) -> str:
    """Return one line of the table."""
    scores, evaluations, seconds = scored
    low, high = bootstrap_interval(scores, ids, seed=0)
    told = f"{np.mean(scores):.4f} [{low:.4f}, {high:.4f}]"
    if scores == first:
        return f"| {spec} | {evaluations:.0f} | {seconds:.3f} | {told} | |"
    gap = paired_bootstrap(np.subtract(first, scores), ids, seed=0)
    against = f"{gap.mean:+.4f} [{gap.low:+.4f}, {gap.high:+.4f}]"
    return f"| {spec} | {evaluations:.0f} | {seconds:.3f} | {told} | {against} |"


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dataset", default="fashion-mnist")
    parser.add_argument("--size", type=int)
    parser.add_argument("--limit", type=int, help="the first N images")
    parser.add_argument("--last", type=int, help="the last N images by name instead")
    parser.add_argument("--mask", action="append", required=True)
    parser.add_argument("--method", action="append", required=True)
    parser.add_argument("--metric", default="lpips")
    parser.add_argument("--batch", type=int, default=50)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="a JSON file of what is done, to go on from")
    parser.add_argument("--weights", default="", help="which weights, for the file of --keep")
    return parser.parse_args()


if __name__ == "__main__":
    main()
