"""Winograd's filtering against plain convolutions."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from bench.metrics.convolution import ConvReLU
from bench.metrics.winograd import FEWEST, STRIP, WinogradConvReLU


def drawn(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def layer_of(channels: int, channels_out: int) -> WinogradConvReLU:
    weight = drawn(channels_out, channels, 3, 3) / channels
    return WinogradConvReLU(weight, drawn(channels_out, seed=1) / 10)


@pytest.mark.parametrize("size", [(16, 16), (17, 30), (90, 41), (13, 270), (4 * STRIP, 8)])
def test_it_is_the_convolution(size) -> None:
    layer = layer_of(5, 7)
    x = drawn(2, 5, *size, seed=2)
    expected = F.conv2d(x.double(), layer.weight.double(), layer.bias.double(), padding=1).relu()
    actual = layer(x.contiguous(memory_format=torch.channels_last))
    assert actual.shape == expected.shape
    assert actual.is_contiguous(memory_format=torch.channels_last)
    assert float((actual - expected).abs().max()) < 2e-5 * float(expected.max())
    assert layer._transformed is not None


def test_every_place_of_a_kernel_by_hand() -> None:
    x = torch.arange(256.0).view(1, 1, 16, 16)
    for k in range(9):
        weight = torch.zeros(1, 1, 3, 3)
        weight.view(-1)[k] = 2
        padded = F.pad(x, (1, 1, 1, 1))
        shifted = padded[..., k // 3 : k // 3 + 16, k % 3 : k % 3 + 16]
        actual = WinogradConvReLU(weight, torch.tensor([-100.0]))(x)
        assert torch.allclose(actual, (2 * shifted - 100).relu(), atol=2e-3)


def test_a_row_does_not_depend_on_the_others() -> None:
    layer, x = layer_of(64, 32), drawn(3, 64, 20, 24, seed=3)
    together = layer(x)
    assert torch.equal(together, torch.cat([layer(x[i : i + 1]) for i in range(3)]))


def test_small_maps_go_the_plain_way() -> None:
    layer, x = layer_of(8, 8), drawn(2, 8, 12, 4 * (FEWEST // 3), seed=4)
    plain = ConvReLU(layer.weight, layer.bias, stride=1, padding=(1, 1))
    assert torch.equal(layer(x), plain(x))
    assert layer._transformed is None
