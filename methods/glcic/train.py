"""Training in three phases: the generator alone, the discriminators alone, both (GLCIC, section 4).

`train` needs a source of images and a source of holes; logs, checkpoints and resumption are the
plumbing of methods.common.
"""

from __future__ import annotations

from pathlib import Path

from bench.api import Json
from methods.common.devices import joined
from methods.common.images import ImageSource
from methods.common.journal import Report, to_stderr
from methods.common.training import Plan, fit
from methods.glcic.checkpoint import save_generator
from methods.glcic.recipes import CONFIGS, PAPER, TrainConfig
from methods.glcic.trainee import Glcic, HoleSource

__all__ = ["CONFIGS", "PAPER", "TrainConfig", "train"]


def train(
    config: TrainConfig,
    source: ImageSource,
    holes: HoleSource,
    out: Path,
    *,
    device: str = "cpu",
    steps: int | None = None,
    minutes: float | None = None,
    report: Report = to_stderr,
) -> int:
    """Train, or go on from the last checkpoint in `out`; return the steps done.

    The averaged generator is `out`/generator.safetensors, which `glcic:path=...` takes.
    steps: stop there (the default is all of the recipe's).  Raises RequestError when `out` holds a
    run of another recipe.
    """
    with joined(device) as process:
        plan = Plan(steps=min(steps or config.steps, config.steps), minutes=minutes)
        model = Glcic(config, source, holes, process)
        done = fit(model, plan, out, process, report=report)
        if process.rank == 0:
            facts: dict[str, Json] = {"recipe": model.identity(), "steps": done}
            save_generator(out / "generator.safetensors", model.averaged(), facts)
        return done
