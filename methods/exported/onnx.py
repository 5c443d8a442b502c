"""Any exported network: an ONNX file, run by onnxruntime (the extra `.[onnx]`)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from bench.api import Completion, Inpaint, RequestError
from methods.exported.conventions import Conventions

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class ONNX(Conventions):
    """An exported network in ONNX.

    path: the file; FILE.data beside it, if it exists, belongs to it.  Inputs are found by name and
    number of channels; their type, one size where there is one, and whether the channels come last
    are the file's own, unless `channels` says where.  The other parameters are those of
    Conventions.
    """

    name: ClassVar[str] = "onnx"
    version: ClassVar[str] = "1"
    single_threaded: ClassVar[bool] = False
    seeded: ClassVar[bool] = False
    positional: ClassVar[str] = "path"
    path: Path = field(kw_only=True)
    channels: Literal["auto", "first", "last"] = "auto"

    def __post_init__(self) -> None:
        self.check()
        if not self.path.is_file():
            raise RequestError(f"path={self.path}: no such file; give an ONNX file")

    def assets(self) -> Mapping[str, str]:
        """Return the sha256 of the file, and of the weights beside it."""
        files = {"network": self.path, "data": self.path.with_name(f"{self.path.name}.data")}
        return {
            name: hashlib.sha256(file.read_bytes()).hexdigest()
            for name, file in files.items()
            if file.is_file()
        }

    def check_device(self, device: str) -> None:
        """Raise RequestError without onnxruntime, or where it cannot use the device."""
        _provider(device)

    def load(self, device: str) -> Inpaint:
        """Return the network on a device; raises RequestError for a file that is no network."""
        from methods.exported.session import Session

        session = Session(self.path, _provider(device), self.channels)
        if session.takes_bytes and self.value_range != "0..255":
            raise RequestError(
                f"{self.path} takes 8-bit images: give value_range=0..255,mask_range=0..255"
            )
        network = session.arranged(stacked=self.inputs == "stack", mask_first=self.mask_first)

        def inpaint(
            visible: torch.Tensor, hole: torch.Tensor, seeds: Sequence[int]
        ) -> torch.Tensor | Completion:
            return self.complete(network, visible, hole, session.size)

        return inpaint


def _provider(device: str) -> str:
    """Return onnxruntime's provider for a device; raises RequestError if it lacks it."""
    package = runtime()
    provider = "CPUExecutionProvider" if device == "cpu" else "CUDAExecutionProvider"
    if provider not in package.get_available_providers():
        raise RequestError(
            f"onnxruntime has no {provider} for --device {device}: install onnxruntime-gpu instead"
        )
    return provider


def runtime() -> Any:
    """Import onnxruntime; raises RequestError that names the extra when it is missing."""
    try:
        import onnxruntime
    except ImportError as error:
        raise RequestError(
            f"onnxruntime is not installed ({error}): pip install 'inpaint-bench[onnx]'"
        ) from error
    return onnxruntime
