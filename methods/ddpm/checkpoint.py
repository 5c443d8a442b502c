"""Weights: the project's own, the field's guided-diffusion state dicts, diffusers folders."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from bench.api import RequestError
from methods.common.checkpoints import load_weights, save_weights
from methods.ddpm.blocks import UNetConfig
from methods.ddpm.pretrained import PRESETS, settings
from methods.ddpm.unet import UNet

BIG = UNetConfig(
    size=256,
    channels=256,
    multipliers=(1, 1, 2, 2, 4, 4),
    attention=(32, 16, 8),
    head_channels=64,
)


def preset_config(preset: str) -> UNetConfig:
    """Return the network of a checkpoint of the field; raises RequestError for other names."""
    if preset not in PRESETS:
        raise RequestError(f"preset={preset!r}; allowed: {', '.join(PRESETS)}")
    return dataclasses.replace(BIG, classes=PRESETS[preset].classes)


def load_unet(path: Path, preset: str, *, legacy_order: bool = True) -> UNet:
    """Read a guided-diffusion state dict (.pt) or the same as safetensors into its U-Net.

    The module's forward(x, t) is the raw output: (N, 6, H, W), eps and v.  legacy_order: False for
    networks trained with guided-diffusion's "new attention order".  Raises RequestError for files
    that are missing, no plain state dicts, or another network's.
    """
    config = dataclasses.replace(preset_config(preset), legacy_order=legacy_order)
    if not path.is_file():
        published = PRESETS[preset]
        raise RequestError(
            f"{path} does not exist; {preset} is called {published.file}, published by its authors "
            f"at {published.origin}"
        )
    return assemble(config, load_weights(path), str(path))


def load_own(path: Path) -> tuple[UNet, str]:
    """Read weights that `export` wrote; return the network and its schedule's name."""
    facts = settings(path)
    fields: dict[str, Any] = {
        k: tuple(v) if isinstance(v, list) else v for k, v in facts["unet"].items()
    }
    return assemble(UNetConfig(**fields), load_weights(path), str(path)), str(facts["schedule"])


def export(path: Path, network: UNet, schedule: str, facts: Mapping[str, str]) -> None:
    """Save a network's weights in half precision with all that is needed to rebuild it.

    One metadata entry of JSON with sorted keys: safetensors writes several in a random order.
    """
    weights = {name: tensor.to(torch.float16) for name, tensor in network.state_dict().items()}
    told = {"unet": network.config.written(), "schedule": schedule, **facts}
    save_weights(path, weights, {"ddpm": json.dumps(told, sort_keys=True)})


def assemble(config: UNetConfig, weights: Mapping[str, torch.Tensor], source: str) -> UNet:
    """Return the float32 network with these weights; raises RequestError when they do not fit."""
    with torch.device("meta"):
        network = UNet(config)
    complaint = difference(weights, network.state_dict())
    if complaint:
        fitting = [name for name in PRESETS if not difference(weights, _shapes(name))]
        advice = f"it fits {', '.join(fitting)}" if fitting else "it fits none of the presets"
        raise RequestError(f"{source}: {complaint}; {advice}")
    ready = {name: tensor.float() for name, tensor in weights.items()}
    network.load_state_dict(ready, assign=True)
    return network.eval().requires_grad_(False)


def difference(tensors: Mapping[str, torch.Tensor], expected: Mapping[str, torch.Tensor]) -> str:
    """Say which keys are missing, unexpected or of another shape; "" when all fits."""
    missing = [k for k in expected if k not in tensors]
    unexpected = [k for k in tensors if k not in expected]
    reshaped = [
        f"{k} is {tuple(tensors[k].shape)}, not {tuple(expected[k].shape)}"
        for k in expected
        if k in tensors and tensors[k].shape != expected[k].shape
    ]
    groups = (("missing", missing), ("unexpected", unexpected), ("of another shape", reshaped))
    return "; ".join(f"{_few(keys)} {what}" for what, keys in groups if keys)


def _few(keys: list[str]) -> str:
    """Return "3 keys (a, b, c, ...)"."""
    shown = ", ".join(keys[:3]) + (", ..." if len(keys) > 3 else "")
    return f"{len(keys)} key{'s' if len(keys) > 1 else ''} ({shown})"


def _shapes(preset: str) -> dict[str, torch.Tensor]:
    """Return a preset's state dict on the meta device."""
    with torch.device("meta"):
        return UNet(preset_config(preset)).state_dict()
