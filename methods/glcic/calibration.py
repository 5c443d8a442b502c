"""The batch statistics of averaged weights (Izmailov et al. 2018, section 3.2).

An average of weights has activations of its own: the running means and variances that were gathered
with the raw weights, which scatter around the average, are not theirs.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import nn

from methods.glcic.networks import Generator


@torch.no_grad()
def calibrate(generator: Generator, inputs: Iterable[torch.Tensor]) -> None:
    """Set every BatchNorm's running statistics, in place, to their means over batches of inputs.

    inputs: (N, 4, H, W) each, N >= 2.  The weights do not change.
    """
    norms = [module for module in generator.modules() if isinstance(module, nn.BatchNorm2d)]
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # a plain mean over the batches
    generator.train()
    for batch in inputs:
        generator(batch.contiguous(memory_format=torch.channels_last))
    generator.eval()
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
