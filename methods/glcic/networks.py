"""The generator of GLCIC (Iizuka, Simo-Serra and Ishikawa 2017).

The default generator adds U-Net skip connections across the two strides; `skips=False` is the
paper's network.  `width=64` is the paper's; every channel count scales with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import nn
from torch.nn import functional

from bench.api.seeds import derive_seed, torch_stream

Order = Literal["conv-bn-relu", "conv-relu-bn"]
Output = Literal["sigmoid", "clamp"]
DILATIONS = (2, 4, 8, 16)


@dataclass(frozen=True)
class GeneratorConfig:
    """What a generator is made of.

    width: channels of the first convolution; the paper's is 64.
    skips: concatenate the encoder's maps at full and at half size to the decoder's.
    order: where BatchNorm stands; the paper and MMagic normalise before ReLU, GLCIC-PyTorch after.
    output: "sigmoid" gives [0, 1]; "clamp" gives [-1, 1] (MMagic), and so is the input.
    mean: the colour, in [0, 1], that fills the hole in the input: the training set's mean.
    """

    width: int = 64
    skips: bool = True
    order: Order = "conv-bn-relu"
    output: Output = "sigmoid"
    mean: tuple[float, float, float] | None = None


@dataclass(frozen=True)
class ConvSpec:
    """One of the 17 convolutions: "down" has stride 2, "up" is a 4x4 deconvolution of stride 2."""

    inputs: int
    outputs: int
    kernel: int = 3
    kind: Literal["same", "down", "up"] = "same"
    dilation: int = 1


def convolutions(width: int, *, skips: bool) -> list[ConvSpec]:
    """Return the generator's 17 convolutions in order (GLCIC, table 1)."""
    one, two, four, half = width, 2 * width, 4 * width, max(width // 2, 1)
    return [
        ConvSpec(4, one, kernel=5),
        ConvSpec(one, two, kind="down"),
        ConvSpec(two, two),
        ConvSpec(two, four, kind="down"),
        ConvSpec(four, four),
        ConvSpec(four, four),
        *(ConvSpec(four, four, dilation=dilation) for dilation in DILATIONS),
        ConvSpec(four, four),
        ConvSpec(four, four),
        ConvSpec(four, two, kernel=4, kind="up"),
        ConvSpec(two + (two if skips else 0), two),
        ConvSpec(two, one, kernel=4, kind="up"),
        ConvSpec(one + (one if skips else 0), half),
        ConvSpec(half, 3),
    ]


# With skips, the map after convolution `key` joins the input of convolution `value` (from 0).
SKIPS = {2: 13, 0: 15}


def make_convolution(spec: ConvSpec) -> nn.Conv2d | nn.ConvTranspose2d:
    """Return the module of one convolution; all keep H and W, halve or double them."""
    if spec.kind == "up":
        return nn.ConvTranspose2d(spec.inputs, spec.outputs, spec.kernel, stride=2, padding=1)
    padding = spec.dilation * (spec.kernel // 2)
    stride = 2 if spec.kind == "down" else 1
    return nn.Conv2d(
        spec.inputs, spec.outputs, spec.kernel, stride, padding, dilation=spec.dilation
    )


class Generator(nn.Module):
    """The completion network: 17 convolutions with a dilated middle (GLCIC, section 3.2)."""

    def __init__(self, config: GeneratorConfig | None = None) -> None:
        super().__init__()
        self.config = config or GeneratorConfig()
        specs = convolutions(self.config.width, skips=self.config.skips)
        self.convs = nn.ModuleList(make_convolution(spec) for spec in specs)
        self.norms = nn.ModuleList(nn.BatchNorm2d(spec.outputs) for spec in specs[:-1])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the completed image, (N, 3, H, W), in [0, 1] (in [-1, 1] with "clamp").

        x: (N, 4, H, W): RGB with the hole filled by a mean colour, then the hole as 0 or 1; H and W
        multiples of 4.
        """
        kept: dict[int, torch.Tensor] = {}
        for index, (conv, norm) in enumerate(zip(self.convs[:-1], self.norms, strict=True)):
            if index in kept:
                x = torch.cat([x, kept.pop(index)], dim=1)
            x = self._activate(convolve(conv, x), norm)
            if self.config.skips and index in SKIPS:
                kept[SKIPS[index]] = x
        return bound(self.convs[-1](x), self.config.output)

    def _activate(self, x: torch.Tensor, norm: nn.Module) -> torch.Tensor:
        """Apply BatchNorm and ReLU in the configured order."""
        if self.config.order == "conv-bn-relu":
            return functional.relu(norm(x))
        return norm(functional.relu(x))


def convolve(conv: nn.Module, x: torch.Tensor) -> torch.Tensor:
    """Apply a convolution, leaving out the taps that see nothing but padding.

    At a dilation of the map's side and more, all taps but the middle one do: at 64x64 images that
    is the dilation 16.
    """
    if isinstance(conv, nn.Conv2d) and conv.dilation[0] >= max(x.shape[-2:]):
        return functional.conv2d(x, conv.weight[:, :, 1:2, 1:2], conv.bias)
    return conv(x)


def bound(x: torch.Tensor, output: Output) -> torch.Tensor:
    """Bring the last convolution's values into the range of `output`."""
    return torch.sigmoid(x) if output == "sigmoid" else x.clamp(-1, 1)


def initialise(network: nn.Module, seed: int) -> nn.Module:
    """Draw a network's weights anew from a seed (He et al. 2015) and zero its biases; in place."""
    stream = torch_stream(derive_seed("glcic-weights", seed))
    for name, parameter in network.named_parameters():
        if parameter.ndim > 1:
            # A transposed convolution of stride 2 sums a quarter of its kernel at each pixel, so
            # that its fan is that of its outputs: close enough to He's for both.
            nn.init.kaiming_normal_(parameter.data, a=0.2, generator=stream)
        elif name.endswith("bias"):
            nn.init.zeros_(parameter.data)
    return network


def generator_input(visible: torch.Tensor, hole: torch.Tensor, mean: torch.Tensor) -> torch.Tensor:
    """Return (N, 4, H, W): RGB with the hole filled by `mean` (3,), and the hole as 0 or 1."""
    filled = torch.where(hole, mean.to(visible)[:, None, None], visible)
    return torch.cat([filled, hole.to(visible.dtype)], dim=1)
