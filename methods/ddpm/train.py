"""Train a DDPM (algorithm 1): add noise to an image at a random level, predict the noise.

Or predict x0 or v (methods.ddpm.prediction), by its mean squared error, all levels alike.

    train(CONFIGS["fashion-mnist-32"], source, out, steps=..., minutes=..., holes=generators,
          device="cpu", seed=0, precision="auto") -> Path

`source`: a methods.common.images.ImageSource whose images have the configuration's side; `holes`:
mask generators, only for the masked half of the sample grids.  Returns the exported weights,
`out`/weights.safetensors (half precision); `out` also holds what methods.common.training writes.
Under torchrun several processes share each batch.
"""

from __future__ import annotations

import dataclasses
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from torch import nn

from bench.api import Json, MaskGenerator, RequestError, stated
from bench.api.seeds import derive_seed, torch_stream
from methods.common import processor
from methods.common.checkpoints import sha256
from methods.common.distributed import Process, joined
from methods.common.ema import Ema
from methods.common.images import ImageSource, draw_holes
from methods.common.initial import initialise
from methods.common.muon import MuonWithAdam
from methods.common.training import Plan, Stateful, fit
from methods.common.training_log import Report, to_stderr
from methods.ddpm.checkpoint import export, load_own
from methods.ddpm.diffusion import loss_simple, loss_vlb, q_sample, split
from methods.ddpm.prediction import as_eps, eps_output, target
from methods.ddpm.preprocess import from_network, to_network
from methods.ddpm.recipes import TrainingConfig
from methods.ddpm.samplers.options import Repaint
from methods.ddpm.sampling import generate, inpaint
from methods.ddpm.schedule import named, respace
from methods.ddpm.unet import UNet


def train(
    config: TrainingConfig,
    source: ImageSource,
    out: Path,
    *,
    steps: int | None = None,
    minutes: float | None = None,
    holes: Sequence[MaskGenerator] = (),
    device: str = "cpu",
    seed: int = 0,
    precision: str = "auto",
    plan: Plan | None = None,
    start: Path | None = None,
    report: Report = to_stderr,
) -> Path:
    """Train, or go on training, in folder `out`; return the weights' path.  See the module.

    start: exported weights to begin with instead of random ones; the optimiser begins anew.
    precision: "auto" (bfloat16 autocast on a GPU that is fast at it), "fp32" or "bf16".  Raises
    RequestError for "bf16" where torch has no bfloat16 at all.
    """
    config = dataclasses.replace(config, steps=steps or config.steps)
    plan = dataclasses.replace(plan or Plan(config.steps), steps=config.steps, minutes=minutes)
    plain = precision == "auto" and device == "cpu"
    dtype = processor.choose("fp32" if plain else precision, device)
    with joined(device) as process, processor.backend(dtype, device):
        if process.rank == 0:
            processor.announce(precision, dtype, device, report)
        trainee = DenoisingTrainee(config, source, holes, process, seed, dtype)
        if start is not None:
            trainee.begin_with(start)
        done = fit(trainee, plan, out, process, report=report)
        weights = out / "weights.safetensors"
        if process.rank == 0:
            facts = {name: str(getattr(config, name)) for name in ("batch", "cooldown")}
            facts |= {"steps": str(done), "seed": str(seed)}
            export(weights, trainee.average.network, config.schedule, facts)
    return weights


