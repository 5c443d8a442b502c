"""What `fit` trains: GLCIC's networks, optimisers, batches and averages."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from torch import nn

from bench.api import Json, MaskGenerator, RequestError, stated
from bench.api.imaging import composite, hide
from bench.api.seeds import derive_seed
from methods.common.checkpoints import sha256
from methods.common.distributed import Process
from methods.common.ema import Ema
from methods.common.images import ImageSource, draw_holes
from methods.common.training import Stateful
from methods.glcic.calibration import calibrate
from methods.glcic.checkpoint import load_generator
from methods.glcic.discriminators import Discriminator, local_crop
from methods.glcic.networks import Generator, GeneratorConfig, generator_input, initialise
from methods.glcic.perceptual import load_vgg16
from methods.glcic.phases import LOSSES, Losses, TrainingBatch, phase_of
from methods.glcic.recipes import TrainConfig

CALIBRATION = 32  # batches that the averaged generator's statistics are measured on


class Glcic:
    """Networks, optimisers and the three steps: what `fit` trains."""

    def __init__(
        self,
        config: TrainConfig,
        source: ImageSource,
        holes: Sequence[MaskGenerator],
        process: Process,
    ) -> None:
        self.config, self.source, self.holes, self.process = config, source, holes, process
        self.start: str | None = None
        self.mean = mean_colour(source, config.seed)
        device = process.device
        red, green, blue = (float(value) for value in self.mean)
        shape = GeneratorConfig(config.width, config.skips, mean=(red, green, blue))
        self.generator = initialise(Generator(shape), config.seed).to(device)
        self.discriminator = initialise(
            Discriminator(
                config.size,
                config.discriminator_width,
                config.discriminator_features,
                config.discriminator_norm,
            ),
            config.seed + 1,
        ).to(device)
        for network in (self.generator, self.discriminator):
            network.to(memory_format=torch.channels_last)
        self.ema = Ema(self.generator, config.ema_decay)
        self.generator_optimiser = make_optimiser(self.generator, config)
        self.discriminator_optimiser = make_optimiser(self.discriminator, config)
        self.perceptual = (
            load_vgg16(Path(config.perceptual_weights)).to(device) if config.perceptual else None
        )
        self.running_generator = process.wrap(self.generator)
        self.running_discriminator = process.wrap(self.discriminator)

    def begin_with(self, weights: Path) -> None:
        """Take a trained generator and its mean colour; RequestError for one of another shape."""
        network = load_generator(weights)
        mean, mine = network.config.mean, self.averaged().config
        if mean is None or dataclasses.replace(network.config, mean=mine.mean) != mine:
            raise RequestError(
                f"{weights} holds {network.config}, the recipe is {mine}; give weights of this "
                "recipe, with their mean colour"
            )
        for generator in (self.generator, self.averaged()):
            assert isinstance(generator, Generator)
            generator.load_state_dict(network.state_dict())
            generator.config = network.config
        self.mean = torch.tensor(mean)
        self.start = sha256(weights)

    def identity(self) -> Mapping[str, Json]:
        """Return the recipe; a resumed run must share it."""
        recipe = stated(self.config) | {"holes": list(self.config.holes)}
        del recipe["perceptual_weights"]  # a place on this machine
        return recipe if self.start is None else recipe | {"start": self.start}

    def parts(self) -> Mapping[str, Stateful]:
        """Return all that a checkpoint must hold."""
        return {
            "generator": self.generator,
            "discriminator": self.discriminator,
            "ema": self.ema,
            "generator_optimiser": self.generator_optimiser,
            "discriminator_optimiser": self.discriminator_optimiser,
        }

    def step(self, step: int) -> Losses:
        """Do step `step` (0-based) of its phase."""
        for optimiser in (self.generator_optimiser, self.discriminator_optimiser):
            set_learning_rate(optimiser, self.config, step)
        losses = phase_of(step, self.config).step(self, self.batch(step))
        self.ema.update(self.generator, step)
        zero = torch.zeros(())
        return {name: losses.get(name, zero) for name in LOSSES}

    def batch(self, step: int) -> TrainingBatch:
        """Return the batch of a step: a pure function of the recipe, the process and the step."""
        config, process = self.config, self.process
        n = process.share(config.batch)
        identity = (config.seed, step, process.rank)
        target = self.source.batch(derive_seed("glcic-images", *identity), n)
        seed, size = derive_seed("glcic-holes", *identity), target.shape[-1]
        hole = draw_holes(self.holes, seed, len(target), size)
        return self.prepare(target.to(process.device), hole.to(process.device))

    def calibrate(self) -> None:
        """Compute the averaged generator's batch statistics, from batches that no step trains on.

        Steps past the recipe's last one address them.  The next step overwrites the statistics.
        """
        batches = (self.batch(self.config.steps + k).inputs for k in range(CALIBRATION))
        calibrate(self.averaged(), batches)

    def prepare(self, target: torch.Tensor, hole: torch.Tensor) -> TrainingBatch:
        """Return the batch with the generator's input."""
        inputs = generator_input(hide(target, hole), hole, self.mean.to(target.device))
        return TrainingBatch(target, hole, inputs)

    def complete(self, batch: TrainingBatch) -> torch.Tensor:
        """Return the generator's output, float32 (N, 3, S, S)."""
        with self._precision():
            output: torch.Tensor = self.running_generator(
                batch.inputs.contiguous(memory_format=torch.channels_last)
            )
        return output.float()

    def judge(
        self, image: torch.Tensor, hole: torch.Tensor
    ) -> tuple[torch.Tensor, list[torch.Tensor]]:
        """Return the discriminators' logits (N,), float32, and maps for whole images."""
        with self._precision():
            logit, maps = self.running_discriminator(image, local_crop(image, hole))
        return logit.float(), maps

    def perceive(self, image: torch.Tensor) -> list[torch.Tensor]:
        """Return VGG-16's maps of images (N, 3, H, W), none where the recipe does not use them."""
        if self.perceptual is None:
            return []
        with self._precision():
            maps: list[torch.Tensor] = self.perceptual(
                image.contiguous(memory_format=torch.channels_last)
            )
        return maps

    def averaged(self) -> Generator:
        """Return the average of the generator's weights: what is sampled from and shipped."""
        network = self.ema.network
        assert isinstance(network, Generator)
        return network

    def samples(self, step: int) -> torch.Tensor:
        """Return eight inputs, the average's composited outputs and the originals."""
        target = self.source.batch(derive_seed("glcic-samples", self.config.seed), 8)
        seed = derive_seed("glcic-sample-holes", self.config.seed)
        hole = draw_holes(self.holes, seed, 8, self.config.size)
        batch = self.prepare(target, hole)
        with torch.inference_mode():
            output = self.ema.network(batch.inputs.to(self.process.device)).cpu()
        return torch.cat([batch.inputs[:, :3], composite(target, output, hole), target])

    def _precision(self) -> torch.autocast:
        device = self.process.device.split(":")[0]
        enabled = self.config.precision == "bf16"
        return torch.autocast(device, torch.bfloat16, enabled=enabled)


def mean_colour(source: ImageSource, seed: int) -> torch.Tensor:
    """Return the mean colour (3,) of 16 batches of 64 images, of whatever sizes they are."""
    batches = (source.batch(derive_seed("glcic-mean", seed, k), 64) for k in range(16))
    return torch.stack([batch.mean(dim=(0, 2, 3)) for batch in batches]).mean(dim=0)


def make_optimiser(network: nn.Module, config: TrainConfig) -> torch.optim.Optimizer:
    """Return the recipe's optimiser."""
    if config.optimiser == "adadelta":
        return torch.optim.Adadelta(network.parameters(), lr=config.learning_rate)
    return torch.optim.Adam(network.parameters(), lr=config.learning_rate, betas=(0.5, 0.9))


def set_learning_rate(optimiser: torch.optim.Optimizer, config: TrainConfig, step: int) -> None:
    """Set the rate of a step: constant, then linear down to a tenth over the last `decay` steps."""
    left = (config.steps - step) / config.decay if config.decay else 1.0
    for group in optimiser.param_groups:
        group["lr"] = config.learning_rate * max(0.1, min(1.0, left))
