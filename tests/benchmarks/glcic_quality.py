"""Compare methods on one kind of hole and one dataset: means, 95% intervals, paired differences.

    python -m tests.benchmarks.glcic_quality --dataset fashion-mnist --mask center-box \
        --metrics lpips_up64,psnr --methods glcic,telea --methods glcic:path=phase1.safetensors

The first method is the reference of the differences (negative lpips: the other one is better).
`--names` gives the rows other names; `--last N` takes the last N images by sorted name.  Prints
Markdown.
"""

from __future__ import annotations

import argparse

import numpy as np
import torch

from bench import plugins
from bench.api import Completion
from bench.api.imaging import composite, hide, pad_to_multiple, to_uint8
from bench.api.seeds import derive_seed
from bench.statistics.bootstrap import bootstrap_interval, paired_bootstrap


def load(spec: str, size: int | None, limit: int | None, last: int | None):
    """Return the targets (list of (3, H, W)) and their sources."""
    dataset = plugins.dataset(spec, **({} if size is None else {"size": size}))
    ids = dataset.ids()
    ids = ids[-last:] if last else ids[:limit]
    images = [to_uint8(dataset.load(name)).float() / 255 for name in ids]
    return ids, images, [dataset.source(name) for name in ids]


def complete(spec: str, images, holes) -> list[torch.Tensor]:
    """Return the composited, quantised outputs of a method."""
    method = plugins.method(spec)
    inpaint = method.load("cpu")
    outputs = []
    for k, (image, hole) in enumerate(zip(images, holes, strict=True)):
        target, missing = image[None], hole[None]
        padded, padded_hole = (pad_to_multiple(x, method.multiple_of) for x in (target, missing))
        out = inpaint(hide(padded, padded_hole), padded_hole, [derive_seed("quality", k)])
        out = out.image if isinstance(out, Completion) else out
        out = out[..., : target.shape[-2], : target.shape[-1]]
        outputs.append(to_uint8(composite(target, out, missing)).float()[0] / 255)
    return outputs


def scores(metric: str, outputs, images, holes) -> np.ndarray:
    """Return one number per image."""
    measure = plugins.metric(metric)
    parts = [
        measure(o[None], t[None], h[None]) for o, t, h in zip(outputs, images, holes, strict=True)
    ]
    return torch.cat(parts).double().numpy()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dataset", default="fashion-mnist")
    parser.add_argument("--size", type=int)
    parser.add_argument("--limit", type=int)
    parser.add_argument("--last", type=int)
    parser.add_argument("--mask", default="center-box")
    parser.add_argument("--metrics", default="lpips_up64,psnr")
    parser.add_argument("--methods", action="append", required=True)
    parser.add_argument("--names", default="")
    options = parser.parse_args()
    torch.set_num_threads(1)
    methods = plugins.split_list(options.methods)
    names = options.names.split(",") if options.names else methods
    metrics = options.metrics.split(",")
    ids, images, sources = load(options.dataset, options.size, options.limit, options.last)
    mask = plugins.mask(options.mask)
    holes = [
        mask(*image.shape[-2:], derive_seed("quality-hole", name))
        for name, image in zip(ids, images, strict=True)
    ]
    outputs = [complete(spec, images, holes) for spec in methods]
    shape = "x".join(map(str, images[0].shape[-2:]))
    print(f"{options.mask}, {shape}, n = {len(images)}, {len(set(sources))} sources\n")
    print("| method |" + "".join(f" {m} | {m} - first |" for m in metrics))
    print("|---|" + "---|---|" * len(metrics))
    cells: list[list[str]] = [[name] for name in names]
    for metric in metrics:
        table = np.stack([scores(metric, out, images, holes) for out in outputs], axis=1)
        for row, column in zip(cells, table.T, strict=True):
            difference = paired_bootstrap(column - table[:, 0], sources, seed=0)
            low, high = bootstrap_interval(column, sources, seed=0)
            digits = 2 if metric.startswith("psnr") else 4
            row.append(interval(column[np.isfinite(column)].mean(), low, high, f".{digits}f"))
            row.append(interval(difference.mean, difference.low, difference.high, f"+.{digits}f"))
    for row in cells:
        print("| " + " | ".join(row) + " |")


def interval(mean: float, low: float, high: float, form: str) -> str:
    return f"{mean:{form}} [{low:{form}}, {high:{form}}]"


if __name__ == "__main__":
    main()
