"""Weighted particles: P per row of the batch, adjacent; log-weights (N, P) in float64."""

from __future__ import annotations

import torch


def log_normal(
    x: torch.Tensor, mean: torch.Tensor, spread: torch.Tensor | float, where: torch.Tensor
) -> torch.Tensor:
    """Return the log density of N(mean, spread^2) over `where`, up to a constant, float64 (M,).

    x, mean: (M, C, H, W).  spread: the same or a number.  where: bool (M, 1, H, W).
    """
    each = -0.5 * ((x - mean) / spread).double().square()
    if torch.is_tensor(spread):
        each = each - spread.double().log()
    return torch.where(where, each, 0.0).flatten(1).sum(1)


def weights(log_w: torch.Tensor, level: int) -> torch.Tensor:
    """Return normalised weights (N, P); raises FloatingPointError when all are zero."""
    if not bool(torch.isfinite(log_w.amax(1)).all()):
        raise FloatingPointError(f"all particles lost their weight at level {level}")
    return torch.softmax(log_w, dim=1)


def resample(
    log_w: torch.Tensor, u: torch.Tensor, threshold: float, level: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """Resample systematically the rows whose effective sample size is at most threshold P.

    u: float64 (N,) in [0, 1), one per row, used or not.  Returns the indices (N, P) of the kept
    particles, and their new log-weights: 0 where resampled.
    """
    share = weights(log_w, level)
    n, p = share.shape
    effective = 1 / share.square().sum(1, keepdim=True)
    positions = (u[:, None] + torch.arange(p, device=u.device)) / p
    below = (share.cumsum(1)[:, None, :] < positions[:, :, None]).sum(2).clamp(max=p - 1)
    again = effective <= threshold * p
    stay = torch.arange(p, device=u.device).expand(n, p)
    kept = torch.where(again, below, stay)
    return kept, torch.where(again, 0.0, log_w)


def take(x: torch.Tensor, kept: torch.Tensor) -> torch.Tensor:
    """Return the particles kept: x (N P, ...), kept (N, P)."""
    n, p = kept.shape
    first = torch.arange(n, device=kept.device)[:, None] * p
    return x[(first + kept).flatten()]


def heaviest(x: torch.Tensor, log_w: torch.Tensor) -> torch.Tensor:
    """Return each row's particle of the largest weight, (N, ...)."""
    return take(x, log_w.argmax(1, keepdim=True)) if log_w.shape[1] > 1 else x


def drawn(x: torch.Tensor, log_w: torch.Tensor, u: torch.Tensor) -> torch.Tensor:
    """Return one particle of each row, drawn by weight, (N, ...).  u: float64 (N,) in [0, 1)."""
    n, p = log_w.shape
    below = (weights(log_w, 0).cumsum(1) < u[:, None]).sum(1, keepdim=True).clamp(max=p - 1)
    first = torch.arange(n, device=x.device)[:, None] * p
    return x[(first + below).flatten()]
