"""Seam energy with and without Poisson blending: the mean squared jump across the hole's boundary.

    python -m tests.benchmarks.glcic_seam --dataset photos --size 256 --mask center-box

Also printed: the true image's own jump there, PSNR and LPIPS, and whether known pixels changed.
"""

from __future__ import annotations

import argparse

import numpy as np
import torch

from bench import plugins
from bench.api.seeds import derive_seed
from bench.statistics.bootstrap import bootstrap_interval, paired_bootstrap
from tests.benchmarks.glcic_quality import complete, load, scores


def seam_energy(image: torch.Tensor, hole: torch.Tensor) -> float:
    """Return the mean squared difference of neighbours across the hole's boundary, x 1e4."""
    jumps = []
    for axis in (1, 2):
        crosses = hole[0].int().diff(dim=axis - 1) != 0
        jumps.append(image.diff(dim=axis).square().mean(dim=0)[crosses])
    return float(torch.cat(jumps).mean()) * 1e4


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dataset", default="photos")
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--mask", default="center-box")
    parser.add_argument("--method", default="glcic")
    options = parser.parse_args()
    torch.set_num_threads(1)
    ids, images, sources = load(options.dataset, options.size, None, None)
    mask = plugins.mask(options.mask)
    holes = [mask(*x.shape[-2:], derive_seed("quality-hole", name))
             for name, x in zip(ids, images, strict=True)]  # fmt: skip
    joint = "," if "=" in options.method else ":"
    outputs = {
        "true image": images,
        "blend=none": complete(f"{options.method}{joint}blend=none", images, holes),
        "blend=poisson": complete(f"{options.method}{joint}blend=poisson", images, holes),
    }
    asked = f"{options.method}, {options.mask}, {options.dataset} at {options.size}"
    print(f"{asked}, n = {len(images)}\n")
    print("| | seam energy x 1e4 | PSNR | LPIPS | known pixels changed |\n|---|---|---|---|---|")
    energies = {}
    for name, out in outputs.items():
        energy = np.array([seam_energy(o, h) for o, h in zip(out, holes, strict=True)])
        energies[name] = energy
        low, high = bootstrap_interval(energy, sources, seed=0)
        psnr, lpips = (scores(m, out, images, holes).mean() for m in ("psnr", "lpips"))
        touched = sum(int((o != t)[~h.expand_as(t)].sum())
                      for o, t, h in zip(out, images, holes, strict=True))  # fmt: skip
        print(f"| {name} | {energy.mean():.1f} [{low:.1f}, {high:.1f}] | {psnr:.2f} | {lpips:.4f} "
              f"| {touched} |")  # fmt: skip
    d = paired_bootstrap(energies["blend=poisson"] - energies["blend=none"], sources, seed=0)
    print(f"\npoisson - none: {d.mean:+.1f} [{d.low:+.1f}, {d.high:+.1f}], p = {d.p_value:.4f}")


if __name__ == "__main__":
    main()
