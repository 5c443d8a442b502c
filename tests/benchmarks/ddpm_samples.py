"""Draw unconditional samples of ddpm's weights: a grid, and their FID against the data.

    python -m tests.benchmarks.ddpm_samples --weights fashion-mnist-32 --dataset fashion-mnist \\
        --count 500 --out samples/
    python -m tests.benchmarks.ddpm_samples --weights photos-64 --size 64 --steps 25 --spread \\
        --dataset tiny-imagenet:split=train --count 5000 --out samples/

Samples are DDPM's algorithm 2 on `--steps` levels.  The data's images are the first `--count`, with
--spread evenly spread over all of its names (which may be sorted by class).
"""

from __future__ import annotations

import argparse
import hashlib
from pathlib import Path

import torch

from bench import plugins
from bench.api import PRECISIONS, SetMetric
from bench.api.imaging import encode_png, to_uint8
from bench.api.seeds import derive_seed
from bench.plan.request import load_dataset
from bench.scoring.sets import PngSet
from methods.common.training_log import save_grid
from methods.ddpm import DDPM
from methods.ddpm.completer import DiffusionCompleter
from methods.ddpm.preprocess import from_network
from methods.ddpm.samplers.options import Repaint
from methods.ddpm.sampling import generate


def main() -> None:
    options = parse()
    torch.set_num_threads(options.threads)
    completer = DiffusionCompleter(
        DDPM(
            Repaint(options.steps),
            weights=options.weights,
            path=options.path,
            precision=options.precision,
        ),
        "cpu",
    )
    loaded = completer.choose((options.size, options.size))
    options.out.mkdir(parents=True, exist_ok=True)
    made = []
    for start in range(0, options.count, 50):
        seeds = [derive_seed("sample", i) for i in range(start, min(start + 50, options.count))]
        batch = generate(loaded.network, loaded.schedule, loaded.channels, options.size, seeds)
        made.append(from_network(batch))
        print(f"{start + len(seeds)}/{options.count}", flush=True)
    images = torch.cat(made)
    save_grid(options.out / "grid.png", images[:64], columns=16)
    if options.count >= 2 and options.dataset:
        print(f"FID {fid(images, options):.1f}, N = {options.count}, {options.steps} evaluations")


def fid(images: torch.Tensor, options: argparse.Namespace) -> float:
    """Return the FID against as many images of the dataset."""
    dataset = load_dataset(options.dataset, options.size)
    metric = plugins.metric("fid")
    assert isinstance(metric, SetMetric)
    ids = dataset.ids()
    stride = len(ids) // options.count if options.spread else 1
    reals = [dataset.load(i) for i in ids[::stride][: options.count]]
    sets = [write(options.out / "made", list(images)), write(options.out / "real", reals)]
    return metric.over_sets(*sets)


def write(folder: Path, images: list[torch.Tensor]) -> PngSet:
    """Write images as PNGs."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{i:05d}.png" for i in range(len(images))]
    for path, image in zip(paths, images, strict=True):
        path.write_bytes(encode_png(to_uint8(image)))
    return PngSet((path, hashlib.sha256(path.read_bytes()).hexdigest()) for path in paths)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--weights", default="auto")
    parser.add_argument("--path", type=Path)
    parser.add_argument("--dataset", default="")
    parser.add_argument("--precision", choices=PRECISIONS, default="auto")
    parser.add_argument("--spread", action="store_true")
    parser.add_argument("--size", type=int, default=32)
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--count", type=int, default=64)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", type=Path, required=True)
    return parser.parse_args()


if __name__ == "__main__":
    main()
