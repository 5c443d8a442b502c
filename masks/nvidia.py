"""NVIDIA's irregular mask test set (Liu et al. 2018), read from its folder of 12,000 PNG files."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from bench.api import Json, RequestError
from bench.api.imaging import as_hole
from bench.api.seeds import numpy_stream
from masks.irregular import BINS, BORDERS, check_choice
from masks.listing import MaskList, list_files, list_masks
from masks.reading import POLARITIES, other_polarity, read_mask, resized

if TYPE_CHECKING:
    import torch

    from masks.drawing import Hole

# The bins are (low, high]; a file this far outside still counts as of its bin.
BIN_TOLERANCE = 0.01
PROBES = 3


@dataclass(frozen=True)
class Nvidia:
    """NVIDIA's irregular test masks by hole-ratio bin: nvidia:PATH (Liu et al. 2018, PConv).

    path: the unpacked folder, files in the published order: for each of the bins 0-10%, 10-20%,
    ..., 50-60% first the masks with border, then those without (1,000 each in the full set).
    bin, border: which of them; "any" draws from all of them.  Masks are drawn by seed.
    polarity: "detect" finds out from the bins whether white is hole or kept.
    """

    name: ClassVar[str] = "nvidia"
    version: ClassVar[str] = "1"
    positional: ClassVar[str] = "path"
    path: Path
    bin: str = "any"
    border: str = "any"
    polarity: str = "detect"

    def __post_init__(self) -> None:
        check_choice("bin", self.bin, ("any", *BINS))
        check_choice("border", self.border, ("any", *BORDERS))
        check_choice("polarity", self.polarity, ("detect", *POLARITIES))
        count = len(list_files(self.path))
        if count % (len(BINS) * len(BORDERS)):
            raise RequestError(
                f"{count} PNG files in {self.path}: the set has 12,000 (or an equal number for each"
                " of its 6 bins with and without border, in the published order)"
            )

    def __call__(self, height: int, width: int, seed: int) -> torch.Tensor:
        """Return bool (1, H, W), resized with nearest neighbour.

        Raises RequestError when the file's hole ratio is not in its bin.
        """
        hole = self._read(self._drawn(seed), self._polarity)
        return as_hole(resized(hole, height, width, self.path))

    def facts(self, height: int, width: int, seed: int) -> dict[str, Json]:
        """Return the `mask` drawn, its `bin` and `border`, and the pack's `polarity`."""
        index = self._drawn(seed)
        chosen, border = self._group(index)
        return {
            "mask": self._files[index].stem,
            "bin": chosen,
            "border": border,
            "polarity": self._polarity,
        }

    def assets(self) -> Mapping[str, str]:
        """Return the sha256 over all files in order."""
        digests = [hashlib.sha256(file.read_bytes()).hexdigest() for file in self._files]
        return {"masks": hashlib.sha256(json.dumps(digests).encode()).hexdigest()}

    def __getstate__(self) -> dict[str, object]:
        """Pickle the digest of the list in place of its 12,000 paths; keep the rest."""
        kept = {key: value for key, value in vars(self).items() if key not in ("_masks", "_files")}
        return kept | {"_digest": self._masks.digest}

    @cached_property
    def _masks(self) -> MaskList:
        # A copy that came from another process has a digest.
        return list_masks(self.path, vars(self).get("_digest"))

    @cached_property
    def _files(self) -> list[Path]:
        """Files in the order of their numbers (names of equal length sort the same way)."""
        return sorted(self._masks.files.values(), key=lambda file: (len(file.stem), file.stem))

    @cached_property
    def _polarity(self) -> str:
        """The polarity under which the first files of every group lie in their bins."""
        if self.polarity != "detect":
            return self.polarity
        probes = [index for index in range(len(self._files)) if index % self._block < PROBES]
        for polarity in POLARITIES:
            if all(self._fits(index, self._hole(index, polarity)) for index in probes):
                return polarity
        raise RequestError(
            f"the masks in {self.path} are in their hole-ratio bins neither as hole-white nor as"
            " keep-white: give the files in the published order (0-10% first)"
        )

    @property
    def _block(self) -> int:
        """The number of files per bin and border."""
        return len(self._files) // (len(BINS) * len(BORDERS))

    def _group(self, index: int) -> tuple[str, str]:
        """Return the bin and the border of the file at an index."""
        group = index // self._block
        return list(BINS)[group // len(BORDERS)], BORDERS[group % len(BORDERS)]

    def _drawn(self, seed: int) -> int:
        """Return the index of the file that the seed draws from the chosen bin and border."""
        block = self._block
        starts = [
            start
            for start in range(0, len(self._files), block)
            if self.bin in ("any", self._group(start)[0])
            and self.border in ("any", self._group(start)[1])
        ]
        group, place = divmod(int(numpy_stream(seed).integers(len(starts) * block)), block)
        return starts[group] + place

    def _hole(self, index: int, polarity: str) -> Hole:
        return read_mask(self._files[index], polarity).hole

    def _fits(self, index: int, hole: Hole) -> bool:
        low, high = BINS[self._group(index)[0]]
        return low - BIN_TOLERANCE < float(hole.mean()) <= high + BIN_TOLERANCE

    def _read(self, index: int, polarity: str) -> Hole:
        hole = self._hole(index, polarity)
        if not self._fits(index, hole):
            raise RequestError(
                f"{self._files[index]}: hole ratio {float(hole.mean()):.3f} is not in its bin"
                f" {self._group(index)[0]}% with polarity={polarity}: give"
                f" polarity={other_polarity(polarity)} or the files in the published order"
            )
        return hole