class DenoisingTrainee:
    """The state of a training run and what one step does to it."""

    def __init__(
        self,
        config: TrainingConfig,
        source: ImageSource,
        holes: Sequence[MaskGenerator],
        process: Process,
        seed: int,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        self.config, self.source, self.holes = config, source, holes
        self.process, self.seed, self.bf16 = process, seed, dtype == torch.bfloat16
        self.start: str | None = None
        self.schedule = named(config.schedule)
        network = UNet(config.unet)
        initialise(network, derive_seed("ddpm", seed))
        layout = torch.channels_last
        self.network = network.to(process.device, memory_format=layout)  # type: ignore[call-overload]
        self.wrapped = process.wrap(self.network)
        if config.compile:
            self.wrapped = compiled(self.wrapped, process.device)
        self.average = Ema(self.network, config.ema)
        self.optimiser = make_optimiser(self.network, config)

    def begin_with(self, weights: Path) -> None:
        """Take exported weights for the network and its average; RequestError for others'."""
        network, schedule = load_own(weights)
        if (network.config, schedule) != (self.config.unet, self.config.schedule):
            raise RequestError(
                f"{weights} holds {network.config} with the {schedule} schedule, the recipe is "
                f"{self.config.unet} with {self.config.schedule}; give weights of this recipe"
            )
        for mine in (self.network, self.average.network):
            mine.load_state_dict(network.state_dict())
        self.start = sha256(weights)

    def identity(self) -> Mapping[str, Json]:
        """Return the configuration, but for how it ends: a run can be prolonged."""
        plain = stated(self.config)
        del plain["steps"], plain["cooldown"], plain["compile"]
        plain["unet"] = self.config.unet.written()
        told = {**plain, "seed": self.seed, "processes": self.process.count}
        return told if self.start is None else {**told, "start": self.start}

    def parts(self) -> Mapping[str, Stateful]:
        """Return what a checkpoint holds."""
        return {"network": self.network, "average": self.average, "optimiser": self.optimiser}

    def step(self, step: int) -> Mapping[str, torch.Tensor]:
        """Do algorithm 1 once on a batch; the hybrid loss when the variance is learned."""
        for group in self.optimiser.param_groups:
            group["lr"] = learning_rate(self.config, step)
        losses = self.losses(step)
        self.optimiser.zero_grad(set_to_none=True)
        losses["loss"].backward()
        norm = torch.nn.utils.clip_grad_norm_(self.network.parameters(), self.config.clip)
        self.optimiser.step()
        self.average.update(self.network, step)
        return {**losses, "gradient": norm}

    def losses(self, step: int) -> dict[str, torch.Tensor]:
        """Return the losses of the batch of step `step`, which depends on (seed, step) alone."""
        x0, t, noise = self._batch(step)
        noisy = q_sample(self.schedule, x0, t, self._perturbed(noise, step))
        xt = noisy.contiguous(memory_format=torch.channels_last)
        device = self.process.device.split(":")[0]
        with torch.autocast(device, dtype=torch.bfloat16, enabled=self.bf16):
            output = self.wrapped(xt, t - 1)
        output = output.float()
        predicted, v = split(output, x0.shape[1])
        kind = self.config.unet.prediction
        simple = loss_simple(predicted, target(kind, self.schedule, x0, t, noise)).mean()
        if v is None:
            return {"loss": simple}
        output = eps_output(kind, self.schedule, xt, t, output)
        # lambda = .001 on the sum over T terms, each drawn uniformly: T / 1000 of the mean.
        bound = loss_vlb(self.schedule, x0, xt, t, output).mean()
        return {"loss": simple + bound * self.schedule.T / 1000, "simple": simple, "vlb": bound}

    def samples(self, step: int) -> torch.Tensor:
        """Return 16 unconditional samples and, given holes, 8 of images with holes, in 25 steps."""
        unet = self.config.unet
        network, size = as_eps(self.average.network, unet.prediction, self.schedule), unet.size
        schedule = respace(self.schedule, 25)
        seeds = [derive_seed("grid", self.seed, row) for row in range(16)]
        free = from_network(generate(network, schedule, self.config.unet.in_channels, size, seeds))
        if not self.holes:
            return free
        images = self.source.batch(derive_seed("grid", self.seed), 8)
        hole = draw_holes(self.holes, derive_seed("grid", self.seed), 8, size)
        visible = images.masked_fill(hole, 0)
        known = to_network(visible, self.config.unet.in_channels)
        filled = inpaint(network, schedule, known, hole, seeds[:8], Repaint(jump_samples=1))
        return torch.cat([free.cpu(), visible, from_network(filled.x).cpu()])

    def _batch(self, step: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Return x0 (n, C, H, W) in [-1, 1], levels t (n,) and noise, on the device."""
        share, rank = self.process.share(self.config.batch), self.process.rank
        seed = derive_seed("ddpm-batch", self.seed, step, rank)
        x0 = to_network(self.source.batch(seed, share), self.config.unet.in_channels)
        side = self.config.unet.size
        if x0.shape[-2:] != (side, side):
            raise RequestError(f"the images are {tuple(x0.shape[-2:])}, the configuration's {side}")
        stream = torch_stream(derive_seed("ddpm-noise", self.seed, step, rank))
        t = torch.randint(1, self.schedule.T + 1, (share,), generator=stream)
        noise = torch.randn(x0.shape, generator=stream)
        device = self.process.device
        return x0.to(device), t.to(device), noise.to(device)

    def _perturbed(self, noise: torch.Tensor, step: int) -> torch.Tensor:
        """Return the noise that x_t gets: what is to be predicted, and more (DDPM-IP)."""
        if not self.config.perturbation:
            return noise
        seed = derive_seed("ddpm-perturbation", self.seed, step, self.process.rank)
        more = torch.randn(noise.shape, generator=torch_stream(seed)).to(noise.device)
        return noise + self.config.perturbation * more


def make_optimiser(network: UNet, config: TrainingConfig) -> torch.optim.Optimizer | MuonWithAdam:
    """Return the recipe's optimiser of a network that is where it stays."""
    if config.optimiser == "muon":
        return MuonWithAdam(network, inner_weights(network), config.learning_rate)
    return torch.optim.Adam(network.parameters(), lr=config.learning_rate, fused=True)


def inner_weights(network: UNet) -> list[nn.Parameter]:
    """Return the weights between the first and the last convolution, without t's embedding."""
    inner = (network.input_blocks[1:], network.middle_block, network.output_blocks)
    return [weight for part in inner for weight in part.parameters() if weight.ndim > 1]


def compiled(network: nn.Module, device: str) -> nn.Module:
    """Return the network as torch.compile's; RequestError where a CPU has no C++ compiler."""
    names = [os.environ["CXX"]] if "CXX" in os.environ else ["c++", "g++", "clang++"]
    if device == "cpu" and not any(map(shutil.which, names)):
        raise RequestError(
            f"compile=true needs a C++ compiler, and there is no {' or '.join(names)} here; "
            "install one, set CXX to one, or leave compile out"
        )
    return torch.compile(network)  # type: ignore[return-value]


def learning_rate(config: TrainingConfig, step: int) -> float:
    """Return the rate of a step (0-based): a linear rise, level, a linear fall."""
    rise = (step + 1) / max(config.warmup, 1)
    fall = (config.steps - step) / config.cooldown if config.cooldown else 1.0
    return config.learning_rate * max(0.0, min(1.0, rise, fall))
