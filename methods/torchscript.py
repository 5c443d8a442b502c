"""Any exported network: a TorchScript file called with (image, mask), as LaMa exports."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from bench.api import Inpaint, RequestError

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class TorchScript:
    """An exported network, called with (image, mask) (LaMa's convention by default).

    path: the TorchScript file.  It is code that runs with your rights: use files you trust.
    multiple_of: H and W are padded to a multiple of this.  value_range: of the image that the
    network takes and returns; "0..1" or "-1..1".  polarity: "hole" or "keep", what the
    mask's 1 means.  hidden: what the network sees inside the hole, "zero" or "mid" (the middle of
    the range).
    """

    name: ClassVar[str] = "torchscript"
    version: ClassVar[str] = "1"
    single_threaded: ClassVar[bool] = False
    seeded: ClassVar[bool] = False
    positional: ClassVar[str] = "path"
    path: Path
    multiple_of: int = 8
    value_range: Literal["0..1", "-1..1"] = "0..1"
    polarity: Literal["hole", "keep"] = "hole"
    hidden: Literal["zero", "mid"] = "zero"

    def __post_init__(self) -> None:
        if self.multiple_of < 1:
            raise RequestError(f"multiple_of={self.multiple_of} is not at least 1")
        if not self.path.is_file():
            raise RequestError(f"path={self.path}: no such file; give an exported TorchScript file")

    def assets(self) -> Mapping[str, str]:
        """Return the sha256 of the network's file."""
        return {"network": hashlib.sha256(self.path.read_bytes()).hexdigest()}

    def load(self, device: str) -> Inpaint:
        """Return the network on a device; raises RequestError for a file that is no TorchScript."""
        import torch

        try:
            with warnings.catch_warnings():
                # torch deprecates TorchScript; the field's exported models are still TorchScript.
                warnings.simplefilter("ignore", FutureWarning)
                network = torch.jit.load(str(self.path), map_location=device).eval()
        except RuntimeError as error:
            why = str(error).strip().split("\n")[0].split(". ")[0].split(" (")[0]
            raise RequestError(
                f"{self.path} is no TorchScript file ({why}); give one that torch.jit.save wrote."
            ) from error

        def inpaint(
            visible: torch.Tensor, hole: torch.Tensor, seeds: Sequence[int]
        ) -> torch.Tensor:
            image = visible.masked_fill(hole, 0.5) if self.hidden == "mid" else visible
            signed = self.value_range == "-1..1"
            mask = (hole if self.polarity == "hole" else ~hole).to(image.dtype)
            output = network(image * 2 - 1 if signed else image, mask)
            return (output + 1) / 2 if signed else output

        return inpaint
