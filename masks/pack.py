"""Checksummed mask packs: a folder of PNGs with a pack.json, and the statistics of holes.

pack.json holds the generator (name, parameters, version, assets), the size, the mask seed, each
file's seed, hole ratio, facts and sha256 (of the file, and of the hole itself, which another PNG
encoder does not change), the statistics, and the sha256 of all that.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from bench.api import Facts, HasAssets, Json, MaskGenerator, RequestError
from bench.api.files import write_atomic
from bench.api.imaging import encode_png
from bench.api.seeds import derive_seed
from masks.listing import SHEET
from masks.manifest import MANIFEST, sha256_of
from masks.preview import contact_sheet

if TYPE_CHECKING:
    import torch

__all__ = [
    "PackSummary",
    "Statistics",
    "contact_sheet",
    "statistics",
    "write_masks",
    "write_pack",
]

Entry: TypeAlias = dict[str, Json]  # one file of pack.json

SHEET_MASKS = 36


@dataclass(frozen=True)
class Statistics:
    """Hole ratios of `count` masks: mean, 5th and 95th percentile, smallest and largest."""

    count: int
    mean: float
    p5: float
    p95: float
    smallest: float
    largest: float


@dataclass(frozen=True)
class PackSummary:
    """What was written: the folder, its statistics, its sha256 and the contact sheet.

    holes_sha256: of the holes alone, the same whatever encoded the PNGs.
    """

    path: Path
    sheet: Path
    statistics: Statistics
    sha256: str
    holes_sha256: str


def statistics(holes: Iterable[torch.Tensor]) -> Statistics:
    """Return the statistics of the hole ratios of bool (1, H, W) holes; ValueError for none."""
    return _statistics([float(hole.numpy().mean()) for hole in holes])


def write_pack(
    generator: MaskGenerator,
    *,
    count: int,
    size: int,
    seed: int,
    out: Path,
    on_progress: Callable[[int], None] | None = None,
) -> PackSummary:
    """Write `count` masks of size x size pixels with their pack.json and a contact sheet.

    seed: the mask seed; mask i is drawn from derive_seed("mask", name, "pack", i, seed).
    on_progress: called with the number of masks written.
    Raises RequestError for a count below 1 and for a folder that is not empty.
    """
    if count < 1:
        raise RequestError(f"count={count}: a pack holds at least 1 mask")
    seeds = {
        f"{index:05d}": derive_seed("mask", generator.name, "pack", index, seed)
        for index in range(count)
    }
    return write_masks(generator, seeds, size=size, seed=seed, out=out, on_progress=on_progress)


def write_masks(
    generator: MaskGenerator,
    seeds: Mapping[str, int],
    *,
    size: int,
    seed: int,
    out: Path,
    on_progress: Callable[[int], None] | None = None,
) -> PackSummary:
    """Write a pack as `write_pack` does, of masks with these names and seeds.

    seed: the mask seed that those were derived from, for pack.json.
    Raises RequestError for a folder that is not empty and for a name with a folder in it.
    """
    if nested := [name for name in seeds if "/" in name]:
        raise RequestError(f"{nested[0]!r} lies in a folder: a pack's masks lie in one folder")
    _make_empty(out)
    entries: list[Entry] = []
    shown: list[torch.Tensor] = []
    for done, (name, mask_seed) in enumerate(seeds.items(), start=1):
        hole, entry = _write_mask(generator, f"{name}.png", mask_seed, size=size, out=out)
        entries.append(entry)
        shown += [hole] if done <= SHEET_MASKS else []
        if on_progress is not None:
            on_progress(done)
    pairs = zip(seeds, shown, strict=False)
    titles = [f"{name}  {hole.numpy().mean():.3f}" for name, hole in pairs]
    contact_sheet(shown, titles).save(out / SHEET, quality=92)
    numbers = ratio_statistics(entries)
    about: dict[str, Json] = {
        "generator": _identity(generator),
        "size": [size, size],
        "mask_seed": seed,
    }
    digest = write_manifest(about, entries, out)
    return PackSummary(out, out / SHEET, numbers, digest, _holes_hash(entries))


def _make_empty(out: Path) -> None:
    """Make the folder; raises RequestError for a file and for a folder that holds something."""
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise RequestError(f"{out} is not an empty folder: give a new folder for the pack")
    out.mkdir(parents=True, exist_ok=True)


def write_manifest(about: Mapping[str, Json], entries: list[Entry], out: Path) -> str:
    """Write pack.json; return the sha256 of what it holds.

    about: who drew the masks: "generator", "size" and "mask_seed".
    """
    pack: dict[str, Json] = {
        "schema_version": 1,
        **about,
        "polarity": "hole-white",
        "statistics": dataclasses.asdict(ratio_statistics(entries)),
        "holes_sha256": _holes_hash(entries),
        "files": entries,
    }
    digest = sha256_of(pack)
    write_atomic(out / MANIFEST, (json.dumps({**pack, "sha256": digest}, indent=1) + "\n").encode())
    return digest


def _write_mask(
    generator: MaskGenerator, name: str, mask_seed: int, *, size: int, out: Path
) -> tuple[torch.Tensor, Entry]:
    """Draw and write one mask; return it and its entry in pack.json."""
    hole = generator(size, size, mask_seed)
    data = encode_png(hole)
    (out / name).write_bytes(data)
    facts = dict(generator.facts(size, size, mask_seed)) if isinstance(generator, Facts) else {}
    return hole, {**entry_of(name, data, hole.numpy()), "seed": mask_seed, "facts": facts}


def entry_of(name: str, data: bytes, hole: np.ndarray) -> Entry:
    """Return what pack.json says of any mask.  data: the PNG file.  hole: bool (1, H, W)."""
    return {
        "file": name,
        "hole_ratio": float(hole.mean()),
        "sha256": hashlib.sha256(data).hexdigest(),
        "hole_sha256": hashlib.sha256(np.packbits(hole).tobytes()).hexdigest(),
    }


def _identity(generator: MaskGenerator) -> dict[str, Json]:
    """Return name, parameters (without paths), version and assets of a generator."""
    fields = dataclasses.fields(generator)  # type: ignore[arg-type]
    values = {field.name: getattr(generator, field.name) for field in fields}
    return {
        "name": generator.name,
        "parameters": {k: v for k, v in values.items() if not isinstance(v, Path)},
        "version": generator.version,
        "assets": dict(generator.assets()) if isinstance(generator, HasAssets) else {},
    }


def ratio_statistics(entries: list[Entry]) -> Statistics:
    """Return the statistics of what pack.json says of its masks; ValueError for none."""
    return _statistics([float(str(entry["hole_ratio"])) for entry in entries])


def _holes_hash(entries: list[Entry]) -> str:
    """Return the sha256 over the lines "file hole_sha256"."""
    lines = "".join(f"{entry['file']} {entry['hole_sha256']}\n" for entry in entries)
    return hashlib.sha256(lines.encode()).hexdigest()


def _statistics(ratios: list[float]) -> Statistics:
    if not ratios:
        raise ValueError("no hole to compute statistics of")
    p5, p95 = (float(value) for value in np.percentile(ratios, [5, 95]))
    return Statistics(len(ratios), float(np.mean(ratios)), p5, p95, min(ratios), max(ratios))
