"""The network that gradients are taken of: what it keeps and what it leaves out."""

from __future__ import annotations

import ctypes
import types

import pytest
import torch

from bench.api.memory import M_MMAP_THRESHOLD, M_TRIM_THRESHOLD, keep_freed_memory
from methods.ddpm.blocks import UNetConfig
from methods.ddpm.differentiable import differentiable
from methods.ddpm.unet import UNet

SHAPE = UNetConfig(size=64, channels=32, multipliers=(1, 2), blocks=1, attention=(), groups=8)


def gradient(network: torch.nn.Module, x: torch.Tensor) -> torch.Tensor:
    variable = x.clone().requires_grad_()
    out = network(variable, torch.full((len(x),), 500))
    (g,) = torch.autograd.grad(out[:, :3].square().sum(), variable)
    return g


def test_gradients_keep_the_memory_that_they_free(monkeypatch: pytest.MonkeyPatch) -> None:
    """That it saves a tenth is measured, not tested: cleared pages depend on the machine's load."""
    asked: list[tuple[int, int]] = []
    library = types.SimpleNamespace(mallopt=lambda *pair: asked.append(pair) or 1)
    monkeypatch.setattr(ctypes, "CDLL", lambda name: library)
    network = differentiable(UNet(SHAPE), "cpu")
    assert {which for which, _ in asked} == {M_TRIM_THRESHOLD, M_MMAP_THRESHOLD}
    assert gradient(network, torch.zeros(1, 3, 64, 64)).isfinite().all()


def test_another_c_library_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda name: object())
    assert keep_freed_memory() is False


def test_only_the_input_has_a_gradient() -> None:
    network = differentiable(UNet(SHAPE), "cpu")
    assert not any(p.requires_grad for p in network.parameters())
    x = torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(0)).requires_grad_()
    assert network(x, torch.zeros(1, dtype=torch.long)).requires_grad
