"""The diffusion process as pure functions (Ho et al. 2020; Nichol and Dhariwal 2021).

One equation each.
x0, xt, eps, noise: (N, C, H, W), images in [-1, 1].  t: a level 1..T, one int for the batch or
int64 (N,), one per row.
"""

from __future__ import annotations

import math

import torch

from methods.ddpm.schedule import Schedule

Level = int | torch.Tensor
LEAST_ALPHA_BAR = 1e-5


def q_step(schedule: Schedule, x: torch.Tensor, t: Level, noise: torch.Tensor) -> torch.Tensor:
    """Sample q(x_t | x_{t-1}): x is at level t - 1 (DDPM, eq. 2)."""
    beta = schedule.beta
    return at((1 - beta).sqrt(), t, x) * x + at(beta.sqrt(), t, x) * noise


def q_sample(schedule: Schedule, x0: torch.Tensor, t: Level, noise: torch.Tensor) -> torch.Tensor:
    """Sample q(x_t | x_0) at once; at level 0 it is x0 (DDPM, eq. 4)."""
    abar = schedule.alpha_bar
    return at(abar.sqrt(), t, x0) * x0 + at((1 - abar).sqrt(), t, x0) * noise


def predict_x0(
    schedule: Schedule, xt: torch.Tensor, t: Level, eps: torch.Tensor, *, clamp: bool = True
) -> torch.Tensor:
    """Return the x0 that eps implies, clamped to [-1, 1] unless told otherwise (DDPM, eq. 15).

    It is shrunk where alpha_bar is below 1e-5 (the cosine schedule's last 3 levels of 1,000):
    there the division by sqrt(alpha_bar), 5e-5 in the end, would turn rounding into an image.
    """
    abar = schedule.alpha_bar
    scale = abar.clamp(min=LEAST_ALPHA_BAR).rsqrt()
    x0 = at(scale, t, xt) * xt - at((1 - abar).sqrt() * scale, t, xt) * eps
    return x0.clamp(-1, 1) if clamp else x0


def posterior(
    schedule: Schedule, x0: torch.Tensor, xt: torch.Tensor, t: Level
) -> tuple[torch.Tensor, torch.Tensor | float]:
    """Mean and variance of q(x_{t-1} | x_t, x_0) (DDPM, eqs. 6-7).

    At t = 1 the variance is 0 and the mean is x0.
    """
    of_x0, of_xt = posterior_weights(schedule)
    mean = at(of_x0, t, xt) * x0 + at(of_xt, t, xt) * xt
    return mean, at(schedule.posterior_variance, t, xt)


def posterior_weights(schedule: Schedule) -> tuple[torch.Tensor, torch.Tensor]:
    """Weights of x_0 and of x_t in the mean of q(x_{t-1} | x_t, x_0), float64 (T + 1,) (eq. 7)."""
    abar, beta = schedule.alpha_bar, schedule.beta
    before = torch.cat([abar[:1], abar[:-1]])
    rest = (1 - abar).clamp(min=1e-300)  # level 0 has no posterior; only 0/0 is avoided
    return before.sqrt() * beta / rest, (1 - beta).sqrt() * (1 - before) / rest


def learned_log_variance(schedule: Schedule, v: torch.Tensor, t: Level) -> torch.Tensor:
    """Interpolate between log beta-tilde and log beta (Nichol and Dhariwal, eq. 15).

    v: (N, C, H, W), the network's second half, in [-1, 1] where it behaves.  log beta-tilde_1 is
    that of level 2, since the variance at t = 1 is 0.
    """
    low, high = at(_log_posterior_variance(schedule), t, v), at(_log_beta(schedule), t, v)
    return low + (v + 1) / 2 * (high - low)


def p_moments(
    schedule: Schedule, xt: torch.Tensor, t: int, output: torch.Tensor, *, clamp: bool = True
) -> tuple[torch.Tensor, torch.Tensor | float]:
    """Mean and standard deviation of p(x_{t-1} | x_t), in terms of the clamped x0.

    output: the network's, (N, C, H, W) eps or (N, 2C, H, W) eps and v; without v the variance is
    beta-tilde, and the deviation a number.
    """
    eps, v = split(output, xt.shape[1])
    mean, variance = posterior(schedule, predict_x0(schedule, xt, t, eps, clamp=clamp), xt, t)
    if v is None:
        return mean, math.sqrt(variance)
    return mean, (learned_log_variance(schedule, v, t) / 2).exp()


