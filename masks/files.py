"""Holes from a folder of PNG files, paired with images by id or drawn by seed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, ClassVar

from bench.api import Json, RequestError
from bench.api.imaging import as_hole
from bench.api.seeds import numpy_stream
from masks.listing import MaskList, by_image, lama_image, list_files, list_masks
from masks.manifest import MANIFEST, read_manifest
from masks.reading import POLARITIES, MaskFile, other_polarity, read_mask, resized

if TYPE_CHECKING:
    import torch


PAIRINGS = ("auto", "id", "seed")
# How far a file's hole ratio may be from the one that its pack declares.
RATIO_TOLERANCE = 0.01
MAX_ASPECT_DIFFERENCE = 0.02
# Of a folder whose holes cover more than this, white may mean keep; how many masks are looked at.
USUAL_HOLES, PROBED = 0.6, 32


@dataclass(frozen=True)
class MaskFolder:
    """Masks from a folder of PNG or JPEG files: folder:PATH (or a pack written by `bench masks`).

    path: searched through its subfolders; a file's id is its path in there without its suffix.
    polarity: hole-white (white, >= 128, is missing: LaMa, DeepFillv2, MMagic) or keep-white
    (RePaint, MAT, diffusers).
    pairing: "id" gives each image the mask of its id (or the first by LaMa's names, "x_mask001" for
    "x"), "seed" draws a mask by the image's mask seed; "auto" draws from a pack and pairs by id
    from any other folder.
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
        list_files(self.path)

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
        hole = self._read(self._paired[image_id]).hole
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
        if not self._by_id:
            return
        files = self._masks.files
        missing = [image_id for image_id in image_ids if image_id not in self._paired]
        if missing:
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
        """Return the facts of the mask drawn by the seed.

        `mask`: its id.  `soft`: its share of grey pixels.  `resized_from`: its size, "WxH", where
        that is not the image's.
        """
        return self._facts(self._drawn(seed), height, width)

    def facts_for_image(self, image_id: str, height: int, width: int, seed: int) -> dict[str, Json]:
        """Return the facts of the mask that `for_image` gives."""
        if not self._by_id:
            return self.facts(height, width, seed)
        return self._facts(self._paired[image_id], height, width)

    def cautions(self) -> list[str]:
        """Say that the masks look inverted, and that an image has several of them."""
        if self._masks.ratios is not None:
            return []  # a pack declares its hole ratios
        files = list(self._masks.files)
        probed = files[:: -(-len(files) // PROBED)]
        share = fmean(float(self._read(mask_id).hole.mean()) for mask_id in probed)
        lines = []
        if share > USUAL_HOLES:
            lines.append(
                f"{share:.0%} of the pixels of the masks in {self.path} are hole (mean of "
                f"{len(probed)} masks). If they are inverted, give "
                f"polarity={other_polarity(self.polarity)}: {1 - share:.0%} then are."
            )
        unused = [m for m in files if (i := lama_image(m)) and self._paired[i] != m]
        if unused and self._by_id:
            lines.append(
                f"{len(unused)} masks in {self.path} are not used: an image takes the first of its "
                "masks (x_mask000 before x_mask001)."
            )
        return lines

    def __getstate__(self) -> dict[str, object]:
        """Pickle the digest of the list, not the list: every batch would carry 10,000 paths."""
        parameters = {"path": self.path, "polarity": self.polarity, "pairing": self.pairing}
        return parameters | {"_digest": self._masks.digest}

    @cached_property
    def _masks(self) -> MaskList:
        # A copy that came from another process has a digest.
        return list_masks(self.path, vars(self).get("_digest"))

    @property
    def _by_id(self) -> bool:
        return self.pairing == "id" or (self.pairing == "auto" and self._masks.ratios is None)

    @cached_property
    def _paired(self) -> Mapping[str, str]:
        """Map the id of each image that has a mask to that mask's."""
        return by_image(self._masks.files)

    def _facts(self, mask_id: str, height: int, width: int) -> dict[str, Json]:
        mask = self._read(mask_id)
        rows, columns = mask.hole.shape
        same = (rows, columns) == (height, width)
        resized_from: dict[str, Json] = {} if same else {"resized_from": f"{columns}x{rows}"}
        return {"mask": mask_id, "soft": mask.soft, **resized_from}

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
