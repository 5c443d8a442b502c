"""Sampling from a network: an image with a hole filled by any sampler, or one from noise alone."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch

from methods.ddpm.diffusion import p_sample
from methods.ddpm.samplers.denoiser import Denoiser, Network
from methods.ddpm.samplers.options import Sampler
from methods.ddpm.samplers.steps import RowNoise, Watch, unwatched
from methods.ddpm.schedule import Schedule, powered, quadratic

# x_t has about unit variance; guided samplers go a little beyond.
DIVERGED = 1e3


@dataclass(frozen=True)
class Filled:
    """Completed images in [-1, 1], (N, C, H, W), and the network's cost per row."""

    x: torch.Tensor
    evaluations: int
    gradients: int


def spaced(schedule: Schedule, options: Sampler) -> Schedule:
    """Return the levels that a sampler walks; raises RequestError when there are not so many."""
    if getattr(options, "spacing", "even") == "quadratic":
        return quadratic(schedule, options.steps)
    return powered(schedule, options.steps, getattr(options, "power", 1.0))


def find(options: Sampler) -> Callable[..., torch.Tensor]:
    """Return the sampler of some options: (network, schedule, y, hole, noise, options) -> x."""
    module, _, function = options.function.partition(":")
    sampler: Callable[..., torch.Tensor] = getattr(importlib.import_module(module), function)
    return sampler


def inpaint(
    network: Network,
    schedule: Schedule,
    y: torch.Tensor,
    hole: torch.Tensor,
    seeds: Sequence[int],
    options: Sampler,
    *,
    labels: torch.Tensor | None = None,
    watch: Watch = unwatched,
) -> Filled:
    """Fill the holes of y (N, C, H, W), in [-1, 1], by the sampler that `options` are of.

    schedule: already spaced.  hole: bool (N, 1, H, W), True = missing.  Row i depends on y[i],
    hole[i], labels[i] and seeds[i] alone.  Raises FloatingPointError when the sampler diverges.
    """
    denoiser = Denoiser(network, schedule, len(y), labels=labels)
    sampler = find(options)

    def watched(level: int, x: torch.Tensor) -> None:
        if not bool((x.abs() < DIVERGED).all()):
            told = f"at step {schedule.T - level} of {schedule.T}, level {level}"
            raise FloatingPointError(f"{options.name} diverged {told}")
        watch(level, x)

    # Inference mode saves a little; gradients cannot be taken in it.
    with torch.no_grad() if options.gradients else torch.inference_mode():
        noise = RowNoise(seeds, y)
        x = sampler(denoiser, schedule, y, hole, noise, options, watched)
    return Filled(x, denoiser.evaluations, denoiser.gradients)


@torch.inference_mode()
def generate(
    network: Network, schedule: Schedule, channels: int, size: int, seeds: Sequence[int]
) -> torch.Tensor:
    """Sample images without any known pixels (DDPM, algorithm 2): (N, channels, size, size)."""
    denoiser = Denoiser(network, schedule, len(seeds))
    like = torch.empty(0, channels, size, size, device=_device(network))
    noise = RowNoise(seeds, like)
    x = noise.normal()
    for t in range(schedule.T, 0, -1):
        x = p_sample(schedule, x, t, denoiser(x, t), noise.normal())
    return x


def _device(network: Network) -> torch.device:
    """Return where a module's parameters are; a plain function is on the CPU."""
    if isinstance(network, torch.nn.Module):
        return next(network.parameters()).device
    return torch.device("cpu")
