"""The generator made fast, by rewrites that are exact but for rounding.

- convolution and BatchNorm -> one convolution (the order conv, ReLU, BN keeps its norms);
- the mean colour under the hole -> the weights of the hole's channel, so that the network takes the
  visible image (0 in the hole) as it is;
- the decoder works on the holes' bounding box and what it sees from there (`MapWindow`); outside of
  it the visible pixels are returned;
- channels last, and bfloat16 where the processor computes in it.

Processor time of one 256x256 image on one thread against the plain float32 network (AMD EPYC with
avx512_bf16; `python -m tests.benchmarks.glcic_speed --threads 1 --clock cpu`): .30 at width 24
and .33 at 64 with a centred box; .40-.42 with holes over the whole image, where nine tenths of the
time are convolutions, whose bfloat16 kernels take two fifths to a half of float32's.

Splitting a convolution of dilation d into plain ones over d x d interleaved sub-maps is exact, too,
but took 1.17 times as long as oneDNN's dilated kernels (width 64, 256x256, 2 cores), so it is not
done.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from bench.api import RequestError
from methods.glcic.networks import SKIPS, Generator, bound, convolve

# Convolution 12 (from 0) begins the decoder.  An output pixel depends on 2 pixels around it at full
# size, through them on 3 at half size, and through those on 3 of the quarter-size map.
DECODER = 12
MARGIN = 3


class FastGenerator(nn.Module):
    """A generator for inference on visible images and holes in the project's conventions."""

    def __init__(self, generator: Generator, dtype: torch.dtype = torch.float32) -> None:
        super().__init__()
        self.config, self.dtype = generator.config, dtype
        if self.config.mean is None:
            raise RequestError(
                "the checkpoint has no mean colour; give GLCIC-PyTorch's config.json"
            )
        generator = copy.deepcopy(generator).float().eval()
        self.fused = self.config.order == "conv-bn-relu"
        convs = list(generator.convs)
        if self.fused:
            convs[:-1] = [fuse(c, n) for c, n in zip(convs[:-1], generator.norms, strict=True)]
        convs[0] = fold_fill(convs[0], self.config.mean, signed=self.config.output == "clamp")
        self.convs = nn.ModuleList(convs)
        self.norms = nn.ModuleList([] if self.fused else generator.norms)
        self.to(dtype).to(memory_format=torch.channels_last).requires_grad_(False)

    def forward(self, visible: torch.Tensor, hole: torch.Tensor) -> torch.Tensor:
        """Return the network's output in [0, 1] around the holes, float32 (N, 3, H, W).

        visible: (N, 3, H, W) in [0, 1], 0 in the hole.  hole: bool (N, 1, H, W).  Far from the
        holes the result is `visible`.
        """
        signed = self.config.output == "clamp"
        known = (visible * 2 - 1).masked_fill(hole, 0) if signed else visible
        x = torch.cat([known, hole.to(known.dtype)], dim=1)
        x = x.to(dtype=self.dtype, memory_format=torch.channels_last)
        window = MapWindow.around(hole)
        if window is None:
            return visible.clone()
        drawn = bound(self._draw(x, window).float(), self.config.output)
        result = visible.clone()
        window.cut(result, 4).copy_((drawn + 1) / 2 if signed else drawn)
        return result

    def _draw(self, x: torch.Tensor, window: MapWindow) -> torch.Tensor:
        """Return what the last convolution gives in the window; x is the 4-channel input."""
        kept: dict[int, torch.Tensor] = {}
        for index, conv in enumerate(self.convs[:-1]):
            if index == DECODER:
                x = window.cut(x, 1)
            if index in kept:
                x = torch.cat([x, kept.pop(index)], dim=1)
            x = convolve(conv, x).relu_()
            if not self.fused:
                x = self.norms[index](x)
            if self.config.skips and index in SKIPS:
                kept[SKIPS[index]] = window.cut(x, 2 if index else 4)
        return self.convs[-1](x)


@dataclass(frozen=True)
class MapWindow:
    """The part of the quarter-size map that the decoder needs, [top, bottom) x [left, right)."""

    top: int
    bottom: int
    left: int
    right: int

    @classmethod
    def around(cls, hole: torch.Tensor) -> MapWindow | None:
        """Return the window of the holes (N, 1, H, W), all images' together; None without holes."""
        height, width = hole.shape[-2:]
        anywhere = hole.any(dim=0)[0]
        rows, columns = anywhere.any(dim=1).nonzero(), anywhere.any(dim=0).nonzero()
        if not len(rows):
            return None
        return cls(
            max(int(rows[0]) // 4 - MARGIN, 0),
            min(int(rows[-1]) // 4 + 1 + MARGIN, height // 4),
            max(int(columns[0]) // 4 - MARGIN, 0),
            min(int(columns[-1]) // 4 + 1 + MARGIN, width // 4),
        )

    def cut(self, x: torch.Tensor, scale: int) -> torch.Tensor:
        """Return the window's view of a map (N, C, h, w) of `scale` times the quarter size."""
        rows = slice(self.top * scale, self.bottom * scale)
        return x[:, :, rows, self.left * scale : self.right * scale]


def fuse(conv: nn.Module, norm: nn.Module) -> nn.Module:
    """Return the convolution followed by its BatchNorm as one convolution."""
    if not isinstance(conv, nn.Conv2d | nn.ConvTranspose2d) or not isinstance(norm, nn.BatchNorm2d):
        raise TypeError(f"{type(conv).__name__} and {type(norm).__name__} cannot be fused")
    return fuse_conv_bn_eval(conv, norm, transpose=isinstance(conv, nn.ConvTranspose2d))


def fold_fill(
    conv: nn.Module, mean: tuple[float, float, float], *, signed: bool = False
) -> nn.Module:
    """Return a first convolution that takes 0 under the hole where `conv` takes the mean colour.

    Its hole channel adds what the mean colour would have: w_hole + sum_c mean_c w_c.
    """
    colour = torch.tensor(mean) * 2 - 1 if signed else torch.tensor(mean)
    folded = copy.deepcopy(conv)
    weight = folded.get_parameter("weight").data
    weight[:, 3] += (weight[:, :3] * colour[:, None, None]).sum(dim=1)
    return folded
