"""Call a network at the levels of a schedule: counts, labels and derivatives for all samplers.

Networks are called as network(x, step) with x (N, C, H, W) and step int64 (N,), and return eps or
(eps, v), (N, C or 2C, H, W); class-conditional ones as network(x, step, labels).
"""

from __future__ import annotations

from collections.abc import Callable

import torch

from methods.ddpm.diffusion import LEAST_ALPHA_BAR, Level, at, p_moments, predict_x0, split
from methods.ddpm.schedule import Schedule

Network = Callable[..., torch.Tensor]
Pull = Callable[[torch.Tensor], torch.Tensor]


class Denoiser:
    """Calls a network with the original step of a level, and counts the calls.

    rows: N, of the batch; x may hold each row several times in succession (particles).  labels:
    int64 (N,) or None.  clamp: whether predicted images are in [-1, 1]; the Gaussian priors of the
    tests are not.  evaluations, gradients: so far, per row.
    """

    def __init__(
        self,
        network: Network,
        schedule: Schedule,
        rows: int,
        *,
        labels: torch.Tensor | None = None,
        clamp: bool = True,
    ) -> None:
        self.network, self.schedule, self.rows = network, schedule, rows
        self.labels, self.clamp = labels, clamp
        self.evaluations = self.gradients = 0

    def __call__(self, x: torch.Tensor, t: int) -> torch.Tensor:
        """Return the network's output at level t in x's precision, (M, C or 2C, H, W)."""
        copies = len(x) // self.rows
        step = torch.full((len(x),), int(self.schedule.network_step[t]), device=x.device)
        self.evaluations += copies
        if self.labels is None:
            return self.network(x, step).to(x.dtype)
        return self.network(x, step, self.labels.repeat_interleave(copies)).to(x.dtype)

    def x0(self, xt: torch.Tensor, t: int, output: torch.Tensor) -> torch.Tensor:
        """Return the image that an output at (xt, t) predicts (DDPM, eq. 15)."""
        eps, _ = split(output, xt.shape[1])
        return predict_x0(self.schedule, xt, t, eps, clamp=self.clamp)

    def moments(
        self, xt: torch.Tensor, t: int, output: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor | float]:
        """Return mean and standard deviation of p(x_{t-1} | x_t), learned or fixed."""
        return p_moments(self.schedule, xt, t, output, clamp=self.clamp)

    def predict(self, xt: torch.Tensor, t: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Call the network once; return x0 and the eps that leads from it to xt."""
        x0 = self.x0(xt, t, self(xt, t))
        return x0, eps_of(self.schedule, xt, t, x0)

    def differentiate(self, xt: torch.Tensor, t: int) -> tuple[torch.Tensor, Pull]:
        """Call the network once; return its output and u -> J^T u, J = d x0 / d xt, for one use.

        x0 is the unclamped one (a clamped pixel has no gradient); sqrt(alpha_bar) is bounded from
        below as in predict_x0.  u: (M, C, H, W), taken as constant.
        """
        with torch.enable_grad():
            variable = xt.detach().requires_grad_()
            output = self(variable, t)
            eps, _ = split(output, xt.shape[1])

        def pull(u: torch.Tensor) -> torch.Tensor:
            self.gradients += len(xt) // self.rows
            (through,) = torch.autograd.grad(eps, variable, u.detach())
            abar = self.schedule.alpha_bar
            scale = abar.clamp(min=LEAST_ALPHA_BAR).rsqrt()
            return at(scale, t, xt) * u - at((1 - abar).sqrt() * scale, t, xt) * through

        return output.detach(), pull


def eps_of(schedule: Schedule, xt: torch.Tensor, t: Level, x0: torch.Tensor) -> torch.Tensor:
    """Return the eps that leads from x0 to xt: sqrt(a_t) x0 + sqrt(1 - a_t) eps = x_t.

    Where x0 was clamped, this eps differs from the network's.
    """
    abar = schedule.alpha_bar
    return (xt - at(abar.sqrt(), t, xt) * x0) / at((1 - abar).sqrt(), t, xt)
