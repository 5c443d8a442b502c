"""A tiny network that learns to give back its input, for the tests of training."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import nn

from bench.api.seeds import derive_seed
from methods.common.ema import Ema
from methods.common.images import FixedImages
from methods.common.initial import initialise

SILENT = {"report": lambda line: None}


def source() -> FixedImages:
    pixels = np.arange(12 * 8 * 8, dtype=np.uint8).reshape(12, 8, 8)
    return FixedImages(pixels)


class Toy:
    """A convolution that learns to give back its input."""

    def __init__(self, rate: float = 1e-3) -> None:
        self.rate = rate
        self.network = nn.Conv2d(3, 3, 3, padding=1)
        initialise(self.network, 0)
        self.average = Ema(self.network, 0.9)
        self.optimiser = torch.optim.Adam(self.network.parameters(), lr=rate)

    def identity(self) -> Mapping[str, float]:
        return {"rate": self.rate}

    def parts(self) -> dict[str, object]:
        return {"network": self.network, "average": self.average, "optimiser": self.optimiser}

    def step(self, step: int) -> dict[str, torch.Tensor]:
        x = source().batch(derive_seed("toy", step), 4)
        loss = (self.network(x) - x).square().mean()
        self.optimiser.zero_grad()
        loss.backward()
        self.optimiser.step()
        self.average.update(self.network, step)
        return {"loss": loss}

    def samples(self, step: int) -> torch.Tensor:
        return source().batch(step, 8)


def weights(toy: Toy) -> bytes:
    parts = [*toy.network.state_dict().values(), *toy.average.state_dict().values()]
    return b"".join(p.numpy().tobytes() for p in parts)
