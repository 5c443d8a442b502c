"""The loaded `ddpm`: weights on a device, in the fastest precision, called by the contract."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

from bench.api import Completion, Inpaint, RequestError, WatchSteps
from bench.api.seeds import derive_seed
from methods.common import processor
from methods.ddpm import DDPM
from methods.ddpm.checkpoint import load_own, load_unet
from methods.ddpm.differentiable import differentiable
from methods.ddpm.diffusers_folder import load_folder
from methods.ddpm.precision import prepared
from methods.ddpm.prediction import as_eps, scaled_eps
from methods.ddpm.preprocess import from_network, to_network
from methods.ddpm.pretrained import PRESETS, weights_path
from methods.ddpm.samplers.denoiser import Network
from methods.ddpm.samplers.steps import Watch, unwatched
from methods.ddpm.sampling import inpaint, spaced
from methods.ddpm.schedule import Schedule, named
from methods.ddpm.unet import UNet


@dataclass(frozen=True)
class Loaded:
    """A network ready to be sampled from.

    schedule: spaced for the sampler.  channels: of its images.  classes: or None.  dtype: what it
    computes in.
    """

    name: str
    network: Network
    schedule: Schedule
    channels: int
    classes: int | None
    dtype: torch.dtype


class DiffusionCompleter:
    """Fills holes by the masked reverse process; an Inpaint."""

    def __init__(self, method: DDPM, device: str) -> None:
        self.method, self.device = method, device
        self.loaded = {name: _load(method, name, device) for name in method.choices()}
        dtypes = {loaded.dtype for loaded in self.loaded.values()}
        self.dtype = ", ".join(sorted(processor.in_words(dtype, device) for dtype in dtypes))
        self.remark = "".join(processor.remark(dtype, device) for dtype in dtypes)

    def __call__(
        self, visible: torch.Tensor, hole: torch.Tensor, seeds: Sequence[int]
    ) -> Completion:
        """Complete a batch; the notes hold the network's cost per row, and the weights."""
        return self._complete(visible, hole, seeds, unwatched)

    def watched(self, watch: WatchSteps) -> Inpaint:
        """Return the same, calling `watch` with x_t, its known pixels sharp, after every step."""

        def complete(visible: torch.Tensor, hole: torch.Tensor, seeds: Sequence[int]) -> Completion:
            levels = self.choose(visible.shape[-2:]).schedule.T

            def look(level: int, x: torch.Tensor) -> None:
                shown = torch.where(hole, from_network(x).to(visible.device), visible)
                watch(level, levels, shown)

            return self._complete(visible, hole, seeds, look)

        return complete

    def _complete(
        self, visible: torch.Tensor, hole: torch.Tensor, seeds: Sequence[int], watch: Watch
    ) -> Completion:
        loaded = self.choose(visible.shape[-2:])
        with processor.backend(loaded.dtype, self.device):
            filled = inpaint(
                loaded.network,
                loaded.schedule,
                to_network(visible, loaded.channels).to(self.device),
                hole.to(self.device),
                seeds,
                self.method.sampler,
                labels=self.labels(loaded, seeds),
                watch=watch,
            )
        image = torch.where(hole, from_network(filled.x).to(visible.device), visible)
        if self.blends(loaded):
            image = seamless(image, hole)
        cost = {"evaluations": filled.evaluations, "gradients": filled.gradients}
        return Completion(image, [{**cost, "weights": loaded.name} for _ in seeds])

    def choose(self, size: Sequence[int]) -> Loaded:
        """Return the network for images of this (height, width)."""
        if len(self.loaded) == 1:
            return next(iter(self.loaded.values()))
        return self.loaded["fashion-mnist-32" if tuple(size) == (32, 32) else "photos-64"]

    def blends(self, loaded: Loaded) -> bool:
        """Return whether fillings by this network are blended."""
        if self.method.blend == "auto":
            return loaded.name == "photos-64"
        return self.method.blend == "seamless"

    def labels(self, loaded: Loaded, seeds: Sequence[int]) -> torch.Tensor | None:
        """Draw one label per row from its seed for a class-conditional network, as RePaint does."""
        if loaded.classes is None:
            return None
        drawn = [derive_seed("label", seed) % loaded.classes for seed in seeds]
        return torch.tensor(drawn, device=self.device)


def seamless(image: torch.Tensor, hole: torch.Tensor) -> torch.Tensor:
    """Return completed images with the filling's colours fitted to the known pixels around it.

    image: float32 (N, 3, H, W) in [0, 1], known pixels as they were given.  hole: bool
    (N, 1, H, W).  The Poisson equation (Perez et al. 2003) keeps the filling's gradients, and
    across the hole's edge continues half of the known side's slope.
    """
    from methods.common.poisson import blend  # SciPy, which sampling alone does not need

    rows = []
    for pixels, missing in zip(image.cpu().numpy(), hole[:, 0].cpu().numpy(), strict=True):
        rgb = np.ascontiguousarray(pixels.transpose(1, 2, 0))
        blended = blend(rgb, rgb, missing, extrapolate=True)
        rows.append(torch.from_numpy(blended.clip(0, 1)).permute(2, 0, 1))
    return torch.stack(rows).to(image.device)


def _load(method: DDPM, name: str, device: str) -> Loaded:
    """Load the weights called `name` and lay out the sampler's levels."""
    file = weights_path(name, method.path) if name != "own" else _own_path(method)
    network, schedule, channels = _network(file, name)
    if method.schedule not in ("auto", schedule):
        raise RequestError(
            f"schedule={method.schedule}, but {name} was trained with {schedule}; "
            "the schedule belongs to the weights: leave it out"
        )
    levels = spaced(named(schedule), method.sampler)
    classes = PRESETS[name].classes if name in PRESETS else None
    if method.sampler.gradients:
        ready = differentiable(network, device)
    else:
        ready = prepared(network, device, method.precision)
    dtype = next(ready.parameters()).dtype
    if isinstance(network, UNet):
        ready = as_eps(ready, network.config.prediction, named(schedule))
    ready = scaled_eps(ready, method.eps_scale)
    return Loaded(name, ready, levels, channels, classes, dtype)


def _own_path(method: DDPM) -> Path:
    """Return the path that was set without a preset's name."""
    if method.path is None or not method.path.exists():
        raise RequestError(f"path={method.path} does not exist; give a weights file or a folder")
    return method.path


def _network(file: Path, name: str) -> tuple[nn.Module, str, int]:
    """Return a network, the name of its schedule and its images' channels."""
    if name in PRESETS:
        return load_unet(file, name), "linear", 3
    if file.is_dir():
        return load_folder(file)
    if not file.is_file():
        raise RequestError(f"weights={name}: {file.name} is not among the installed files")
    network, schedule = load_own(file)
    return network, schedule, network.config.in_channels
