"""Priors with known network and posterior, the reference for measuring the samplers.

Not for photographs: the command line does not offer `exact`.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

from methods.ddpm.samplers.denoiser import Denoiser, Network
from methods.ddpm.samplers.steps import Noise, Watch, unwatched
from methods.ddpm.schedule import Schedule


@dataclass(frozen=True, eq=False)
class Mixture:
    """A mixture of Gaussians with one covariance; one mode is a Gaussian.

    modes: float64 (M, D), their means.  shares: (M,), summing to 1.  covariance: (D, D).
    """

    modes: torch.Tensor
    shares: torch.Tensor
    covariance: torch.Tensor

    def network(self, schedule: Schedule) -> Network:
        """Return the best eps of images (N, 1, 1, D) at the schedule's levels, differentiable."""
        levels = {int(step): t for t, step in enumerate(schedule.network_step) if t > 0}
        solved = {}
        for t in levels.values():
            abar = schedule.alpha_bar[t]
            inner = abar * self.covariance + (1 - abar) * torch.eye(len(self.covariance)).double()
            solved[t] = torch.linalg.inv(inner)

        def eps(x: torch.Tensor, step: torch.Tensor) -> torch.Tensor:
            t = levels[int(step[0])]
            abar, inverse = schedule.alpha_bar[t], solved[t].to(x.dtype)
            off = x.flatten(1)[:, None] - (abar.sqrt() * self.modes).to(x.dtype)
            pulled = off @ inverse  # (N, M, D), inverse is symmetric
            log = -0.5 * (off * pulled).sum(2) + self.shares.log().to(x.dtype)
            score = -(torch.softmax(log, 1)[:, :, None] * pulled).sum(1)
            return (-(1 - abar).sqrt() * score).to(x.dtype).reshape(x.shape)

        return eps

    def posterior(self, y: torch.Tensor, hole: torch.Tensor) -> Mixture:
        """Return the exact law of the hole given y.  y: (D,), used where known; hole: bool (D,)."""
        gain, covariance = condition(self.covariance, hole)
        off = y[~hole] - self.modes[:, ~hole]
        inverse = torch.linalg.inv(self.covariance[~hole][:, ~hole])
        log = self.shares.log() - 0.5 * torch.einsum("mi,ij,mj->m", off, inverse, off)
        return Mixture(self.modes[:, hole] + off @ gain.T, torch.softmax(log, 0), covariance)


def gaussian(covariance: torch.Tensor) -> Mixture:
    """Return the Gaussian of mean 0."""
    return Mixture(torch.zeros(1, len(covariance)).double(), torch.ones(1).double(), covariance)


def condition(covariance: torch.Tensor, hole: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return gain and covariance of a Gaussian's hole: S_hk S_kk^-1, S_hh - S_hk S_kk^-1 S_kh."""
    across = covariance[hole][:, ~hole]
    gain = torch.linalg.solve(covariance[~hole][:, ~hole], across.T).T
    return gain, covariance[hole][:, hole] - gain @ across.T


def exact(
    network: Denoiser,
    schedule: Schedule,
    y: torch.Tensor,
    hole: torch.Tensor,
    noise: Noise,
    options: Mixture,
    watch: Watch = unwatched,
) -> torch.Tensor:
    """Draw the holes of y (N, 1, 1, D) from their exact law; `network` is not called."""
    x, drawn, u = y.clone(), noise.normal(), noise.uniform()
    for i, (row, missing) in enumerate(zip(y.flatten(1), hole.flatten(1), strict=True)):
        law = options.posterior(row.double(), missing)
        mode = int((law.shares.cumsum(0) < u[i]).sum().clamp(max=len(law.shares) - 1))
        root = torch.linalg.cholesky(law.covariance)
        filled = law.modes[mode] + root @ drawn[i].flatten()[missing].double()
        x[i, 0, 0, missing] = filled.to(x)
    watch(0, x)
    return x
