"""Outputs returned for a handout, as a method: an output is found by the number of its file."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from bench.api import Inpaint, RequestError
from bench.api.exchange import find_file
from bench.handout.manifest import Handout, read_handout

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class ReturnedOutputs:
    """A folder of outputs for a handout; a missing output is an error of its image.

    name: the method's name in tables.  path: the outputs' folder.  handout: the handout's folder.
    The outputs' content is no part of a run's identity, so that more can be added later: a record
    holds the hash of the file that it read.
    """

    version: ClassVar[str] = "external"
    multiple_of: ClassVar[int] = 1
    single_threaded: ClassVar[bool] = True
    name: str
    path: Path
    handout: Path

    def load(self, device: str) -> Inpaint:
        """Return a function that raises RequestError: outputs are read from files, not computed."""

        def refuse(visible: torch.Tensor, hole: torch.Tensor, seeds: Sequence[int]) -> torch.Tensor:
            raise RequestError("Outputs made elsewhere cannot complete other images.")

        return refuse

    def assets(self) -> Mapping[str, str]:
        """Return the hash of the handout."""
        return {"handout": self._handout.sha256}

    def output(self, output_id: str) -> torch.Tensor:
        """Return float32 (3, H, W); raises ValueError or OSError when it cannot be read."""
        from bench.api.imaging import read_rgb, to_tensor

        return to_tensor(read_rgb(self._existing(output_id)))

    def output_sha256(self, output_id: str) -> str | None:
        """Return the sha256 of an output's file; None when there is none."""
        try:
            return hashlib.sha256(self._existing(output_id).read_bytes()).hexdigest()
        except (OSError, ValueError):
            return None

    def _existing(self, output_id: str) -> Path:
        files = self._files(output_id)
        if (file := find_file(self.path, files)) is None:
            raise ValueError(f"no output: there is no {' or '.join(files)} in {self.path}")
        return file

    def _files(self, output_id: str) -> list[str]:
        """Return the possible paths of an output."""
        samples = self._handout.asked.samples
        image_id, _, sample = output_id.rpartition("@") if samples > 1 else (output_id, "", "0")
        if image_id not in self._handout.names:
            raise ValueError("it was not handed out")
        name = self._handout.names[image_id]
        files = self._handout.layout.output_files(name, int(sample) if samples > 1 else None)
        return files

    @cached_property
    def _handout(self) -> Handout:
        return read_handout(self.handout)
