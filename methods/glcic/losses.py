"""The losses of GLCIC, each one equation; all return a scalar."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch.nn import functional

Reconstruction = Literal["mse", "l1"]
Adversarial = Literal["bce", "hinge"]


def reconstruction_loss(
    output: torch.Tensor, target: torch.Tensor, hole: torch.Tensor, kind: Reconstruction
) -> torch.Tensor:
    """Mean squared (GLCIC, eq. 2) or absolute error over the hole's pixels.

    output, target: (N, 3, H, W).  hole: bool (N, 1, H, W).  The paper's sum over the hole is
    divided by the hole's values, so that its weight does not depend on the image's size.
    """
    difference = (output - target).masked_fill(~hole, 0)
    total = difference.square().sum() if kind == "mse" else difference.abs().sum()
    return total / (hole.sum() * output.shape[1])


def discriminator_loss(real: torch.Tensor, fake: torch.Tensor, kind: Adversarial) -> torch.Tensor:
    """What the discriminators minimise: cross-entropy (GLCIC, eq. 3) or hinge (Lim and Ye 2017).

    real, fake: logits (N,), high = real.
    """
    if kind == "hinge":
        return functional.relu(1 - real).mean() + functional.relu(1 + fake).mean()
    return functional.softplus(-real).mean() + functional.softplus(fake).mean()


def adversarial_loss(fake: torch.Tensor, kind: Adversarial) -> torch.Tensor:
    """What the generator minimises against the discriminators.

    With "bce" it is -log D, which has the fixed point of the paper's log(1 - D) but does not
    saturate while the discriminators win (Goodfellow et al. 2014, section 3); with "hinge" it is
    -logit.
    """
    return -fake.mean() if kind == "hinge" else functional.softplus(-fake).mean()


def feature_matching_loss(
    fake: Sequence[torch.Tensor], real: Sequence[torch.Tensor]
) -> torch.Tensor:
    """Mean absolute difference of the discriminators' maps (Wang et al. 2018, eq. 4).

    fake, real: maps (N, C, h, w) of the composited and the real image; `real` gets no gradient.
    """
    pairs = zip(fake, real, strict=True)
    losses = [functional.l1_loss(ours.float(), theirs.detach().float()) for ours, theirs in pairs]
    return torch.stack(losses).mean()
