"""Small networks as TorchScript and ONNX files, and inputs for them."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest
import torch

from bench.api.imaging import hide
from bench.api.seeds import NoiseStreams, derive_seed


class Small(torch.nn.Module):
    """A network of a few convolutions, called with (image, mask)."""

    def __init__(self) -> None:
        super().__init__()
        first, last = torch.nn.Conv2d(4, 8, 3, padding=1), torch.nn.Conv2d(8, 3, 3, padding=1)
        for k, layer in enumerate((first, last)):
            shape = layer.weight.shape
            stream = NoiseStreams([derive_seed("small", k)])
            layer.weight = torch.nn.Parameter(stream.uniform(shape)[0] * 0.2 - 0.1)
            torch.nn.init.zeros_(layer.bias)  # type: ignore[arg-type]
        self.layers = torch.nn.Sequential(first, torch.nn.Tanh(), last, torch.nn.Sigmoid())

    def forward(self, image: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        return self.layers(torch.cat([image * (1 - mask), mask], 1))


class Stacked(Small):
    def forward(self, both: torch.Tensor) -> torch.Tensor:  # type: ignore[override]
        return self.layers(both)


class Asked:
    """Records what it is called with, and returns an image of one level."""

    def __init__(self, level: float) -> None:
        self.level, self.tensors = level, ()

    def __call__(self, *tensors: torch.Tensor) -> torch.Tensor:
        self.tensors = tensors
        return torch.full((len(tensors[0]), 3, *tensors[0].shape[-2:]), self.level)


def save(network: torch.nn.Module, path: Path, *examples: torch.Tensor) -> Path:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # TorchScript is deprecated, not gone
        torch.jit.save(torch.jit.trace(network.eval(), examples), str(path))
    return path


def export(network: torch.nn.Module, path: Path, *examples: torch.Tensor, **more: object) -> Path:
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter without dynamo is deprecated, not gone
        torch.onnx.export(network.eval(), examples, str(path), dynamo=False, **more)  # type: ignore[arg-type]
    return path


def pair(side: int = 32) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.zeros(1, 3, side, side), torch.zeros(1, 1, side, side)


def example(height: int = 40, width: int = 56) -> tuple[torch.Tensor, torch.Tensor]:
    image = NoiseStreams([1, 2]).uniform((3, height, width))
    hole = torch.zeros(2, 1, height, width, dtype=torch.bool)
    hole[:, :, 10:30, 16:40] = True
    return hide(image, hole), hole
