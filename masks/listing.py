"""Which masks a folder holds: listed once by the process of the run and once by each worker."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from bench.api import RequestError
from masks.manifest import MANIFEST, read_manifest, read_pack

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

SUFFIXES = (".png", ".jpg", ".jpeg")
# What `bench masks` shows its pack in: a JPEG, and no mask.
SHEET = "contact-sheet.jpg"
# LaMa's test sets: x_mask.png, x_mask001.png; those of its script: x_crop000_mask000.png.
LAMA = re.compile(r"(?P<image>.+)_mask\d*")
CROP = re.compile(r"_crop\d+$")


@dataclass(frozen=True)
class MaskList:
    """The masks of a folder.

    files: id -> file, sorted by id.  ratios: id -> declared hole ratio; None unless it is a pack.
    digest: of the ids, or of the pack: two lists of one folder with the same digest are equal.
    """

    files: Mapping[str, Path]
    ratios: Mapping[str, float] | None
    digest: str


def list_masks(path: Path, digest: str | None = None) -> MaskList:
    """Return the masks below a folder.

    digest: of the list that another process made of it; None where this one is the first.
    Raises RequestError when there is none, for a pack whose files are not those it was written
    with, and when the folder no longer holds the masks of the digest.
    """
    return _list(path, verify=True) if digest is None else _list_again(path, digest)


@lru_cache(maxsize=8)
def _list_again(path: Path, digest: str) -> MaskList:
    """Return the list that another process made of the folder, without reading a pack's files.

    Workers get a digest with every batch instead of the list, which holds thousands of paths.
    Raises RequestError when the folder no longer holds the same masks.
    """
    masks = _list(path, verify=False)
    if masks.digest != digest:
        raise RequestError(f"the masks in {path} have changed since the run began: run it again")
    return masks


def _list(path: Path, *, verify: bool) -> MaskList:
    files = list_files(path)
    if (path / MANIFEST).exists():
        pack = read_pack(path) if verify else read_manifest(path)
        if missing := sorted(pack.ratios.keys() - files.keys()):
            raise RequestError(f"the mask pack {path} lacks {missing[0]}.png: write it again")
        return MaskList({key: files[key] for key in pack.ratios}, pack.ratios, pack.sha256)
    return MaskList(files, None, hashlib.sha256(json.dumps(list(files)).encode()).hexdigest())


def list_files(path: Path) -> dict[str, Path]:
    """Return id -> file of every PNG and JPEG below a folder, sorted by id.

    A file with a mask of its own, as "x" beside "x_mask001" in LaMa's test sets, is that mask's
    image and left out.  Raises RequestError for two files of one id, and when there is none.
    """
    if not path.is_dir():
        raise RequestError(f"{path} is not a folder: give a folder of PNG or JPEG masks")
    files: dict[str, Path] = {}
    for file in filter(_is_mask, sorted(path.rglob("*"))):
        mask_id = file.relative_to(path).with_suffix("").as_posix()
        if mask_id in files:
            raise RequestError(f"{files[mask_id]} and {file} have the same id: rename one")
        files[mask_id] = file
    images = {image_id for image_id in map(lama_image, files) if image_id}
    files = {mask_id: file for mask_id, file in files.items() if mask_id not in images}
    if not files:
        raise RequestError(
            f"no PNG or JPEG file in {path}: masks are such files, white = hole by default"
        )
    return dict(sorted(files.items()))


def _is_mask(file: Path) -> bool:
    """Return whether a path is a PNG or JPEG file other than a pack's contact sheet."""
    return file.suffix.lower() in SUFFIXES and file.name != SHEET and file.is_file()


def lama_image(mask_id: str) -> str:
    """Return the image whose mask LaMa calls so: "x" for "x_mask001"; "" for another name."""
    match = LAMA.fullmatch(mask_id)
    return match["image"] if match else ""


def by_image(masks: Iterable[str]) -> dict[str, str]:
    """Return image id -> mask id: the mask of that very name, else the first by LaMa's names."""
    by_name: dict[str, str] = {}
    for mask_id in sorted(masks):
        image = lama_image(mask_id)
        for name in (image, image.removesuffix(_crop(image))) if image else ():
            by_name.setdefault(name, mask_id)
    return {**by_name, **{mask_id: mask_id for mask_id in masks}}


def _crop(image_id: str) -> str:
    """Return the "_crop000" that LaMa's script puts after an image's name, or ""."""
    match = CROP.search(image_id)
    return match[0] if match else ""
