"""The three phases of training, one function each (Iizuka et al. 2017, sec. 3.4, algorithm 1)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import torch
from torch import nn

from bench.api.imaging import composite
from methods.glcic.losses import (
    adversarial_loss,
    discriminator_loss,
    feature_matching_loss,
    reconstruction_loss,
)
from methods.glcic.perceptual import perceptual_loss

if TYPE_CHECKING:
    from methods.glcic.recipes import TrainConfig

Losses = dict[str, torch.Tensor]
LOSSES = (
    "reconstruction",
    "adversarial",
    "matching",
    "perceptual",
    "discriminator",
    "real",
    "fake",
)


@dataclass(frozen=True)
class TrainingBatch:
    """A step's data.  target: (N, 3, S, S).  hole: (N, 1, S, S).  inputs: (N, 4, S, S)."""

    target: torch.Tensor
    hole: torch.Tensor
    inputs: torch.Tensor


class Model(Protocol):
    """What a step needs: the recipe, the discriminators, the optimisers and the networks' calls."""

    config: TrainConfig
    discriminator: nn.Module
    generator_optimiser: torch.optim.Optimizer
    discriminator_optimiser: torch.optim.Optimizer

    def complete(self, batch: TrainingBatch) -> torch.Tensor:
        """Return the generator's output, float32 (N, 3, S, S)."""
        ...

    def judge(
        self, image: torch.Tensor, hole: torch.Tensor
    ) -> tuple[torch.Tensor, list[torch.Tensor]]:
        """Return the discriminators' logits (N,), float32, and maps for whole images."""
        ...

    def perceive(self, image: torch.Tensor) -> list[torch.Tensor]:
        """Return the maps of the perceptual loss's network; none where the recipe has none."""
        ...


def completion_step(model: Model, batch: TrainingBatch) -> Losses:
    """Phase 1: the generator learns to reconstruct (eq. 2)."""
    output = model.complete(batch)
    loss = reconstruction_loss(output, batch.target, batch.hole, model.config.reconstruction)
    model.generator_optimiser.zero_grad(set_to_none=True)
    loss.backward()
    model.generator_optimiser.step()
    return {"reconstruction": loss.detach()}


def discrimination_step(model: Model, batch: TrainingBatch) -> Losses:
    """Phase 2: the discriminators learn to tell real images from composited ones (eq. 3)."""
    with torch.no_grad():
        output = model.complete(batch)
    return update_discriminator(model, batch, output)


def joint_step(model: Model, batch: TrainingBatch) -> Losses:
    """Phase 3: the discriminators' step, then the generator's against them (eq. 4)."""
    output = model.complete(batch)
    losses = update_discriminator(model, batch, output.detach())
    return losses | update_generator(model, batch, output)


def update_discriminator(model: Model, batch: TrainingBatch, output: torch.Tensor) -> Losses:
    """Step the discriminators on real and composited images; `output` carries no gradient.

    The real image's local crop lies around the same hole as the fake's, as in MMagic; the paper and
    GLCIC-PyTorch crop it at random.
    """
    fake = composite(batch.target, output, batch.hole)
    both = torch.cat([batch.target, fake])
    logits, _ = model.judge(both, torch.cat([batch.hole, batch.hole]))
    real_logit, fake_logit = logits.chunk(2)
    loss = discriminator_loss(real_logit, fake_logit, model.config.adversarial)
    model.discriminator_optimiser.zero_grad(set_to_none=True)
    loss.backward()
    model.discriminator_optimiser.step()
    model.discriminator_optimiser.zero_grad(set_to_none=True)
    means = {"real": real_logit.detach().mean(), "fake": fake_logit.detach().mean()}
    return {"discriminator": loss.detach(), **means}


def update_generator(model: Model, batch: TrainingBatch, output: torch.Tensor) -> Losses:
    """Step the generator; the discriminators are frozen, so no gradient is left in them."""
    config = model.config
    fake = composite(batch.target, output, batch.hole)
    freeze(model.discriminator, True)
    try:
        logit, maps, real_maps = _judge_pair(model, batch, fake)
        terms = {
            "reconstruction": reconstruction_loss(
                output, batch.target, batch.hole, config.reconstruction
            ),
            "adversarial": adversarial_loss(logit, config.adversarial),
            "matching": feature_matching_loss(maps, real_maps) if real_maps else torch.zeros(()),
            "perceptual": _perceptual(model, batch, fake),
        }
        loss = terms["reconstruction"] + config.alpha * terms["adversarial"]
        loss = loss + config.feature_matching * terms["matching"].to(loss)
        loss = loss + config.perceptual * terms["perceptual"].to(loss)
        model.generator_optimiser.zero_grad(set_to_none=True)
        loss.backward()
    finally:
        freeze(model.discriminator, False)
    model.generator_optimiser.step()
    return {name: term.detach() for name, term in terms.items()}


def _judge_pair(
    model: Model, batch: TrainingBatch, fake: torch.Tensor
) -> tuple[torch.Tensor, list[torch.Tensor], list[torch.Tensor]]:
    """Return the fakes' logits and maps, and the real images' maps when they are matched."""
    logit, maps = model.judge(fake, batch.hole)
    if not model.config.feature_matching:
        return logit, maps, []
    with torch.no_grad():
        _, real_maps = model.judge(batch.target, batch.hole)
    return logit, maps, real_maps


def _perceptual(model: Model, batch: TrainingBatch, fake: torch.Tensor) -> torch.Tensor:
    """Return the perceptual loss of the composited images, 0 where the recipe has none."""
    with torch.no_grad():
        target = model.perceive(batch.target)
    return perceptual_loss(model.perceive(fake), target) if target else torch.zeros(())


@dataclass(frozen=True)
class Phase:
    """One of the three phases.  steps: its length."""

    name: str
    steps: int
    step: Callable[[Model, TrainingBatch], Losses]


def phases(config: TrainConfig) -> tuple[Phase, Phase, Phase]:
    """Return the three phases in order."""
    return (
        Phase("completion", config.completion, completion_step),
        Phase("discrimination", config.discrimination, discrimination_step),
        Phase("joint", config.joint, joint_step),
    )


def phase_of(step: int, config: TrainConfig) -> Phase:
    """Return the phase of step `step` (0-based)."""
    for phase in phases(config):
        if step < phase.steps:
            return phase
        step -= phase.steps
    raise IndexError(f"the recipe has {config.steps} steps")


def freeze(network: nn.Module, frozen: bool) -> None:
    """Let no gradient reach a network's parameters, or let it again."""
    network.requires_grad_(not frozen)
