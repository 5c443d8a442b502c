"""Any exported network: a TorchScript file called with (image, mask), as LaMa exports."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from bench.api import Completion, Inpaint, RequestError
from methods.exported.conventions import Conventions

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class TorchScript(Conventions):
    """An exported network, called with (image, mask) (LaMa's convention by default).

    path: the TorchScript file.  It is code that runs with your rights: use files you trust.
    fixed: the side of a network that takes one size only; 0 = any.  The other parameters are those
    of Conventions.
    """

    name: ClassVar[str] = "torchscript"
    version: ClassVar[str] = "2"
    single_threaded: ClassVar[bool] = False
    seeded: ClassVar[bool] = False
    positional: ClassVar[str] = "path"
    path: Path = field(kw_only=True)
    fixed: int = 0

    def __post_init__(self) -> None:
        self.check()
        if self.fixed < 0:
            raise RequestError(f"fixed={self.fixed} is not at least 0")
        if not self.path.is_file():
            raise RequestError(f"path={self.path}: no such file; give an exported TorchScript file")

    def assets(self) -> Mapping[str, str]:
        """Return the sha256 of the network's file."""
        return {"network": hashlib.sha256(self.path.read_bytes()).hexdigest()}

    def load(self, device: str) -> Inpaint:
        """Return the network on a device; raises RequestError for a file that is no TorchScript."""
        network = load_torchscript(self.path, device)
        size = (self.fixed, self.fixed) if self.fixed else None

        def inpaint(
            visible: torch.Tensor, hole: torch.Tensor, seeds: Sequence[int]
        ) -> torch.Tensor | Completion:
            return self.complete(network, visible, hole, size)

        return inpaint


def load_torchscript(path: Path, device: str) -> Any:
    """Return a TorchScript file's network; raises RequestError for a file that is none."""
    import torch

    try:
        with warnings.catch_warnings():
            # torch deprecates TorchScript; the field's exported models are still TorchScript.
            warnings.simplefilter("ignore", FutureWarning)
            network = torch.jit.load(str(path), map_location=device).eval()
    except RuntimeError as error:
        why = str(error).strip().split("\n")[0].split(". ")[0].split(" (")[0]
        raise RequestError(
            f"{path} is no TorchScript file ({why}); give one that torch.jit.save wrote."
        ) from error
    for weight in network.parameters():
        weight.requires_grad_(False)
    return network
