"""What a network predicts: the noise, the image or v; and the noise that each of them implies.

    eps   the noise (DDPM, eq. 14): what the samplers ask for
    x0    the image
    v     sqrt(alpha_bar) eps - sqrt(1 - alpha_bar) x0 (Salimans and Ho 2022, section 4)

Any two of them and x_t are linear in each other.  x0, xt, noise: (N, C, H, W); t: a level or one a
row, as in methods.ddpm.diffusion.
"""

from __future__ import annotations

import torch
from torch import nn

from methods.ddpm.diffusion import Level, at, split
from methods.ddpm.samplers.denoiser import eps_of
from methods.ddpm.schedule import Schedule


def target(
    kind: str, schedule: Schedule, x0: torch.Tensor, t: Level, noise: torch.Tensor
) -> torch.Tensor:
    """Return what a network of this kind should predict at (x_t, t), (N, C, H, W)."""
    if kind == "eps":
        return noise
    if kind == "x0":
        return x0
    abar = schedule.alpha_bar
    return at(abar.sqrt(), t, x0) * noise - at((1 - abar).sqrt(), t, x0) * x0


def eps_output(
    kind: str, schedule: Schedule, xt: torch.Tensor, t: Level, output: torch.Tensor
) -> torch.Tensor:
    """Return a network's output (N, C or 2C, H, W) with its prediction turned into the noise."""
    if kind == "eps":
        return output
    predicted, variance = split(output, xt.shape[1])
    if kind == "x0":
        eps = eps_of(schedule, xt, t, predicted)
    else:
        abar = schedule.alpha_bar
        eps = at(abar.sqrt(), t, xt) * predicted + at((1 - abar).sqrt(), t, xt) * xt
    return eps if variance is None else torch.cat([eps, variance], dim=1)


class AsEps(nn.Module):
    """Asks a network that predicts x0 or v, and answers with the noise, as samplers expect.

    schedule: the one that the network was trained with, not respaced.
    """

    def __init__(self, network: nn.Module, kind: str, schedule: Schedule) -> None:
        super().__init__()
        self.network, self.kind, self.schedule = network, kind, schedule

    def forward(
        self, x: torch.Tensor, step: torch.Tensor, labels: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Map (N, C, H, W), original steps (N,) and labels to (N, C or 2C, H, W)."""
        output = self.network(x, step, *(() if labels is None else (labels,)))
        return eps_output(self.kind, self.schedule, x, step + 1, output)


def as_eps(network: nn.Module, kind: str, schedule: Schedule) -> nn.Module:
    """Return a network that predicts the noise, whatever the one given predicts."""
    return network if kind == "eps" else AsEps(network, kind, schedule)


class ScaledEps(nn.Module):
    """Multiplies the noise that a network predicts by a factor; a learned variance stays.

    While sampling, x_t drifts from what the network was trained on (exposure bias), and a factor a
    little below 1 brings it nearer: epsilon scaling (Ning et al., ICLR 2024, arXiv 2308.15321),
    who divide by a factor.
    """

    def __init__(self, network: nn.Module, factor: float) -> None:
        super().__init__()
        self.network, self.factor = network, factor

    def forward(
        self, x: torch.Tensor, step: torch.Tensor, labels: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Map (N, C, H, W), steps (N,) and labels to (N, C or 2C, H, W)."""
        output = self.network(x, step, *(() if labels is None else (labels,)))
        eps, variance = split(output, x.shape[1])
        scaled = eps * self.factor
        return scaled if variance is None else torch.cat([scaled, variance], dim=1)


def scaled_eps(network: nn.Module, factor: float) -> nn.Module:
    """Return a network whose predicted noise is multiplied by a factor."""
    return network if factor == 1 else ScaledEps(network, factor)
