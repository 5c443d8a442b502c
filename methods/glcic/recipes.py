"""Recipes of training: the paper's, and those of the shipped weights."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Literal

from bench.api import RequestError, added_later
from methods.glcic.discriminators import DiscriminatorNorm
from methods.glcic.losses import Adversarial, Reconstruction


@dataclass(frozen=True)
class TrainConfig:
    """A recipe.  `PAPER` is the paper's; the others are what the shipped weights were trained with.

    size: side of the training images.  width, skips: of the generator.  completion, discrimination,
    joint: steps of the three phases.  alpha: weight of the adversarial loss in the joint phase,
    feature_matching: of the discriminators' maps, perceptual: of VGG-16's, which lie in the file
    perceptual_weights (methods.glcic.perceptual); all against a reconstruction of weight 1.
    learning_rate: of Adam (betas .5, .9), linearly down to a tenth over the last `decay` steps;
    Adadelta keeps to its own 1.0.  precision: of the convolutions, "fp32" or "bf16".
    holes: the mask generators to train on, by name; drawn from uniformly.
    blend: the post-processing that the method's blend=auto takes with the trained weights.
    """

    size: int = 32
    width: int = 64
    skips: bool = True
    discriminator_width: int = 64
    discriminator_features: int = 1024
    discriminator_norm: DiscriminatorNorm = "batch"
    batch: int = 96
    completion: int = 90_000
    discrimination: int = 10_000
    joint: int = 400_000
    reconstruction: Reconstruction = "mse"
    adversarial: Adversarial = "bce"
    alpha: float = 4e-4
    feature_matching: float = 0.0
    perceptual: float = added_later(0.0)
    perceptual_weights: str = ""
    optimiser: Literal["adadelta", "adam"] = "adadelta"
    learning_rate: float = 1.0
    decay: int = 0
    ema_decay: float = 0.999
    precision: str = "fp32"
    seed: int = 0
    holes: tuple[str, ...] = ("random-box",)
    blend: Literal["none", "poisson"] = "poisson"

    def __post_init__(self) -> None:
        if self.size % 8 or self.size < 16:
            raise RequestError(f"size={self.size}; allowed: multiples of 8 from 16 on")
        lengths = (self.completion, self.discrimination, self.joint)
        if min(lengths) < 0 or sum(lengths) < 1:
            raise RequestError(
                f"completion={lengths[0]}, discrimination={lengths[1]}, joint={lengths[2]}; "
                "allowed: steps from 0 on, at least one in all"
            )
        if self.perceptual and not self.perceptual_weights:
            raise RequestError(
                f"perceptual={self.perceptual} without perceptual_weights; give torchvision's "
                "VGG-16, whose path `bench weights --fetch lpips-vgg16` prints"
            )
        if self.batch < 2 or self.width < 2 or self.discriminator_width < 1:
            raise RequestError(
                f"batch={self.batch}, width={self.width}, "
                f"discriminator_width={self.discriminator_width}; allowed: 2, 2 and 1 or more"
            )

    @property
    def steps(self) -> int:
        """All steps."""
        return self.completion + self.discrimination + self.joint


PAPER = TrainConfig(size=256, skips=False)

_MIXED = ("random-box", "free-form", "hybrid", "irregular")

_MODERN = TrainConfig(
    width=24,
    discriminator_width=24,
    discriminator_features=256,
    discriminator_norm="spectral",
    reconstruction="l1",
    adversarial="hinge",
    optimiser="adam",
    learning_rate=5e-4,
    batch=32,
    alpha=0.05,
    feature_matching=2.0,
    precision="bf16",
)

CONFIGS: dict[str, TrainConfig] = {
    "paper": PAPER,
    "fashion-mnist-32": dataclasses.replace(
        _MODERN,
        completion=1500,
        discrimination=150,
        joint=4000,
        decay=500,
        holes=("center-box",) * 4 + _MIXED,
        blend="none",
    ),
    "photos-64": dataclasses.replace(
        _MODERN,
        size=64,
        batch=16,
        completion=800,
        discrimination=80,
        joint=2000,
        decay=700,
        holes=("center-box",) * 2 + _MIXED,
    ),
}
