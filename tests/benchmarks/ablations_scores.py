"""Score a variant of the ablations: held-out loss by level, LPIPS of fillings, FID."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import dataclass
from pathlib import Path

import torch

from bench import plugins
from bench.api import Dataset, ImageMetric
from bench.api.seeds import NoiseStreams, derive_seed
from methods.ddpm import DDPM
from methods.ddpm.completer import DiffusionCompleter, Loaded
from methods.ddpm.diffusion import q_sample, split
from methods.ddpm.preprocess import from_network, to_network
from methods.ddpm.samplers.options import Repaint
from methods.ddpm.sampling import generate
from methods.ddpm.schedule import Schedule, cosine
from tests.benchmarks.ddpm_quality import evaluate
from tests.benchmarks.ddpm_samples import fid

# Compared at equal noise, not at equal t: the levels of the cosine schedule's t = 50, 150, ...
LEVELS = tuple(range(50, 1000, 100))
FILL = Repaint(steps=15, jump_length=1, jump_samples=5)
SAMPLING_STEPS = 50
BATCH = 50


@dataclass(frozen=True)
class Measures:
    """How many held-out images are filled and samples drawn, and where the samples are kept."""

    lpips_images: int
    fid_images: int
    folder: Path


def scores(weights: Path, size: int, held_out: Dataset, measures: Measures) -> dict[str, object]:
    """Return all measurements of one network; lists are by level or by image."""
    loss = held_out_loss(weights, size, held_out)
    entries: dict[str, object] = {
        "alpha_bar": [float(cosine().alpha_bar[t]) for t in LEVELS],
        "loss": [[round(x, 6) for x in row] for row in loss.tolist()],
        "lpips": filled(weights, held_out, measures.lpips_images),
    }
    if measures.fid_images:
        entries["fid"] = sampled(weights, size, held_out, measures)
        entries["fid_images"] = measures.fid_images
    return entries


def held_out_loss(weights: Path, size: int, held_out: Dataset, count: int = 500) -> torch.Tensor:
    """Return the mean squared error of eps by level and image, (levels, n), one noise each.

    Predictions of x0 and v are converted to the eps that they imply.  The noise of an image
    and a level is the same for every network.
    """
    loaded = loaded_for(weights, size, steps=1000)
    schedule = loaded.schedule
    rows = []
    for number, t in enumerate(LEVELS):
        level = nearest(schedule, float(cosine().alpha_bar[t]))
        row = []
        for start in range(0, min(count, len(held_out.ids())), BATCH):
            ids = held_out.ids()[start : start + BATCH]
            images = torch.stack([held_out.load(i) for i in ids])
            x0 = to_network(images, loaded.channels)
            seeds = [derive_seed("held-out", number, i) for i in ids]
            noise = NoiseStreams(seeds).normal(x0.shape[1:])
            xt = q_sample(schedule, x0, level, noise)
            step = torch.full((len(ids),), int(schedule.network_step[level]))
            with torch.inference_mode():
                eps, _ = split(loaded.network(xt, step), loaded.channels)
            row.append((eps - noise).square().flatten(1).mean(1))
        rows.append(torch.cat(row))
    return torch.stack(rows)


def nearest(schedule: Schedule, alpha_bar: float) -> int:
    """Return the level whose signal-to-noise ratio is nearest to alpha_bar's."""
    ratio = torch.logit(schedule.alpha_bar[1:].clamp(1e-12, 1 - 1e-12))
    target = torch.logit(torch.tensor(alpha_bar, dtype=torch.float64))
    return int((ratio - target).abs().argmin()) + 1


def filled(weights: Path, held_out: Dataset, count: int) -> list[float]:
    """Return the LPIPS of filled center boxes, one per image."""
    ids = held_out.ids()[:count]
    small = held_out.load(ids[0]).shape[-1] < 64
    metric = plugins.metric("lpips_up64" if small else "lpips")
    assert isinstance(metric, ImageMetric)
    box = plugins.mask("center-box")
    entries, _, _ = evaluate(DDPM(FILL, path=weights), box, held_out, ids, metric, BATCH)
    return [round(score, 5) for score in entries]


def sampled(weights: Path, size: int, held_out: Dataset, measures: Measures) -> float:
    """Return the FID of unconditional samples against as many held-out images."""
    loaded = loaded_for(weights, size, SAMPLING_STEPS)
    made = []
    for start in range(0, measures.fid_images, BATCH):
        last = min(start + BATCH, measures.fid_images)
        seeds = [derive_seed("sample", i) for i in range(start, last)]
        batch = generate(loaded.network, loaded.schedule, loaded.channels, size, seeds)
        made.append(from_network(batch))
    options = Namespace(
        dataset=held_out.name, size=size, count=measures.fid_images, out=measures.folder
    )
    return round(fid(torch.cat(made), options), 2)


def loaded_for(weights: Path, size: int, steps: int) -> Loaded:
    """Return a network with its schedule at this many levels."""
    options = Repaint(steps=steps, jump_length=1, jump_samples=1)
    return DiffusionCompleter(DDPM(options, path=weights), "cpu").choose((size, size))
