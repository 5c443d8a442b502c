"""Muon beside Adam: which weights it steps, how, and that its state is restored."""

from __future__ import annotations

import copy

import torch
from torch import nn

from methods.common.muon import MuonWithAdam
from methods.ddpm.blocks import UNetConfig
from methods.ddpm.train import inner_weights
from methods.ddpm.unet import UNet


class Three(nn.Module):
    """Three convolutions; the middle one is the inner layer."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first, self.last = nn.Conv2d(3, 8, 3), nn.Conv2d(6, 2, 1)
        self.inner = nn.Conv2d(8, 6, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        out: torch.Tensor = self.last(self.inner(self.first(x)))
        return out


def network(layout: torch.memory_format = torch.contiguous_format) -> Three:
    return Three().to(memory_format=layout)


def optimiser_of(net: Three) -> MuonWithAdam:
    return MuonWithAdam(net, list(net.inner.parameters())[:1], 1e-2)


def train(net: Three, optimiser: MuonWithAdam, steps: int) -> None:
    generator = torch.Generator().manual_seed(steps)
    for _ in range(steps):
        optimiser.zero_grad()
        net(torch.randn(4, 3, 9, 9, generator=generator)).square().mean().backward()
        optimiser.step()


def test_it_steps_as_torch_s_two_optimisers_do() -> None:
    net, plain = network(), network()
    matrix = nn.Parameter(plain.inner.weight.detach().flatten(1).clone())
    muon = torch.optim.Muon([matrix], lr=1e-2, weight_decay=0, adjust_lr_fn="match_rms_adamw")
    others = [p for p in plain.parameters() if p is not plain.inner.weight]
    adam = torch.optim.Adam(others, lr=1e-2, fused=True)
    train(net, optimiser_of(net), 3)
    generator = torch.Generator().manual_seed(3)
    for _ in range(3):
        plain.zero_grad()
        plain(torch.randn(4, 3, 9, 9, generator=generator)).square().mean().backward()
        assert plain.inner.weight.grad is not None
        matrix.grad = plain.inner.weight.grad.flatten(1)
        muon.step()
        adam.step()
        plain.inner.weight.data.copy_(matrix.data.view_as(plain.inner.weight))
    for mine, theirs in zip(net.parameters(), plain.parameters(), strict=True):
        assert torch.equal(mine, theirs)


def test_a_step_is_orthogonal_and_of_adam_s_size() -> None:
    net = network(torch.channels_last)
    assert not net.inner.weight.is_contiguous()
    before = net.inner.weight.detach().clone()
    train(net, optimiser_of(net), 1)
    moved = (net.inner.weight.detach() - before).flatten(1)
    assert net.inner.weight.grad is not None
    assert _spread(moved) < 0.5 * _spread(net.inner.weight.grad.flatten(1))
    size = float(moved.square().mean().sqrt())
    assert 0.1e-2 < size < 0.3e-2  # .2 of the rate by Liu et al. 2025


def _spread(matrix: torch.Tensor) -> float:
    """Return the standard deviation of the logarithms of a matrix's singular values."""
    return float(torch.linalg.svdvals(matrix).log().std())


def test_channels_last_changes_the_order_of_the_sums_alone() -> None:
    plain, last = network(), network(torch.channels_last)
    for net in (plain, last):
        train(net, optimiser_of(net), 5)
    moved = (plain.inner.weight - network().inner.weight).abs().max()
    assert (plain.inner.weight - last.inner.weight).abs().max() < 0.1 * moved


def test_a_restored_optimiser_goes_on_as_the_first_would_have() -> None:
    net = network(torch.channels_last)
    optimiser = optimiser_of(net)
    train(net, optimiser, 2)
    other = network(torch.channels_last)
    restored = optimiser_of(other)
    other.load_state_dict(net.state_dict())
    restored.load_state_dict(copy.deepcopy(optimiser.state_dict()))
    for n, o in ((net, optimiser), (other, restored)):
        train(n, o, 3)
    for mine, theirs in zip(other.parameters(), net.parameters(), strict=True):
        assert torch.equal(mine, theirs)


def test_rates_and_gradients_are_those_of_all_parameters() -> None:
    net = network()
    optimiser = optimiser_of(net)
    train(net, optimiser, 1)
    optimiser.zero_grad(set_to_none=False)
    assert all(p.grad is not None and not p.grad.any() for p in net.parameters())
    optimiser.zero_grad()
    assert all(p.grad is None for p in net.parameters())
    for group in optimiser.param_groups:
        group["lr"] = 0.0
    before = copy.deepcopy(net.state_dict())
    train(net, optimiser, 2)
    assert all(torch.equal(net.state_dict()[name], before[name]) for name in before)


def test_the_unet_s_outer_layers_and_biases_are_left_to_adam() -> None:
    unet = UNet(UNetConfig(size=8, channels=16, multipliers=(1, 2), blocks=1, groups=4))
    chosen = {id(weight) for weight in inner_weights(unet)}
    inner = [name for name, weight in unet.named_parameters() if id(weight) in chosen]
    assert inner
    assert all(name.endswith("weight") for name in inner)
    outer = ("time_embed", "input_blocks.0.", "out.")
    assert not [name for name in inner if name.startswith(outer)]
    left = {n for n, p in unet.named_parameters() if id(p) not in chosen and p.ndim > 1}
    assert left == {
        "time_embed.0.weight", "time_embed.2.weight", "input_blocks.0.0.weight", "out.2.weight"
    }  # fmt: skip
