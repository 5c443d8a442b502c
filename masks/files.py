"""Holes from a folder of PNG files, paired with images by id or drawn by seed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from bench.api import Json, RequestError
from bench.api.imaging import as_hole
from bench.api.seeds import numpy_stream
from masks.listing import MaskList, list_again, list_masks, list_pngs
from masks.manifest import MANIFEST, read_manifest
from masks.reading import POLARITIES, MaskFile, other_polarity, read_mask, resized

if TYPE_CHECKING:
    import torch


PAIRINGS = ("auto", "id", "seed")
# How far a file's hole ratio may be from the one that its pack declares.
RATIO_TOLERANCE = 0.01
MAX_ASPECT_DIFFERENCE = 0.02


@dataclass(frozen=True)
class MaskFolder:
    """Masks from a folder of PNG files: folder:PATH (or a pack written by `bench masks`).

    path: searched through its subfolders; a file's id is its path in there without ".png".
    polarity: hole-white (white, >= 128, is missing: LaMa, DeepFillv2, MMagic) or keep-white
    (RePaint, MAT, diffusers).
    pairing: "id" gives each image the mask of its id, "seed" draws a mask by the image's mask seed;
    "auto" draws from a pack and pairs by id from any other folder.
    Masks are resized with nearest neighbour; a paired one must have its image's aspect ratio.
    """

    name: ClassVar[str] = "folder"
    version: ClassVar[str] = "1"
    positional: ClassVar[str] = "path"
    path: Path
    polarity: str = "hole-white"
    pairing: str = "auto"

    def __post_init__(self) -> None:
        if self.polarity not in POLARITIES:
            raise RequestError(f"polarity={self.polarity!r} is not one of {', '.join(POLARITIES)}")
        if self.pairing not in PAIRINGS:
            raise RequestError(f"pairing={self.pairing!r} is not one of {', '.join(PAIRINGS)}")
        list_pngs(self.path)

    def title(self) -> str:
        """Return the folder's own name, or what a pack's pack.json says was drawn."""
        if (self.path / MANIFEST).exists():
            return f"{read_manifest(self.path).title} pack"
        return self.path.resolve().name or self.name

    def __call__(self, height: int, width: int, seed: int) -> torch.Tensor:
        """Return a mask drawn by the seed, bool (1, H, W).  Raises RequestError on a bad file."""
        return as_hole(resized(self._read(self._drawn(seed)).hole, height, width, self.path))

    def for_image(self, image_id: str, height: int, width: int, seed: int) -> torch.Tensor:
        """Return the mask of an image, bool (1, H, W): its own, or one drawn by the seed.

        Raises RequestError when it has none, when its aspect ratio differs, or on a bad file.
        """
        if not self._by_id:
            return self(height, width, seed)
        self.check_ids([image_id])
        hole = self._read(image_id).hole
        rows, columns = hole.shape
        if abs(columns * height / (rows * width) - 1) > MAX_ASPECT_DIFFERENCE:
            raise RequestError(
                f"the mask of {image_id!r} is {columns}x{rows} pixels and its image"
                f" {width}x{height}: give masks of their images'"
                " aspect ratio, or pairing=seed to stretch them"
            )
        return as_hole(resized(hole, height, width, self.path))

    def check_ids(self, image_ids: Sequence[str]) -> None:
        """Raise RequestError when images are paired by id and some of them have no mask."""
        files = self._masks.files
        missing = [image_id for image_id in image_ids if image_id not in files]
        if self._by_id and missing:
            first_few = ", ".join(list(files)[:3])
            raise RequestError(
                f"{len(missing)} of {len(image_ids)} images have no mask in {self.path}"
                f" (first: {missing[0]!r}; masks there: {first_few}, {len(files)} in all): name"
                " masks after the images' ids, or give pairing=seed"
            )

    def assets(self) -> Mapping[str, str]:
        """Return the sha256 over all ids and files; raises RequestError for a pack that changed."""
        digest = hashlib.sha256()
        for image_id, file in self._masks.files.items():
            content = hashlib.sha256(file.read_bytes()).hexdigest()
            digest.update(json.dumps([image_id, content]).encode())
        return {"masks": digest.hexdigest()}

    def facts(self, height: int, width: int, seed: int) -> dict[str, Json]:
        """Return `mask`, the id of the mask drawn by the seed, and its `soft` share of pixels."""
        chosen = self._drawn(seed)
        return {"mask": chosen, "soft": self._read(chosen).soft}

    def facts_for_image(self, image_id: str, height: int, width: int, seed: int) -> dict[str, Json]:
        """Return the facts of the mask that `for_image` gives."""
        if not self._by_id:
            return self.facts(height, width, seed)
        return {"mask": image_id, "soft": self._read(image_id).soft}

    def __getstate__(self) -> dict[str, object]:
        """Pickle the parameters and the digest of the list: 10,000 paths would go with a batch."""
        parameters = {"path": self.path, "polarity": self.polarity, "pairing": self.pairing}
        return parameters | {"_digest": self._masks.digest}

    @cached_property
    def _masks(self) -> MaskList:
        digest = vars(self).get("_digest")  # there in a copy that came from another process
        return list_masks(self.path) if digest is None else list_again(self.path, digest)

    @property
    def _by_id(self) -> bool:
        return self.pairing == "id" or (self.pairing == "auto" and self._masks.ratios is None)

    def _drawn(self, seed: int) -> str:
        return list(self._masks.files)[int(numpy_stream(seed).integers(len(self._masks.files)))]

    def _read(self, mask_id: str) -> MaskFile:
        file = self._masks.files[mask_id]
        mask = read_mask(file, self.polarity)
        declared = None if self._masks.ratios is None else self._masks.ratios[mask_id]
        ratio = float(mask.hole.mean())
        if declared is not None and abs(ratio - declared) > RATIO_TOLERANCE:
            raise RequestError(
                f"{file}: hole ratio {ratio:.3f} with polarity={self.polarity}, but"
                f" its pack declares {declared:.3f}: give polarity={other_polarity(self.polarity)}"
            )
        return mask
