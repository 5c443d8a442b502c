"""What a diffusers folder says about itself, without loading anything."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from bench.api import RequestError

INDEX = "model_index.json"
_SUFFIXES = (".json", ".safetensors", ".bin", ".txt", ".model")
# Latents are cut into patches of 2: sides are multiples of twice the VAE's factor.
_PATCHES = ("Flux", "StableDiffusion3", "Qwen", "ZImage")


@dataclass(frozen=True)
class Folder:
    """A folder that `save_pretrained` wrote."""

    path: Path

    @cached_property
    def index(self) -> Mapping[str, object]:
        """What model_index.json holds; raises RequestError when there is none."""
        try:
            loaded = json.loads((self.path / INDEX).read_bytes())
        except (OSError, ValueError) as error:
            raise RequestError(
                f"path={self.path} holds no pipeline ({INDEX}: {error}); give the folder of one"
            ) from error
        if not isinstance(loaded, dict) or not isinstance(loaded.get("_class_name"), str):
            raise RequestError(f"{self.path / INDEX} does not name a pipeline's class")
        return loaded

    @property
    def class_name(self) -> str:
        """The class that wrote it."""
        return str(self.index["_class_name"])

    def check(self) -> None:
        """Raise RequestError for an unconditional network, which another method takes."""
        if "unet" in self.index and not {"vae", "movq", "text_encoder"} & self.index.keys():
            raise RequestError(
                f"{self.path} is an unconditional network ({self.class_name}); "
                f"write ddpm:path={self.path}"
            )

    def multiple_of(self) -> int:
        """Return what H and W must be a multiple of."""
        if self.class_name.startswith("Kandinsky"):
            return 64
        return self._vae_factor() * (2 if self.class_name.startswith(_PATCHES) else 1)

    def content_hash(self) -> str:
        """Return a sha256 over names and contents of the folder's configuration and weights."""
        digest = hashlib.sha256()
        for file in sorted(p for p in self.path.rglob("*") if p.suffix in _SUFFIXES):
            name = file.relative_to(self.path).as_posix()
            digest.update(f"{name}\0{file_hash(file)}\n".encode())
        return digest.hexdigest()

    def _vae_factor(self) -> int:
        try:
            blocks = json.loads((self.path / "vae" / "config.json").read_bytes())
            return 2 ** (len(blocks["block_out_channels"]) - 1)
        except (OSError, ValueError, KeyError, TypeError):
            return 8


def file_hash(path: Path) -> str:
    """Return the sha256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_prompts(path: Path) -> Mapping[str, str]:
    """Return image id -> prompt; raises RequestError for a file that does not hold that."""
    try:
        loaded = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise RequestError(f"prompts={path} cannot be read as JSON ({error})") from error
    if not isinstance(loaded, dict) or not all(isinstance(v, str) for v in loaded.values()):
        raise RequestError(f"prompts={path} is no JSON object of image id: prompt")
    return loaded
