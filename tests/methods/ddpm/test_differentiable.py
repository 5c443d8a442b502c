"""The network that gradients are taken of: what it keeps and what it leaves out."""

from __future__ import annotations

import ctypes
import platform
import resource
import subprocess
import sys
from itertools import pairwise

import pytest
import torch

from bench.api.memory import keep_freed_memory
from methods.ddpm.blocks import UNetConfig
from methods.ddpm.differentiable import differentiable
from methods.ddpm.unet import UNet
from tests.conftest import ROOT

SHAPE = UNetConfig(size=64, channels=32, multipliers=(1, 2), blocks=1, attention=(), groups=8)


def gradient(network: torch.nn.Module, x: torch.Tensor) -> torch.Tensor:
    variable = x.clone().requires_grad_()
    out = network(variable, torch.full((len(x),), 500))
    (g,) = torch.autograd.grad(out[:, :3].square().sum(), variable)
    return g


def faults_of_a_gradient(network: torch.nn.Module, x: torch.Tensor) -> int:
    """Return how many pages the system had to clear, at best of three."""
    counts = [resource.getrusage(resource.RUSAGE_SELF).ru_minflt]
    for _ in range(3):
        gradient(network, x)
        counts.append(resource.getrusage(resource.RUSAGE_SELF).ru_minflt)
    return min(after - before for before, after in pairwise(counts))


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="mallopt is glibc's")
def test_gradients_reuse_the_memory_that_they_freed() -> None:
    """In a process of its own: what other tests left in the heap decides what must be cleared."""
    code = f"from {__name__} import check_faults; check_faults()"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]


def check_faults() -> None:
    """Assert that a gradient clears fewer pages than one feature map has."""
    network, x = differentiable(UNet(SHAPE), "cpu"), torch.zeros(8, 3, 64, 64)
    gradient(network, x)
    a_feature_map = 8 * 32 * 64 * 64 * 4 // resource.getpagesize()
    assert faults_of_a_gradient(network, x) < a_feature_map


def test_another_c_library_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda name: object())
    assert keep_freed_memory() is False


def test_only_the_input_has_a_gradient() -> None:
    network = differentiable(UNet(SHAPE), "cpu")
    assert not any(p.requires_grad for p in network.parameters())
    x = torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(0)).requires_grad_()
    assert network(x, torch.zeros(1, dtype=torch.long)).requires_grad
