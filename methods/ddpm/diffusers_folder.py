"""A diffusers UNet2DModel folder (google/ddpm-* style) as a network of this project."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from torch import nn

from bench.api import RequestError
from methods.ddpm.pretrained import diffusers_config

SCHEDULES = {"linear": "linear", "squaredcos_cap_v2": "cosine"}


class DiffusersNetwork(nn.Module):
    """Calls a UNet2DModel as network(x, step)."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, x: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        """Map (N, C, H, W) and t (N,) to (N, C or 2C, H, W)."""
        return self.model(x, t, return_dict=False)[0]


def load_folder(folder: Path) -> tuple[DiffusersNetwork, str, int]:
    """Return the network, its schedule's name and its channels.

    folder: config.json and diffusion_pytorch_model.safetensors, and beside them or in
    ../scheduler/ the scheduler_config.json; without one the schedule is the papers' linear one.
    Raises RequestError when diffusers is not installed or the folder is not readable by it.
    """
    config = diffusers_config(folder)
    try:
        from diffusers import UNet2DModel
    except ImportError as error:
        raise RequestError(
            f"{folder} is a diffusers folder, and diffusers is not installed: pip install diffusers"
        ) from error
    try:
        model = UNet2DModel.from_pretrained(str(folder), use_safetensors=True)
    except (OSError, ValueError, RuntimeError) as error:
        raise RequestError(f"{folder}: {str(error).splitlines()[0]}") from error
    network = DiffusersNetwork(model).eval().requires_grad_(False)
    return network, _schedule(folder), int(str(config.get("in_channels", 3)))


def _schedule(folder: Path) -> str:
    """Return the schedule's name from the scheduler's configuration."""
    files = [folder / "scheduler_config.json", folder.parent / "scheduler/scheduler_config.json"]
    file = next((f for f in files if f.is_file()), None)
    config = json.loads(file.read_text()) if file else {}
    name = config.get("beta_schedule", "linear")
    usual = (config.get("prediction_type", "epsilon"), config.get("num_train_timesteps", 1000))
    ends = (config.get("beta_start", 1e-4), config.get("beta_end", 0.02))
    if name not in SCHEDULES or usual != ("epsilon", 1000) or ends != (1e-4, 0.02):
        raise RequestError(
            f"{folder}: beta_schedule={name}, prediction_type={usual[0]}, {usual[1]} steps, beta "
            f"{ends[0]} to {ends[1]}; allowed: {' or '.join(SCHEDULES)}, epsilon, 1000, .0001, .02"
        )
    return SCHEDULES[name]
