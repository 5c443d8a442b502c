"""Small networks, noise and holes for the tests of the samplers."""

from __future__ import annotations

import typing
from typing import Any

import pytest
import torch

from bench.api.seeds import torch_stream
from methods.ddpm.samplers.options import Sampler
from methods.ddpm.sampling import inpaint, spaced
from methods.ddpm.schedule import linear

EVERY = typing.get_args(Sampler)
DTYPES = pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)


def normal(*shape: int, seed: int = 0, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    return torch.randn(*shape, generator=torch_stream(seed), dtype=torch.float64).to(dtype)


def centre(n: int, size: int = 8) -> torch.Tensor:
    hole = torch.zeros(n, 1, size, size, dtype=torch.bool)
    hole[:, :, size // 4 : 3 * size // 4, size // 4 : 3 * size // 4] = True
    return hole


def curved(x: torch.Tensor, step: torch.Tensor, *labels: torch.Tensor) -> torch.Tensor:
    """A smooth network that is not linear, and mixes neighbours."""
    mixed = x + 0.3 * x.roll(1, -1) + 0.2 * x.roll(1, -2)
    shift = labels[0].to(x).reshape(-1, 1, 1, 1) if labels else 0.0
    return torch.tanh(mixed + shift) * (0.5 + step.to(x).reshape(-1, 1, 1, 1) / 2000)


def learning(x: torch.Tensor, step: torch.Tensor) -> torch.Tensor:
    return torch.cat([curved(x, step), torch.tanh(x)], dim=1)


def fill(options: Any, y: torch.Tensor, hole: torch.Tensor, seeds: list[int]) -> torch.Tensor:
    return inpaint(curved, spaced(linear(), options), y, hole, seeds, options).x
