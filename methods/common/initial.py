"""Initial weights from a seed."""

from __future__ import annotations

import math

import torch
from torch import nn

from bench.api.seeds import derive_seed, torch_stream


@torch.no_grad()
def initialise(network: nn.Module, seed: int) -> None:
    """Draw every weight anew as torch's layers do by default (He et al. 2015, a = sqrt(5)).

    Each module draws from its own stream (seed and name).  Weights that are all zero stay so: some
    networks start blocks as the identity.  Norms keep their ones and zeros.
    """
    for name, module in network.named_modules():
        weight = getattr(module, "weight", None)
        if not isinstance(weight, torch.Tensor) or weight.dim() < 2 or not weight.any():
            continue
        stream = torch_stream(derive_seed("initial", seed, name))
        if isinstance(module, nn.Embedding):
            nn.init.normal_(weight, generator=stream)
            continue
        nn.init.kaiming_uniform_(weight, a=math.sqrt(5), generator=stream)
        bias = getattr(module, "bias", None)
        if isinstance(bias, torch.Tensor):
            bound = 1 / math.sqrt(nn.init._calculate_fan_in_and_fan_out(weight)[0])
            nn.init.uniform_(bias, -bound, bound, generator=stream)
