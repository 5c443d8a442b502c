"""The exact law of a linear sampler, from the sampler itself, and its distance to the posterior.

With a Gaussian prior's network and no clamp, x = A y + sum over draws B_k z_k.  A row of a batch
whose noise is one unit pulse returns a column of one B_k, so a batch of all pulses gives the
covariance, and rows without noise give A: no formula of the sampler is written twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch

from methods.ddpm.samplers.denoiser import Denoiser
from methods.ddpm.samplers.exact import Mixture, condition, gaussian
from methods.ddpm.schedule import Schedule

WIDTH, LENGTH = 64, 8.0
CHUNK = 4096


class Pulses:
    """Noise of (rows, 1, 1, D) that is 0 but for a 1 in row r at draw r // D, pixel r % D."""

    def __init__(self, first: int, rows: int, width: int) -> None:
        self.first, self.rows, self.width = first, rows, width
        self.drawn = 0

    def normal(self, copies: int = 1) -> torch.Tensor:
        assert copies == 1
        x = torch.zeros(self.rows, self.width, dtype=torch.float64)
        row = self.drawn * self.width - self.first
        first, last = max(row, 0), min(row + self.width, self.rows)
        inside = torch.arange(first, max(first, last))
        x[inside, inside - row] = 1
        self.drawn += 1
        return x.reshape(self.rows, 1, 1, self.width)

    def uniform(self) -> torch.Tensor:
        return torch.full((self.rows,), 0.5, dtype=torch.float64)


@dataclass(frozen=True)
class Law:
    """gain: (hole, known), of the sampler's mean; covariance: (hole, hole)."""

    gain: torch.Tensor
    covariance: torch.Tensor


@dataclass(frozen=True)
class Distance:
    """w: sqrt(E_y W2^2 / tr C) to the posterior; g: slope of the mean; v: ratio of the traces."""

    w: float
    g: float
    v: float


def field(variance: float = 1.0) -> Mixture:
    """The Gaussian field of 64 pixels with covariance exp(-|i - j| / 8)."""
    place = torch.arange(WIDTH, dtype=torch.float64)
    return gaussian(variance * torch.exp(-(place[:, None] - place).abs() / LENGTH))


def middle() -> torch.Tensor:
    """The hole 24..39."""
    hole = torch.zeros(WIDTH, dtype=torch.bool)
    hole[24:40] = True
    return hole


def propagate(sampler: Any, prior: Mixture, schedule: Schedule, options: Any) -> Law:
    """Return the law of a linear sampler."""
    hole = middle()
    network = prior.network(schedule)

    def run(y: torch.Tensor, noise: Pulses) -> torch.Tensor:
        shaped = y.reshape(-1, 1, 1, WIDTH)
        missing = hole.expand(len(y), 1, 1, WIDTH)
        denoiser = Denoiser(network, schedule, len(y), clamp=False)
        with torch.no_grad():
            x = sampler(denoiser, schedule, shaped, missing, noise, options)
        return x.reshape(-1, WIDTH)[:, hole]

    still = Pulses(10**9, int((~hole).sum()), WIDTH)
    gain = run(torch.eye(WIDTH).double()[~hole], still).T
    rows = still.drawn * WIDTH
    covariance = torch.zeros(int(hole.sum()), int(hole.sum())).double()
    for first in range(0, rows, CHUNK):
        count = min(CHUNK, rows - first)
        columns = run(torch.zeros(count, WIDTH).double(), Pulses(first, count, WIDTH))
        covariance += columns.T @ columns
    return Law(gain, covariance)


def distance(law: Law, prior: Mixture) -> Distance:
    """Return how far a law is from the posterior, exactly averaged over y."""
    hole = middle()
    gain, covariance = condition(prior.covariance, hole)
    known = prior.covariance[~hole][:, ~hole]
    off = law.gain - gain
    mean = torch.trace(off @ known @ off.T)
    slope = torch.trace(law.gain @ known @ gain.T) / torch.trace(gain @ known @ gain.T)
    bures = torch.trace(law.covariance + covariance) - 2 * _root_trace(law.covariance, covariance)
    trace = torch.trace(covariance)
    w = ((mean + bures).clamp(min=0) / trace).sqrt()
    return Distance(float(w), float(slope), float(torch.trace(law.covariance) / trace))


def _root_trace(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """Return tr (b^1/2 a b^1/2)^1/2."""
    values, vectors = torch.linalg.eigh(b)
    root = vectors @ torch.diag(values.clamp(min=0).sqrt()) @ vectors.T
    return torch.linalg.eigvalsh(root @ a @ root).clamp(min=0).sqrt().sum()
