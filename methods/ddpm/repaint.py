"""RePaint (Lugmayr et al. 2022): the masked reverse process, with resampling levels as data.

Networks are called as network(x, step) with x (N, C, H, W) and step int64 (N,), and return eps or
(eps, v).  Images are in [-1, 1]; holes are bool (N, 1, H, W), True = missing.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch

from bench.api import RequestError
from bench.api.seeds import NoiseStreams
from methods.ddpm.diffusion import p_sample, q_sample, q_step
from methods.ddpm.schedule import Schedule

Network = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


@dataclass(frozen=True)
class Sampling:
    """A respaced schedule and how it is walked.

    jump_length: levels that a resampling jump goes back up (j).  jump_samples: how often each
    stretch is walked in all (r); 1 is no resampling.
    """

    schedule: Schedule
    jump_length: int = 10
    jump_samples: int = 10

    def __post_init__(self) -> None:
        if self.jump_length < 1 or self.jump_samples < 1:
            raise RequestError(
                f"jump_length={self.jump_length}, jump_samples={self.jump_samples}; "
                "allowed: 1 or more"
            )


def levels(steps: int, jump_length: int, jump_samples: int) -> list[int]:
    """Return the levels visited, from `steps` to 0 (RePaint, algorithm 1 and appendix).

    A step down is one network evaluation, a step up adds noise.  At the levels 1, 1 + jump_length,
    ... up to steps - jump_length the walk goes back up by `jump_length`, `jump_samples` - 1 times.
    """
    left = dict.fromkeys(range(1, steps - jump_length + 1, jump_length), jump_samples - 1)
    walk = [steps]
    while walk[-1] > 0:
        walk.append(walk[-1] - 1)
        if left.get(walk[-1], 0) > 0:
            left[walk[-1]] -= 1
            walk.extend(range(walk[-1] + 1, walk[-1] + jump_length + 1))
    return walk


def evaluations(steps: int, jump_length: int, jump_samples: int) -> int:
    """Return the number of network evaluations of `levels`."""
    walk = levels(steps, jump_length, jump_samples)
    return sum(after < before for before, after in itertools.pairwise(walk))


def masked_reverse_step(
    schedule: Schedule,
    xt: torch.Tensor,
    t: int,
    output: torch.Tensor,
    x0: torch.Tensor,
    hole: torch.Tensor,
    noise: tuple[torch.Tensor, torch.Tensor],
) -> torch.Tensor:
    """Go from level t to t - 1 given the known pixels of x0 (RePaint, eq. 8).

    output: the network's at (xt, t).  noise: of the known and of the unknown part, independent.
    At t = 1 the known part is x0 itself.
    """
    known = q_sample(schedule, x0, t - 1, noise[0])
    unknown = p_sample(schedule, xt, t, output, noise[1])
    return torch.where(hole, unknown, known)


@torch.inference_mode()
def inpaint(
    network: Network,
    sampling: Sampling,
    x0: torch.Tensor,
    hole: torch.Tensor,
    seeds: Sequence[int],
    watch: Callable[[int, torch.Tensor], None] | None = None,
) -> torch.Tensor:
    """Fill the holes of x0 (N, C, H, W); row i depends on x0[i], hole[i] and seeds[i] alone.

    watch: called with (level, x) after every step.
    """
    schedule, shape = sampling.schedule, x0.shape[1:]
    draw = _noise(seeds, shape, x0.device)
    x = next(draw)
    walk = levels(schedule.T, sampling.jump_length, sampling.jump_samples)
    for before, after in itertools.pairwise(walk):
        if after > before:
            x = q_step(schedule, x, after, next(draw))
        else:
            output = evaluate(network, schedule, x, before)
            noise = next(draw), next(draw)
            x = masked_reverse_step(schedule, x, before, output, x0, hole, noise)
        if watch is not None:
            watch(after, x)
    return x


@torch.inference_mode()
def generate(
    network: Network, schedule: Schedule, channels: int, size: int, seeds: Sequence[int]
) -> torch.Tensor:
    """Sample images without any known pixels (DDPM, algorithm 2): (N, channels, size, size)."""
    device = _device(network)
    draw = _noise(seeds, (channels, size, size), device)
    x = next(draw)
    for t in range(schedule.T, 0, -1):
        x = p_sample(schedule, x, t, evaluate(network, schedule, x, t), next(draw))
    return x


def evaluate(network: Network, schedule: Schedule, x: torch.Tensor, t: int) -> torch.Tensor:
    """Return the network's output in float32; it is told the original 0-based step of level t."""
    step = torch.full((len(x),), int(schedule.network_step[t]), device=x.device)
    return network(x, step).float()


def _noise(
    seeds: Sequence[int], shape: Sequence[int], device: torch.device
) -> Iterator[torch.Tensor]:
    """Yield standard normal (N, *shape) on the device, drawn on the CPU, one stream a row."""
    streams = NoiseStreams(seeds)
    while True:
        yield streams.normal(shape).to(device)


def _device(network: Network) -> torch.device:
    """Return where a module's parameters are; a plain function is on the CPU."""
    if isinstance(network, torch.nn.Module):
        return next(network.parameters()).device
    return torch.device("cpu")
