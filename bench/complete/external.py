"""Outputs made elsewhere, as a method: the same holes, compositing, metrics and tables as a run."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from bench.api import Inpaint, RequestError

if TYPE_CHECKING:
    import torch

# Where evaluation codes of the field leave the output of image "x": a plain folder and MAT write
# x.png, LaMa the name of the mask, x_mask.png, x_mask001.png (its example) or x_crop000_mask000.png
# (masks made by its script), RePaint inpainted/x.png.
LAYOUTS = (
    *("{id}.png", "{id}.jpg", "inpainted/{id}.png"),
    *("{id}_mask.png", "{id}_mask000.png", "{id}_mask001.png", "{id}_crop000_mask000.png"),
)


@dataclass(frozen=True)
class ExternalOutputs:
    """A folder of outputs made elsewhere: one file per image, found by the image's id.

    name: the method's in tables.  path: the folder.  layout: a file's path in it, with {id}.
    """

    version: ClassVar[str] = "external"
    multiple_of: ClassVar[int] = 1
    single_threaded: ClassVar[bool] = True
    name: str
    path: Path
    layout: Path

    def load(self, device: str) -> Inpaint:
        """Return a function that raises RequestError: these outputs are read, not made."""

        def refuse(visible: torch.Tensor, hole: torch.Tensor, seeds: Sequence[int]) -> torch.Tensor:
            raise RequestError("Outputs made elsewhere cannot complete other images.")

        return refuse

    def output(self, output_id: str) -> torch.Tensor:
        """Return float32 (3, H, W); raises ValueError or OSError when it cannot be read."""
        from bench.api.imaging import read_rgb, to_tensor

        return to_tensor(read_rgb(self._file(output_id)))

    def output_sha256(self, output_id: str) -> str | None:
        """Return the sha256 of an output's file; None when there is none."""
        path = self._file(output_id)
        return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else None

    def assets(self) -> Mapping[str, str]:
        """Return a sha256 over the layout and the names and contents of the folder's files."""
        digest = hashlib.sha256(f"{self.layout.as_posix()}\n".encode())
        for path in sorted(p for p in self.path.rglob("*") if p.is_file()):
            content = hashlib.sha256(path.read_bytes()).hexdigest()
            digest.update(f"{path.relative_to(self.path).as_posix()}\0{content}\n".encode())
        return {"outputs": digest.hexdigest()}

    def _file(self, image_id: str) -> Path:
        return self.path / self.layout.as_posix().replace("{id}", image_id)


@dataclass(frozen=True)
class NoMethod:
    """The method of a run whose images and holes alone are wanted."""

    name: ClassVar[str] = "none"
    version: ClassVar[str] = "1"
    multiple_of: ClassVar[int] = 1
    single_threaded: ClassVar[bool] = True

    def load(self, device: str) -> Inpaint:
        """Raise RequestError: there is nothing to load."""
        raise RequestError("Images and holes alone cannot be completed.")


def find_outputs(
    name: str, path: Path, ids: Sequence[str], layout: str | None = None
) -> ExternalOutputs:
    """Return the outputs under `path` for these images, by id and never by sorted order.

    Raises RequestError if the folder lacks the output of any of them.
    """
    if not path.is_dir():
        raise RequestError(f"--outputs {path}: no such folder.")
    tried = [layout] if layout else LAYOUTS
    candidates = [ExternalOutputs(name, path, Path(text)) for text in tried]
    lacking = [[i for i in ids if not outputs._file(i).is_file()] for outputs in candidates]
    best = min(range(len(candidates)), key=lambda k: len(lacking[k]))
    if missing := lacking[best]:
        some = ", ".join(missing[:3]) + (", ..." if len(missing) > 3 else "")
        raise RequestError(
            f"--outputs {path}: {len(missing)} of {len(ids)} images have no output ({some}). "
            f"Files are looked for as {' or '.join(tried)}; use --layout for another name."
        )
    return candidates[best]
