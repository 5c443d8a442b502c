"""Files of training: written atomically, read safely."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from pickle import UnpicklingError
from typing import TYPE_CHECKING, Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save

from bench.api import RequestError
from bench.api.files import write_atomic

if TYPE_CHECKING:
    from collections.abc import Mapping


def save_checkpoint(path: Path, state: Mapping[str, Any]) -> None:
    """Save a training state (tensors, numbers, strings, dicts and lists of them) atomically."""
    buffer = io.BytesIO()
    torch.save(dict(state), buffer)
    write_atomic(path, buffer.getvalue())


def load_checkpoint(path: Path) -> dict[str, Any]:
    """Load what `save_checkpoint` wrote, onto the CPU; raises RequestError for anything else."""
    if not path.is_file():
        raise RequestError(f"{path} does not exist; give the path of a checkpoint file")
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except (UnpicklingError, RuntimeError, EOFError, ValueError, KeyError) as error:
        reason = str(error).split("\n", 1)[0].split(". ")[0]
        raise RequestError(
            f"{path} is refused: not a plain file of tensors ({type(error).__name__}: {reason}); "
            "allowed: a state dict saved by torch.save, or safetensors"
        ) from error
    if not isinstance(state, dict):
        raise RequestError(
            f"{path} is refused: it holds a {type(state).__name__}; allowed: a plain state dict"
        )
    return state


def save_weights(path: Path, weights: Mapping[str, torch.Tensor], facts: Mapping[str, str]) -> None:
    """Save tensors with string metadata as safetensors, atomically."""
    ready = {name: tensor.detach().cpu().contiguous() for name, tensor in weights.items()}
    write_atomic(path, save(ready, metadata=dict(facts)))


def load_weights(path: Path) -> dict[str, torch.Tensor]:
    """Load a state dict from .safetensors or from a plain torch .pt/.pth file, onto the CPU.

    Raises RequestError for a missing file, a pickle with more than tensors, or no tensors at all.
    """
    if path.suffix == ".safetensors" and path.is_file():
        try:
            return load_file(path)
        except SafetensorError as error:
            raise RequestError(f"{path} is not a whole safetensors file ({error})") from error
    state = load_checkpoint(path)
    strange = [str(name) for name, value in state.items() if not isinstance(value, torch.Tensor)]
    if strange or not state:
        content = (
            f"entries that are no tensors ({', '.join(strange[:3])})" if strange else "nothing"
        )
        raise RequestError(f"{path} is refused: it holds {content}; allowed: a plain state dict")
    return state


def sha256(path: Path) -> str:
    """Return the sha256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
