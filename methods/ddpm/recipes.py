"""What `bench train ddpm` trains: the configurations by name, and their parameters."""

from __future__ import annotations

import dataclasses
from typing import Literal

from bench.api import added_later
from methods.ddpm.blocks import UNetConfig

Optimiser = Literal["adam", "muon"]


@dataclasses.dataclass(frozen=True)
class TrainingConfig:
    """What to train.

    unet: its out_channels are twice its in_channels when the variance is learned (hybrid loss).
    ema: decay of the shipped average.  warmup, cooldown: steps over which the learning rate rises
    at the start and decreases to 0 at the end (0: it stays constant, and a run can be prolonged as
    if it had never ended).  clip: of the gradient's norm.  optimiser: "adam", or "muon" for the
    inner layers' weights and Adam for the others (methods.common.muon), with the same rate.
    perturbation: gamma of DDPM-IP (Ning et al., ICML 2023, arXiv 2301.11706, algorithm 1): as much
    more noise, of its own, in x_t, which is not to be predicted; 0 is DDPM, theirs is .1.
    compile: by torch.compile, which needs a C++ compiler on a CPU and takes minutes before the
    first step; no part of the recipe.
    """

    unet: UNetConfig
    schedule: str = "cosine"
    steps: int = 100_000
    batch: int = 64
    learning_rate: float = 1e-3
    warmup: int = 200
    cooldown: int = 0
    clip: float = 1.0
    ema: float = 0.998
    optimiser: Optimiser = added_later("adam")
    perturbation: float = added_later(0.0)
    compile: bool = False


SMALL = UNetConfig(
    size=32,
    in_channels=1,
    out_channels=2,
    channels=32,
    multipliers=(1, 2, 2),
    blocks=1,
    attention=(8, 4),
    groups=8,
    updown=False,
    patch=2,
)
CONFIGS = {
    "small": TrainingConfig(dataclasses.replace(SMALL, in_channels=3, out_channels=6)),
    "fashion-mnist-32": TrainingConfig(SMALL),
    "photos-64": TrainingConfig(
        dataclasses.replace(
            SMALL,
            size=64,
            in_channels=3,
            out_channels=6,
            multipliers=(1, 2, 3),
            attention=(8,),
        ),
        batch=16,
    ),
    "medium-64": TrainingConfig(UNetConfig(), steps=500_000, batch=128, learning_rate=1e-4),
}
