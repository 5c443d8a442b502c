"""The U-Net of Dhariwal and Nichol (2021): a network of an image and a number, no diffusion.

Module names are guided-diffusion's, so that its state dicts load unchanged.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional as F


@dataclass(frozen=True)
class UNetConfig:
    """The shape of a U-Net.

    size: side of the images it is trained on, which gives `attention` (sides of the feature maps
    that attend) their levels; other sizes work too.  in_channels; out_channels: twice as many when
    a variance is learned.  channels: of the first level, times `multipliers` at each.  blocks: a
    level.  head_channels: of an attention head.  groups: of every group norm.  scale_shift: the
    embedding scales and shifts the second norm instead of being added.  updown: residual blocks
    change the resolution, not single convolutions.  classes: of the label embedding, or None.
    legacy_order: qkv as heads x (q, k, v), not (q, k, v) x heads.  patch: side of the squares of
    pixels that the first level sees as one, with as many times the channels (not in the paper: it
    makes small networks several times cheaper).
    """

    size: int = 64
    in_channels: int = 3
    out_channels: int = 6
    channels: int = 64
    multipliers: tuple[int, ...] = (1, 2, 3, 4)
    blocks: int = 2
    attention: tuple[int, ...] = (16, 8)
    head_channels: int = 32
    groups: int = 32
    dropout: float = 0.0
    scale_shift: bool = True
    updown: bool = True
    classes: int | None = None
    legacy_order: bool = True
    patch: int = 1

    @property
    def multiple_of(self) -> int:
        """What height and width must be multiples of."""
        return int(self.patch * 2 ** (len(self.multipliers) - 1))


class Block(nn.Module):
    """A module that is given the embedding as well."""

    def forward(self, x: torch.Tensor, emb: torch.Tensor) -> torch.Tensor:
        """Map (N, C, H, W) and (N, E) to (N, C', H', W')."""
        raise NotImplementedError


class EmbedSequential(nn.Sequential, Block):
    """A sequence that hands the embedding to those of its modules that take one."""

    def forward(self, x: torch.Tensor, emb: torch.Tensor) -> torch.Tensor:  # type: ignore[override]
        """Apply the modules in order."""
        for module in self:
            x = module(x, emb) if isinstance(module, Block) else module(x)
        return x


class Upsample(nn.Module):
    """Twice the side by nearest neighbour, then a convolution if asked."""

    def __init__(self, channels: int, *, convolve: bool) -> None:
        super().__init__()
        self.enlarge: nn.Module = nn.Upsample(scale_factor=2.0, mode="nearest")
        self.conv: nn.Module = (
            nn.Conv2d(channels, channels, 3, padding=1) if convolve else nn.Identity()
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map (N, C, H, W) to (N, C, 2H, 2W)."""
        return self.conv(self.enlarge(x))


class Downsample(nn.Module):
    """Half the side, by a strided convolution or by averaging."""

    def __init__(self, channels: int, *, convolve: bool) -> None:
        super().__init__()
        self.op = (
            nn.Conv2d(channels, channels, 3, stride=2, padding=1) if convolve else nn.AvgPool2d(2)
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map (N, C, H, W) to (N, C, H/2, W/2)."""
        return self.op(x)


class ResBlock(Block):
    """Two convolutions around the embedding, with a residual connection.

    resample: None, "up" or "down", applied before the first convolution and to the residual.
    """

    def __init__(
        self, config: UNetConfig, channels: int, out_channels: int, resample: str | None = None
    ) -> None:
        super().__init__()
        width = 2 * out_channels if config.scale_shift else out_channels
        self.scale_shift = config.scale_shift
        self.in_layers = nn.Sequential(
            nn.GroupNorm(config.groups, channels),
            nn.SiLU(),
            nn.Conv2d(channels, out_channels, 3, padding=1),
        )
        self.h_resample = _resampling(channels, resample)
        self.x_resample = _resampling(channels, resample)
        self.emb_layers = nn.Sequential(nn.SiLU(), nn.Linear(4 * config.channels, width))
        self.out_layers = nn.Sequential(
            nn.GroupNorm(config.groups, out_channels),
            nn.SiLU(),
            nn.Dropout(config.dropout),
            _zero(nn.Conv2d(out_channels, out_channels, 3, padding=1)),
        )
        self.skip_connection = (
            nn.Identity() if channels == out_channels else nn.Conv2d(channels, out_channels, 1)
        )

    def forward(self, x: torch.Tensor, emb: torch.Tensor) -> torch.Tensor:
        """Map (N, C, H, W) and (N, E) to (N, C', H', W')."""
        norm, act, conv = self.in_layers
        h = conv(self.h_resample(act(norm(x))))
        modulation = self.emb_layers(emb)[:, :, None, None]
        norm, *rest = self.out_layers
        if self.scale_shift:
            scale, shift = modulation.chunk(2, dim=1)
            h = torch.addcmul(shift, norm(h), 1 + scale)
        else:
            h = norm(h + modulation)
        for layer in rest:
            h = layer(h)
        # In place: h is this block's own, and no gradient needs its value.
        return h.add_(self.skip_connection(self.x_resample(x)))


class Attention(nn.Module):
    """Self-attention over all pixels, with a residual connection."""

    def __init__(self, config: UNetConfig, channels: int) -> None:
        super().__init__()
        self.heads = channels // config.head_channels
        self.legacy_order = config.legacy_order
        self.norm = nn.GroupNorm(config.groups, channels)
        self.qkv = nn.Conv1d(channels, 3 * channels, 1)
        self.proj_out = nn.Conv1d(channels, channels, 1)
        _zero(self.proj_out)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map (N, C, H, W) to the same shape."""
        n, c, height, width = x.shape
        # Pixels as rows: in channels_last memory this is a view, and both 1-d convolutions are
        # matrix products.
        rows = self.norm(x).permute(0, 2, 3, 1).reshape(n, height * width, c)
        qkv = F.linear(rows, self.qkv.weight[:, :, 0], self.qkv.bias)
        if self.legacy_order:
            q, k, v = qkv.reshape(n, -1, self.heads, 3, c // self.heads).unbind(3)
        else:
            q, k, v = qkv.reshape(n, -1, 3, self.heads, c // self.heads).unbind(2)
        h = F.scaled_dot_product_attention(q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2))
        h = h.transpose(1, 2).reshape(n, -1, c)
        h = F.linear(h, self.proj_out.weight[:, :, 0], self.proj_out.bias)
        return x + h.reshape(n, height, width, c).permute(0, 3, 1, 2)


class UNet(nn.Module):
    """A U-Net with skip connections, conditioned on a number t and, if it has classes, a label."""

    def __init__(self, config: UNetConfig) -> None:
        super().__init__()
        self.config = config
        width = config.channels
        self.time_embed = nn.Sequential(
            nn.Linear(width, 4 * width), nn.SiLU(), nn.Linear(4 * width, 4 * width)
        )
        if config.classes is not None:
            self.label_emb = nn.Embedding(config.classes, 4 * width)
        self.input_blocks, widths = _encoder(config)
        deepest = config.multipliers[-1] * width
        self.middle_block = EmbedSequential(
            ResBlock(config, deepest, deepest),
            Attention(config, deepest),
            ResBlock(config, deepest, deepest),
        )
        self.output_blocks = _decoder(config, widths)
        first = config.multipliers[0] * width
        self.out = nn.Sequential(
            nn.GroupNorm(config.groups, first),
            nn.SiLU(),
            _zero(nn.Conv2d(first, config.out_channels * config.patch**2, 3, padding=1)),
        )

    def forward(
        self, x: torch.Tensor, t: torch.Tensor, labels: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Map (N, in_channels, H, W), t (N,) and labels int64 (N,) to (N, out_channels, H, W)."""
        emb = self.time_embed(sinusoids(t, self.config.channels).to(x.dtype))
        if labels is not None:
            emb = emb + self.label_emb(labels)
        x = _unshuffle(x, self.config.patch)
        kept = []
        for block in self.input_blocks:
            x = block(x, emb)
            kept.append(x)
        x = self.middle_block(x, emb)
        for block in self.output_blocks:
            x = block(torch.cat([x, kept.pop()], dim=1), emb)
        return _shuffle(self.out(x), self.config.patch)


def sinusoids(t: torch.Tensor, channels: int) -> torch.Tensor:
    """Sinusoidal embedding of t, (N,) -> float32 (N, channels): cosines, then sines."""
    half = channels // 2
    rate = torch.exp(-math.log(10000) / half * torch.arange(half, device=t.device))
    angle = t[:, None].float() * rate
    return torch.cat([angle.cos(), angle.sin()], dim=1)


def _encoder(config: UNetConfig) -> tuple[nn.ModuleList, list[int]]:
    """Return the blocks on the way down, and the channels each of them gives."""
    width = config.multipliers[0] * config.channels
    blocks: list[nn.Module] = [
        EmbedSequential(nn.Conv2d(config.in_channels * config.patch**2, width, 3, padding=1))
    ]
    widths = [width]
    side = config.size // config.patch
    for level, multiplier in enumerate(config.multipliers):
        for _ in range(config.blocks):
            out = multiplier * config.channels
            layers: list[nn.Module] = [ResBlock(config, width, out)]
            width = out
            if side >> level in config.attention:
                layers.append(Attention(config, width))
            blocks.append(EmbedSequential(*layers))
            widths.append(width)
        if level < len(config.multipliers) - 1:
            down = (
                ResBlock(config, width, width, "down")
                if config.updown
                else Downsample(width, convolve=True)
            )
            blocks.append(EmbedSequential(down))
            widths.append(width)
    return nn.ModuleList(blocks), widths


def _decoder(config: UNetConfig, widths: list[int]) -> nn.ModuleList:
    """Return the blocks on the way up; each takes one of the encoder's outputs, last first."""
    blocks, remaining = [], list(widths)
    side = config.size // config.patch
    width = config.multipliers[-1] * config.channels
    for level, multiplier in reversed(list(enumerate(config.multipliers))):
        for i in range(config.blocks + 1):
            out = multiplier * config.channels
            layers: list[nn.Module] = [ResBlock(config, width + remaining.pop(), out)]
            width = out
            if side >> level in config.attention:
                layers.append(Attention(config, width))
            if level and i == config.blocks:
                layers.append(
                    ResBlock(config, width, width, "up")
                    if config.updown
                    else Upsample(width, convolve=True)
                )
            blocks.append(EmbedSequential(*layers))
    return nn.ModuleList(blocks)


def _resampling(channels: int, resample: str | None) -> nn.Module:
    """Return what a residual block does to the resolution."""
    if resample is None:
        return nn.Identity()
    kind = Upsample if resample == "up" else Downsample
    return kind(channels, convolve=False)


def _unshuffle(x: torch.Tensor, patch: int) -> torch.Tensor:
    """Turn (N, C, H, W) into (N, C patch^2, H / patch, W / patch)."""
    if patch == 1:
        return x
    return F.pixel_unshuffle(x, patch).contiguous(memory_format=torch.channels_last)


def _shuffle(x: torch.Tensor, patch: int) -> torch.Tensor:
    """Undo `_unshuffle`."""
    return x if patch == 1 else F.pixel_shuffle(x, patch)


def _zero(module: nn.Module) -> nn.Module:
    """Set a module's parameters to zero, so that a block starts as the identity."""
    for parameter in module.parameters():
        nn.init.zeros_(parameter)
    return module
