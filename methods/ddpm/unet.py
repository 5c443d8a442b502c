"""The U-Net of Dhariwal and Nichol (2021): a network of an image and a number, no diffusion.

Module names are guided-diffusion's, so that its state dicts load unchanged.
"""

from __future__ import annotations

import math

import torch
from torch import nn
from torch.nn import functional as F

from methods.ddpm.blocks import (
    Attention,
    Downsample,
    EmbedSequential,
    ResBlock,
    UNetConfig,
    Upsample,
    zeroed,
)


class UNet(nn.Module):
    """A U-Net, conditioned on a number t and, if it has classes, a label."""

    def __init__(self, config: UNetConfig) -> None:
        super().__init__()
        self.config = config
        width = config.channels
        if config.time_embedding:
            self.time_embed = nn.Sequential(
                nn.Linear(width, 4 * width), nn.SiLU(), nn.Linear(4 * width, 4 * width)
            )
        if config.classes is not None:
            self.label_emb = nn.Embedding(config.classes, 4 * width)
        self.input_blocks, widths = _encoder(config)
        deepest = config.multipliers[-1] * width
        self.middle_block = EmbedSequential(
            ResBlock(config, deepest, deepest),
            *([Attention(config, deepest)] if config.self_attention else []),
            ResBlock(config, deepest, deepest),
        )
        self.output_blocks = _decoder(config, widths)
        first = config.multipliers[0] * width
        self.out = nn.Sequential(
            nn.GroupNorm(config.groups, first),
            nn.SiLU(),
            zeroed(nn.Conv2d(first, config.out_channels * config.patch**2, 3, padding=1)),
        )

    def forward(
        self, x: torch.Tensor, t: torch.Tensor, labels: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Map (N, in_channels, H, W), t (N,) and labels int64 (N,) to (N, out_channels, H, W)."""
        emb = self._embedding(t, labels, x.dtype)
        x = _unshuffle(x, self.config.patch)
        kept = []
        for block in self.input_blocks:
            x = block(x, emb)
            kept.append(x)
        x = self.middle_block(x, emb)
        for block in self.output_blocks:
            x = block(torch.cat([x, kept.pop()], dim=1) if self.config.skips else x, emb)
        return _shuffle(self.out(x), self.config.patch)

    def _embedding(
        self, t: torch.Tensor, labels: torch.Tensor | None, dtype: torch.dtype
    ) -> torch.Tensor | None:
        """Return the embedding of t and the labels, (N, 4 channels), or None without either."""
        emb = None
        if self.config.time_embedding:
            emb = self.time_embed(sinusoids(t, self.config.channels).to(dtype))
        if labels is None:
            return emb
        of_labels = self.label_emb(labels)
        return of_labels if emb is None else emb + of_labels


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
            if _attends(config, side >> level):
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
            skipped = remaining.pop() if config.skips else 0
            layers: list[nn.Module] = [ResBlock(config, width + skipped, out)]
            width = out
            if _attends(config, side >> level):
                layers.append(Attention(config, width))
            if level and i == config.blocks:
                layers.append(
                    ResBlock(config, width, width, "up")
                    if config.updown
                    else Upsample(width, convolve=True)
                )
            blocks.append(EmbedSequential(*layers))
    return nn.ModuleList(blocks)


def _attends(config: UNetConfig, side: int) -> bool:
    """Return whether feature maps of this side attend to themselves."""
    return config.self_attention and side in config.attention


def _unshuffle(x: torch.Tensor, patch: int) -> torch.Tensor:
    """Turn (N, C, H, W) into (N, C patch^2, H / patch, W / patch)."""
    if patch == 1:
        return x
    return F.pixel_unshuffle(x, patch).contiguous(memory_format=torch.channels_last)


def _shuffle(x: torch.Tensor, patch: int) -> torch.Tensor:
    """Undo `_unshuffle`."""
    return x if patch == 1 else F.pixel_shuffle(x, patch)
