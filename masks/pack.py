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
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.api import HasAssets, Json, MaskGenerator, RequestError
from bench.api.files import write_atomic
from bench.api.imaging import encode_png
from bench.api.seeds import derive_seed
from masks.preview import contact_sheet

if TYPE_CHECKING:
    import torch

__all__ = ["PackSummary", "Statistics", "contact_sheet", "read_pack", "statistics", "write_pack"]

MANIFEST = "pack.json"
# Not a PNG: whoever reads the folder takes PNGs for masks.
SHEET = "contact-sheet.jpg"
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
    """What was written: the folder, its statistics, its sha256 and the contact sheet."""

    path: Path
    sheet: Path
    statistics: Statistics
    sha256: str


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
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise RequestError(f"{out} is not an empty folder: give a new folder for the pack")
    out.mkdir(parents=True, exist_ok=True)
    entries: list[dict[str, Json]] = []
    shown: list[torch.Tensor] = []
    for index in range(count):
        hole, entry = _write_mask(generator, index, size=size, seed=seed, out=out)
        entries.append(entry)
        if index < SHEET_MASKS:
            shown.append(hole)
        if on_progress is not None:
            on_progress(index + 1)
    numbers = _statistics([float(str(entry["hole_ratio"])) for entry in entries])
    pack = {
        "schema_version": 1,
        "generator": _identity(generator),
        "size": [size, size],
        "mask_seed": seed,
        "polarity": "hole-white",
        "statistics": dataclasses.asdict(numbers),
        "files": entries,
    }
    digest = _sha256_of(pack)
    titles = [f"{index:05d}  {hole.numpy().mean():.3f}" for index, hole in enumerate(shown)]
    contact_sheet(shown, titles).save(out / SHEET, quality=92)
    write_atomic(out / MANIFEST, (json.dumps({**pack, "sha256": digest}, indent=1) + "\n").encode())
    return PackSummary(out, out / SHEET, numbers, digest)


def read_pack(path: Path) -> dict[str, float]:
    """Verify the pack in a folder and return the hole ratio of each mask, by id.

    Raises RequestError naming the first file that is missing, changed or not of the pack.
    """
    pack = _load(path / MANIFEST)
    advice = "write it again, or delete its pack.json to use the files as they are"
    if pack.get("sha256") != _sha256_of({k: v for k, v in pack.items() if k != "sha256"}):
        raise RequestError(f"{path / MANIFEST} was changed after it was written: {advice}")
    listed = {str(entry["file"]): entry for entry in pack["files"]}
    for name, entry in listed.items():
        file = path / name
        if not file.is_file():
            raise RequestError(f"the mask pack {path} lacks {name}: {advice}")
        if hashlib.sha256(file.read_bytes()).hexdigest() != entry["sha256"]:
            raise RequestError(f"{name} of the mask pack {path} does not match its hash: {advice}")
    found = {file.relative_to(path).as_posix() for file in path.rglob("*.png")}
    for name in sorted(found - set(listed)):
        raise RequestError(f"{name} is not a file of the mask pack {path}: {advice}")
    return {Path(name).stem: float(entry["hole_ratio"]) for name, entry in listed.items()}


def _write_mask(
    generator: MaskGenerator, index: int, *, size: int, seed: int, out: Path
) -> tuple[torch.Tensor, dict[str, Json]]:
    """Draw and write one mask; return it and its entry in pack.json."""
    mask_seed = derive_seed("mask", generator.name, "pack", index, seed)
    hole = generator(size, size, mask_seed)
    data = encode_png(hole)
    name = f"{index:05d}.png"
    (out / name).write_bytes(data)
    facts = getattr(generator, "facts", None)
    return hole, {
        "file": name,
        "seed": mask_seed,
        "hole_ratio": float(hole.numpy().mean()),
        "facts": {} if facts is None else facts(size, size, mask_seed),
        "sha256": hashlib.sha256(data).hexdigest(),
        "hole_sha256": hashlib.sha256(np.packbits(hole.numpy()).tobytes()).hexdigest(),
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


def _statistics(ratios: list[float]) -> Statistics:
    if not ratios:
        raise ValueError("no hole to compute statistics of")
    p5, p95 = (float(value) for value in np.percentile(ratios, [5, 95]))
    return Statistics(len(ratios), float(np.mean(ratios)), p5, p95, min(ratios), max(ratios))


def _sha256_of(pack: Mapping[str, Any]) -> str:
    canonical = json.dumps(pack, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def _load(file: Path) -> dict[str, Any]:
    try:
        pack = json.loads(file.read_text())
    except (OSError, ValueError) as error:
        raise RequestError(f"{file} cannot be read: {error}") from error
    if not isinstance(pack, dict) or not isinstance(pack.get("files"), list):
        raise RequestError(f"{file} is not the manifest of a mask pack: write the pack again")
    return pack
