"""Training in three phases: the generator alone, the discriminators alone, both (GLCIC, section 4).

    config = CONFIGS["fashion-mnist-32"]
    train(config, source, out, holes=[plugins.mask(name) for name in config.holes], steps=...,
          minutes=..., device="cpu", seed=0, precision="auto") -> Path

`source`: a methods.common.images.ImageSource whose images have the configuration's side; `holes`:
mask generators, drawn from uniformly (one that is named twice is drawn twice as often).  Returns
`out`/weights.safetensors: the averaged generator in half precision, which `glcic:path=...` takes.
`out` also holds what methods.common.training writes.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import torch

from bench.api import Json, MaskGenerator, RequestError
from methods.common import processor
from methods.common.distributed import joined
from methods.common.images import ImageSource
from methods.common.training import Plan, fit
from methods.common.training_log import Report, to_stderr
from methods.glcic.checkpoint import save_generator
from methods.glcic.recipes import CONFIGS, PAPER, TrainConfig
from methods.glcic.trainee import Glcic

__all__ = ["CONFIGS", "PAPER", "TrainConfig", "train"]

WEIGHTS = "weights.safetensors"


def train(
    config: TrainConfig,
    source: ImageSource,
    out: Path,
    *,
    holes: Sequence[MaskGenerator],
    steps: int | None = None,
    minutes: float | None = None,
    device: str = "cpu",
    seed: int = 0,
    precision: str = "auto",
    plan: Plan | None = None,
    start: Path | None = None,
    report: Report = to_stderr,
) -> Path:
    """Train, or go on from the last checkpoint in `out`; return the weights' path.

    steps: stop after so many in all (at most, and by default, the recipe's three phases).
    start: exported weights that the generator begins with; the discriminators begin anew, so that
    the recipe needs their phase, not the first one.  precision: "fp32", "bf16" or "auto", the
    recipe's but never bfloat16 where it is emulated.  Raises RequestError without holes, when `out`
    holds a run of another recipe, and for "bf16" where torch has no bfloat16 at all.
    """
    if not holes:
        raise RequestError("no holes to train on; give mask generators, such as center-box")
    asked, dtype = _precision(config, precision, device)
    used = "bf16" if dtype == torch.bfloat16 else "fp32"
    config = dataclasses.replace(config, seed=seed, precision=used)
    steps = min(steps or config.steps, config.steps)
    plan = dataclasses.replace(plan or Plan(steps), steps=steps, minutes=minutes)
    with joined(device) as process, processor.backend(dtype, device):
        if process.rank == 0:
            processor.announce(asked, dtype, device, report)
        model = Glcic(config, source, holes, process)
        if start is not None:
            model.begin_with(start)
        done = fit(model, plan, out, process, report=report)
        if process.rank == 0:
            _export(model, done, out / WEIGHTS)
    return out / WEIGHTS


def _export(model: Glcic, steps: int, weights: Path) -> None:
    """Write the averaged generator, calibrated, with its recipe and the steps done."""
    model.calibrate()
    facts: dict[str, Json] = {"recipe": model.identity(), "steps": steps}
    save_generator(weights, model.averaged(), facts)


def _precision(config: TrainConfig, precision: str, device: str) -> tuple[str, torch.dtype]:
    """Return the precision that was asked for, by the recipe for "auto", and the type to use."""
    if precision != "auto":
        return precision, processor.choose(precision, device)
    asked = config.precision
    return asked, processor.choose("auto" if asked == "bf16" else asked, device)
