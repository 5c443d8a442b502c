"""The network changed for inference computes what the one it was made from computes."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from bench.api.seeds import torch_stream
from methods.common import processor
from methods.common.initial import initialise
from methods.ddpm.blocks import UNetConfig
from methods.ddpm.inference import UpsampledConv
from methods.ddpm.packed import PackedConv, packable
from methods.ddpm.precision import prepared
from methods.ddpm.unet import UNet

CONFIG = UNetConfig(
    size=16, channels=32, multipliers=(1, 2, 2), attention=(8, 4), head_channels=16, groups=8
)


def normal(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch_stream(seed))


def convolution(kernel: int, stride: int, dtype: torch.dtype) -> nn.Conv2d:
    conv = nn.Conv2d(24, 40, kernel, stride=stride, padding=kernel // 2).requires_grad_(False)
    conv.weight.copy_(normal(*conv.weight.shape, seed=1))
    conv.bias.copy_(normal(40, seed=2))  # type: ignore[union-attr]
    return conv.to(dtype, memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize(("kernel", "stride"), [(3, 1), (1, 1), (3, 2)])
def test_packed_convolutions_give_the_same_at_every_size(
    kernel: int, stride: int, dtype: torch.dtype
) -> None:
    conv = convolution(kernel, stride, dtype)
    packed = PackedConv(copy.deepcopy(conv))
    scale = conv(normal(1, 24, 8, 8).to(dtype)).abs().max()
    for rows, side in ((2, 16), (1, 16), (3, 10), (1, 33)):
        x = normal(rows, 24, side, side).to(dtype, memory_format=torch.channels_last)
        error = (packed(x) - conv(x)).abs().max() / scale
        assert error <= 8 * torch.finfo(dtype).eps
    assert packable(x) == processor.packs(dtype)
    held = packed.conv is not None
    assert held != packable(x), "the stored weights are still held beside the packed ones"


def test_where_nothing_packs_the_plain_convolution_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processor, "packs", lambda dtype: False)
    conv = convolution(3, 1, torch.float32)
    packed = PackedConv(conv)
    x = normal(1, 24, 8, 8)
    assert torch.equal(packed(x), conv(x))
    assert packed.conv is conv


def test_packing_waits_for_an_input_it_is_for() -> None:
    conv = convolution(3, 1, torch.float64)
    packed = PackedConv(conv)
    x = normal(1, 24, 8, 8).double()
    assert torch.equal(packed(x), conv(x))
    assert packed.conv is conv


def test_only_convolutions_padded_with_zeros_are_packed() -> None:
    with pytest.raises(ValueError, match="padded with a number of zeros"):
        PackedConv(nn.Conv2d(3, 3, 3, padding="same"))
    with pytest.raises(ValueError, match="padded with a number of zeros"):
        PackedConv(nn.Conv2d(3, 3, 3, padding=1, padding_mode="reflect"))


def test_an_upsampled_convolution_is_that_of_the_enlarged_image() -> None:
    conv = convolution(3, 1, torch.float32)
    x = normal(2, 24, 7, 9)
    enlarged = nn.functional.interpolate(x, scale_factor=2, mode="nearest")
    assert torch.allclose(UpsampledConv(conv)(x), conv(enlarged), atol=1e-4)


@pytest.mark.parametrize("updown", [True, False])
def test_the_prepared_network_computes_the_same(updown: bool) -> None:
    config = UNetConfig(**{**vars(CONFIG), "updown": updown})
    network = UNet(config).eval().requires_grad_(False)
    initialise(network, 0)
    for number, parameter in enumerate(network.parameters()):
        if not parameter.any():
            parameter.copy_(0.05 * normal(*parameter.shape, seed=number))
    fast = prepared(copy.deepcopy(network), "cpu", "fp32")
    assert sum(isinstance(module, PackedConv) for module in fast.modules()) > 20
    for rows, side in ((2, 16), (1, 24)):
        x, t = normal(rows, 3, side, side), torch.full((rows,), 300)
        expected = network(x, t)
        assert expected.std() > 0.01
        assert torch.allclose(fast(x, t), expected, atol=1e-5 * float(expected.abs().max()))
