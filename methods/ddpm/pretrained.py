"""The available weights: those that ship, and the checkpoints of the field.  Light: no torch.

The settings of a project's weights stand in the file itself, as safetensors' metadata.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.api import RequestError

FOLDER = Path(__file__).parents[1] / "weights"
SHIPPED = {
    "fashion-mnist-32": FOLDER / "ddpm-fashion-mnist-32.safetensors",
    "photos-64": FOLDER / "ddpm-photos-64.safetensors",
}


@dataclass(frozen=True)
class PublishedNetwork:
    """A checkpoint of the field.  file, origin: what its authors call it and where they put it."""

    file: str
    origin: str
    classes: int | None = None


_REPAINT = "https://github.com/andreas128/RePaint (its download.sh has the links)"
_OPENAI = "https://openaipublic.blob.core.windows.net/diffusion/jul-2021/"
PRESETS = {
    "celebahq-256": PublishedNetwork("celeba256_250000.pt", _REPAINT),
    "places-256": PublishedNetwork("places256_300000.pt", _REPAINT),
    "imagenet-256": PublishedNetwork(
        "256x256_diffusion_uncond.pt", _OPENAI + "256x256_diffusion_uncond.pt"
    ),
    "imagenet-256-cond": PublishedNetwork(
        "256x256_diffusion.pt", _OPENAI + "256x256_diffusion.pt", classes=1000
    ),
}
PRESETS_MULTIPLE_OF = 32
PRESETS_SIDE = 256


def weights_path(weights: str, path: Path | None) -> Path:
    """Return the file or folder of `weights`; raises RequestError when it is missing."""
    if weights in SHIPPED and path is None:
        return SHIPPED[weights]
    if path is None:
        preset = PRESETS[weights]
        raise RequestError(
            f"weights={weights} needs path=FILE: the file is called {preset.file}, "
            f"published by its authors at {preset.origin}"
        )
    if not path.exists():
        published = PRESETS.get(weights)
        where = ""
        if published is not None:
            where = f"; the file is called {published.file}, published at {published.origin}"
        raise RequestError(f"path={path} does not exist{where}")
    return path


def multiple_of(weights: str, path: Path | None) -> int:
    """Return what height and width must be multiples of, without reading any tensor."""
    if weights in PRESETS:
        return PRESETS_MULTIPLE_OF
    file = SHIPPED["fashion-mnist-32"] if path is None else path
    if file.is_dir():
        return int(2 ** (len(diffusers_config(file)["block_out_channels"]) - 1))
    if path is None or not file.is_file():
        return 8
    unet = settings(file)["unet"]
    return int(unet["patch"] * 2 ** (len(unet["multipliers"]) - 1))


def trained_at(weights: str, path: Path | None) -> int:
    """Return the side of the images that a network was trained on, without reading any tensor."""
    if weights in PRESETS:
        return PRESETS_SIDE
    file = SHIPPED["photos-64" if weights == "auto" else weights] if path is None else path
    if file.is_dir():
        return int(diffusers_config(file)["sample_size"])
    return int(settings(file)["unet"]["size"])


def settings(path: Path) -> dict[str, Any]:
    """Return {"unet": {...}, "schedule": ...} of the project's own file; refuse all others."""
    try:
        with path.open("rb") as file:
            header = json.loads(file.read(int.from_bytes(file.read(8), "little", signed=False)))
        facts: dict[str, Any] = json.loads(header["__metadata__"]["ddpm"])
        return {**facts, "unet": dict(facts["unet"]), "schedule": str(facts["schedule"])}
    except (ValueError, KeyError, OverflowError, MemoryError, TypeError) as error:
        raise RequestError(
            f"{path} names no network of its own; say which it is: weights={'|'.join(PRESETS)}"
        ) from error


def diffusers_config(folder: Path) -> dict[str, Any]:
    """Return the config.json of a diffusers UNet2DModel folder."""
    file = folder / "config.json"
    config: dict[str, Any] = json.loads(file.read_text()) if file.is_file() else {}
    if config.get("_class_name") != "UNet2DModel":
        raise RequestError(f"{folder} is a folder without the config.json of a UNet2DModel")
    return config