def p_sample(
    schedule: Schedule,
    xt: torch.Tensor,
    t: int,
    output: torch.Tensor,
    noise: torch.Tensor,
    *,
    clamp: bool = True,
) -> torch.Tensor:
    """Sample p(x_{t-1} | x_t) (DDPM, algorithm 2).

    At t = 1 nothing is added: the result is the predicted x0.
    """
    mean, spread = p_moments(schedule, xt, t, output, clamp=clamp)
    return mean if t == 1 else mean + spread * noise


def split(output: torch.Tensor, channels: int) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Return a network's output as (eps, v); v is None when the variance is not learned."""
    return output[:, :channels], output[:, channels:] if output.shape[1] > channels else None


def loss_simple(eps: torch.Tensor, noise: torch.Tensor) -> torch.Tensor:
    """Mean squared error of the predicted noise, (N,) (DDPM, eq. 14)."""
    return (eps - noise).square().flatten(1).mean(1)


def loss_vlb(
    schedule: Schedule,
    x0: torch.Tensor,
    xt: torch.Tensor,
    t: torch.Tensor,
    output: torch.Tensor,
) -> torch.Tensor:
    """The variational bound's term t, in bits per dimension, (N,) (Nichol and Dhariwal, eqs. 4-7).

    Gradients flow into the variance alone: the mean's are stopped.  At t = 1 it is the discretised
    likelihood of 8-bit pixels, else KL(q(x_{t-1} | x_t, x_0) || p(x_{t-1} | x_t)).
    """
    eps, v = split(output, x0.shape[1])
    if v is None:
        raise ValueError("the variational bound needs a network that learns the variance")
    mean, _ = posterior(schedule, predict_x0(schedule, xt, t, eps.detach()), xt, t)
    log_variance = learned_log_variance(schedule, v, t)
    true_mean, _ = posterior(schedule, x0, xt, t)
    true_log = at(_log_posterior_variance(schedule), t, xt)
    kl = gaussian_kl(true_mean, true_log, mean, log_variance).flatten(1).mean(1)
    nll = -discretised_log_likelihood(x0, mean, log_variance / 2).flatten(1).mean(1)
    return torch.where(t == 1, nll, kl) / math.log(2)


def gaussian_kl(
    mean: torch.Tensor, log_var: torch.Tensor | float, mean2: torch.Tensor, log_var2: torch.Tensor
) -> torch.Tensor:
    """KL divergence of two diagonal Gaussians, in nats, element by element."""
    ratio = log_var - log_var2
    return 0.5 * (ratio.exp() - ratio - 1 + (mean - mean2).square() * (-log_var2).exp())


def discretised_log_likelihood(
    x0: torch.Tensor, mean: torch.Tensor, log_std: torch.Tensor
) -> torch.Tensor:
    """Log of the Gaussian's mass in x0's bin of width 2/255 (DDPM, eq. 13), element by element."""
    inverse = (-log_std).exp()
    above = torch.special.ndtr((x0 - mean + 1 / 255) * inverse)
    below = torch.special.ndtr((x0 - mean - 1 / 255) * inverse)
    above = torch.where(x0 > 0.999, torch.ones_like(above), above)
    below = torch.where(x0 < -0.999, torch.zeros_like(below), below)
    return (above - below).clamp(min=1e-12).log()


def at(values: torch.Tensor, t: Level, like: torch.Tensor) -> torch.Tensor | float:
    """Return values[t] so that it multiplies `like`: a float, or (N, 1, 1, 1) for one t per row."""
    if isinstance(t, int):
        return float(values[t])
    return values[t.cpu()].to(like).reshape(-1, 1, 1, 1)


def _log_posterior_variance(schedule: Schedule) -> torch.Tensor:
    """Return log beta-tilde, (T + 1,), with levels 0 and 1 clipped to level 2's."""
    variance = schedule.posterior_variance.clone()
    variance[:2] = variance[min(2, schedule.T)]
    return variance.clamp(min=1e-20).log()


def _log_beta(schedule: Schedule) -> torch.Tensor:
    """Return log beta, (T + 1,), with level 0 clipped to level 1's."""
    return schedule.beta.clamp(min=float(schedule.beta[1:].min())).log()
