"""The blocks of the U-Net of Dhariwal and Nichol (2021), and the configuration they are built by.

Module names are guided-diffusion's, so that its state dicts load unchanged.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional as F

from bench.api import Json, RequestError, added_later, stated

PREDICTIONS = ("eps", "x0", "v")


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

    For ablations: skips: the decoder is given the encoder's outputs.  self_attention: False leaves
    out every attention, the middle block's too.  time_embedding: False leaves the network without
    t.  prediction: what the first in_channels of the output are, "eps", "x0" or "v" (see
    methods.ddpm.prediction).
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
    skips: bool = added_later(True)
    self_attention: bool = added_later(True)
    time_embedding: bool = added_later(True)
    prediction: str = added_later("eps")

    def __post_init__(self) -> None:
        if self.prediction not in PREDICTIONS:
            allowed = ", ".join(PREDICTIONS)
            raise RequestError(f"prediction={self.prediction!r}; allowed: {allowed}")

    @property
    def multiple_of(self) -> int:
        """What height and width must be multiples of."""
        return int(self.patch * 2 ** (len(self.multipliers) - 1))

    @property
    def embeds(self) -> bool:
        """Whether there is an embedding, of t or of a class."""
        return self.time_embedding or self.classes is not None

    def written(self) -> dict[str, Json]:
        """Return the fields as a file states them: without ablations that are off."""
        return {k: list(v) if isinstance(v, tuple) else v for k, v in stated(self).items()}


class Block(nn.Module):
    """A module that also takes the embedding, if there is one."""

    def forward(self, x: torch.Tensor, emb: torch.Tensor | None) -> torch.Tensor:
        """Map (N, C, H, W) and (N, E) to (N, C', H', W')."""
        raise NotImplementedError


class EmbedSequential(nn.Sequential, Block):
    """A sequence that hands the embedding to those of its modules that take one."""

    def forward(self, x: torch.Tensor, emb: torch.Tensor | None) -> torch.Tensor:  # type: ignore[override]
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
        self.emb_layers = (
            nn.Sequential(nn.SiLU(), nn.Linear(4 * config.channels, width))
            if config.embeds
            else None
        )
        self.out_layers = nn.Sequential(
            nn.GroupNorm(config.groups, out_channels),
            nn.SiLU(),
            nn.Dropout(config.dropout),
            zeroed(nn.Conv2d(out_channels, out_channels, 3, padding=1)),
        )
        self.skip_connection = (
            nn.Identity() if channels == out_channels else nn.Conv2d(channels, out_channels, 1)
        )

    def forward(self, x: torch.Tensor, emb: torch.Tensor | None) -> torch.Tensor:
        """Map (N, C, H, W) and (N, E) to (N, C', H', W')."""
        norm, act, conv = self.in_layers
        h = conv(self.h_resample(act(norm(x))))
        norm, *rest = self.out_layers
        h = self._modulated(h, norm, emb)
        for layer in rest:
            h = layer(h)
        # In place: h is this block's own, and no gradient needs its value.
        return h.add_(self.skip_connection(self.x_resample(x)))

    def _modulated(
        self, h: torch.Tensor, norm: nn.Module, emb: torch.Tensor | None
    ) -> torch.Tensor:
        """Normalise h, given the embedding: adaptive group norm, added before, or neither."""
        if self.emb_layers is None:
            return norm(h)
        modulation = self.emb_layers(emb)[:, :, None, None]
        if not self.scale_shift:
            return norm(h + modulation)
        scale, shift = modulation.chunk(2, dim=1)
        return torch.addcmul(shift, norm(h), 1 + scale)


class Attention(nn.Module):
    """Self-attention over all pixels, with a residual connection."""

    def __init__(self, config: UNetConfig, channels: int) -> None:
        super().__init__()
        self.heads = channels // config.head_channels
        self.legacy_order = config.legacy_order
        self.norm = nn.GroupNorm(config.groups, channels)
        self.qkv = nn.Conv1d(channels, 3 * channels, 1)
        self.proj_out = nn.Conv1d(channels, channels, 1)
        zeroed(self.proj_out)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map (N, C, H, W) to the same shape."""
        n, c, height, width = x.shape
        h = F.scaled_dot_product_attention(*self.queries_keys_values(x))
        h = h.transpose(1, 2).reshape(n, -1, c)
        h = F.linear(h, self.proj_out.weight[:, :, 0], self.proj_out.bias)
        return x + h.reshape(n, height, width, c).permute(0, 3, 1, 2)

    def queries_keys_values(
        self, x: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Return q, k and v of (N, C, H, W), each (N, heads, H W, C / heads)."""
        n, c, height, width = x.shape
        # Pixels as rows: in channels_last memory this is a view, and both 1-d convolutions are
        # matrix products.
        rows = self.norm(x).permute(0, 2, 3, 1).reshape(n, height * width, c)
        qkv = F.linear(rows, self.qkv.weight[:, :, 0], self.qkv.bias)
        if self.legacy_order:
            q, k, v = qkv.reshape(n, -1, self.heads, 3, c // self.heads).unbind(3)
        else:
            q, k, v = qkv.reshape(n, -1, 3, self.heads, c // self.heads).unbind(2)
        return q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2)


def _resampling(channels: int, resample: str | None) -> nn.Module:
    """Return what a residual block does to the resolution."""
    if resample is None:
        return nn.Identity()
    kind = Upsample if resample == "up" else Downsample
    return kind(channels, convolve=False)


def zeroed(module: nn.Module) -> nn.Module:
    """Set a module's parameters to zero, so that a block starts as the identity."""
    for parameter in module.parameters():
        nn.init.zeros_(parameter)
    return module
