"""A pack of masks that grows by one hole at a time, as they are painted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from bench.api import Json, RequestError
from bench.api.files import write_atomic
from bench.api.imaging import as_hole, decode_hole
from masks.manifest import MANIFEST, read_pack
from masks.pack import Entry, entry_of, write_manifest

if TYPE_CHECKING:
    from collections.abc import Mapping

PAINTED: Mapping[str, Json] = {"name": "painted", "parameters": {}, "version": "1", "assets": {}}


def add_mask(pack: Path, name: str, png: bytes) -> None:
    """Add a hole to a pack, which is begun when there is none; one of that name is replaced.

    pack: the folder.  name: without ".png".  png: the file, white = hole.
    Raises RequestError for a pack that was changed, or that a generator drew.
    """
    entries = {str(entry["file"]): entry for entry in _entries(pack)}
    file = f"{name}.png"
    write_atomic(pack / file, png)
    entries[file] = _entry(file, png)
    about: dict[str, Json] = {"generator": PAINTED, "size": None, "mask_seed": None}
    write_manifest(about, [entries[file] for file in sorted(entries)], pack)


def _entries(pack: Path) -> list[Entry]:
    """Return what pack.json says of each mask, checked against the files.

    A mask that it does not list was written when the process was killed, and joins the others.
    """
    if not (pack / MANIFEST).exists():
        if _holds_masks(pack):
            raise RequestError(f"{pack} holds masks and no {MANIFEST}: give a new folder")
        return []
    listed = json.loads((pack / MANIFEST).read_text(encoding="utf-8"))
    if listed.get("generator") != PAINTED:
        raise RequestError(f"{pack} is a pack that a generator drew: give a new folder")
    entries: list[Entry] = listed["files"]
    names = {str(entry["file"]) for entry in entries}
    stray = [file for file in pack.glob("*.png") if file.name not in names]
    if not stray:
        read_pack(pack)
    return entries + [_entry(file.name, file.read_bytes()) for file in stray]


def _holds_masks(path: Path) -> bool:
    """Return whether a path is a folder that holds PNG files, or a file."""
    return path.exists() and (not path.is_dir() or any(path.glob("*.png")))


def _entry(file: str, png: bytes) -> Entry:
    hole = as_hole(decode_hole(png)).numpy()
    return {**entry_of(file, png, hole), "seed": None, "facts": {}}
