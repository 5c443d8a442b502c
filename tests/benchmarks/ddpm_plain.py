"""A plain U-Net of guided-diffusion, built from its state dict: contiguous, float32, einsum.

The independent reference for methods.ddpm.unet in tests and for measurements of its speed.
Scale-shift norm, residual blocks that change the resolution, legacy order of q, k and v.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch.nn import functional as F

State = Mapping[str, torch.Tensor]


def plain_unet(
    state: State,
    x: torch.Tensor,
    t: torch.Tensor,
    *,
    channels: int,
    head_channels: int,
    groups: int,
) -> torch.Tensor:
    """Map (N, C, H, W) and t (N,) to the network's output."""
    half = channels // 2
    angle = t[:, None].float() * torch.exp(-math.log(10000) * torch.arange(half).float() / half)
    emb = torch.cat([torch.cos(angle), torch.sin(angle)], dim=-1)
    emb = linear(state, "time_embed.2", F.silu(linear(state, "time_embed.0", emb)))
    shape = Shape(state, emb, head_channels, groups)
    kept = []
    h = x
    for i in range(count(state, "input_blocks")):
        h = shape.block(f"input_blocks.{i}", h, shrink=i > 0)
        kept.append(h)
    h = shape.block("middle_block", h)
    for i in range(count(state, "output_blocks")):
        h = shape.block(f"output_blocks.{i}", torch.cat([h, kept.pop()], dim=1), grow=True)
    return conv(state, "out.2", F.silu(shape.norm("out.0", h)))


class Shape:
    """The state dict, the embedding, and the sizes that the state dict does not contain."""

    def __init__(self, state: State, emb: torch.Tensor, head_channels: int, groups: int) -> None:
        self.state, self.emb = state, emb
        self.head_channels, self.groups = head_channels, groups
        self.downs = self._resampling("input_blocks")
        self.ups = self._resampling("output_blocks")

    def block(
        self, name: str, h: torch.Tensor, *, shrink: bool = False, grow: bool = False
    ) -> torch.Tensor:
        """Apply the modules name.0, name.1, ... in order."""
        for j in range(count(self.state, name)):
            module = f"{name}.{j}"
            if f"{module}.weight" in self.state:
                h = conv(self.state, module, h)
            elif f"{module}.qkv.weight" in self.state:
                h = self.attention(module, h)
            else:
                down = shrink and module in self.downs
                up = grow and module in self.ups
                h = self.residual(module, h, down=down, up=up)
        return h

    def residual(self, name: str, x: torch.Tensor, *, down: bool, up: bool) -> torch.Tensor:
        h = F.silu(self.norm(f"{name}.in_layers.0", x))
        if down:
            h, x = F.avg_pool2d(h, 2), F.avg_pool2d(x, 2)
        if up:
            h = F.interpolate(h, scale_factor=2, mode="nearest")
            x = F.interpolate(x, scale_factor=2, mode="nearest")
        h = conv(self.state, f"{name}.in_layers.2", h)
        emb = linear(self.state, f"{name}.emb_layers.1", F.silu(self.emb))[:, :, None, None]
        scale, shift = torch.chunk(emb, 2, dim=1)
        h = self.norm(f"{name}.out_layers.0", h) * (1 + scale) + shift
        h = conv(self.state, f"{name}.out_layers.3", F.silu(h))
        skip = f"{name}.skip_connection"
        return h + (conv(self.state, skip, x) if f"{skip}.weight" in self.state else x)

    def attention(self, name: str, x: torch.Tensor) -> torch.Tensor:
        n, c, height, width = x.shape
        flat = x.reshape(n, c, height * width)
        normed = F.group_norm(
            flat, self.groups, self.state[f"{name}.norm.weight"], self.state[f"{name}.norm.bias"]
        )
        qkv = F.conv1d(normed, self.state[f"{name}.qkv.weight"], self.state[f"{name}.qkv.bias"])
        heads = c // self.head_channels
        q, k, v = qkv.reshape(n * heads, 3 * self.head_channels, -1).split(self.head_channels, 1)
        scale = 1 / math.sqrt(math.sqrt(self.head_channels))
        weight = torch.softmax(torch.einsum("bct,bcs->bts", q * scale, k * scale), dim=-1)
        a = torch.einsum("bts,bcs->bct", weight, v).reshape(n, c, -1)
        proj = self.state[f"{name}.proj_out.weight"], self.state[f"{name}.proj_out.bias"]
        return (flat + F.conv1d(a, *proj)).reshape(n, c, height, width)

    def norm(self, name: str, x: torch.Tensor) -> torch.Tensor:
        weight, bias = self.state[f"{name}.weight"], self.state[f"{name}.bias"]
        return F.group_norm(x, self.groups, weight, bias)

    def _resampling(self, stack: str) -> set[str]:
        """Name the blocks that change the resolution, which the keys alone do not distinguish.

        On the way down these are the blocks whose number is a multiple of 3 (two per level), on the
        way up the last module of every third block that has a second residual block.
        """
        if stack == "input_blocks":
            return {f"{stack}.{i}.0" for i in range(3, count(self.state, stack), 3)}
        names = set()
        for i in range(2, count(self.state, stack), 3):
            last = count(self.state, f"{stack}.{i}") - 1
            if last > 0 and f"{stack}.{i}.{last}.in_layers.0.weight" in self.state:
                names.add(f"{stack}.{i}.{last}")
        return names


def count(state: State, prefix: str) -> int:
    depth = prefix.count(".") + 1
    return len({key.split(".")[depth] for key in state if key.startswith(prefix + ".")})


def conv(state: State, name: str, x: torch.Tensor) -> torch.Tensor:
    weight = state[f"{name}.weight"]
    return F.conv2d(x, weight, state[f"{name}.bias"], padding=weight.shape[-1] // 2)


def linear(state: State, name: str, x: torch.Tensor) -> torch.Tensor:
    return F.linear(x, state[f"{name}.weight"], state[f"{name}.bias"])
