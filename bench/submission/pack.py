"""Pack runs into a folder for a repository of results.

The folder holds submission.json, method.json, and for each run its manifest, records, scores,
summary and pixel hashes.  The outputs are in archives/, which are published elsewhere and
identified by their hash.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import shutil
import zipfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bench.api import RequestError, imaging
from bench.api.files import write_atomic
from bench.store.directory import RunDirectory, file_stem
from bench.store.manifest import Manifest
from bench.store.record import Record
from bench.store.strict_json import indented
from bench.submission.card import read_card, template

if TYPE_CHECKING:
    import torch

SUBMISSION, CARD, PIXELS = "submission.json", "method.json", "pixels.csv"
FILES = ("manifest.json", "records.jsonl", "scores.csv", "summary.json")
SCHEMA_VERSION = 1
# Fixed, so that the same outputs give the same archive.
_EPOCH = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Packed:
    """The folder that was written, its runs, and the size of the archives in bytes."""

    path: Path
    runs: tuple[str, ...]
    archive_bytes: int


def pack(
    runs: Sequence[Path], card: Path | None, out: Path, on_progress: Callable[[int, int], None]
) -> Packed:
    """Pack complete, scored runs; raises RequestError for others, and for an incomplete card.

    Without a card, a template is written and named in the error.
    """
    if out.exists() and (not out.is_dir() or any(p.name != CARD for p in out.iterdir())):
        raise RequestError(f"{out} is not an empty folder; give a new one with --out.")
    told = read_card(card or _card_in(out))
    complete = [_complete(run) for run in runs]
    if not complete:
        raise RequestError("Nothing to pack: give run directories.")
    entries, size = [], 0
    for done, (directory, manifest) in enumerate(complete):
        on_progress(done, len(complete))
        entry = _pack_run(directory, manifest, out)
        size += (out / str(entry["archive"])).stat().st_size
        entries.append(entry)
    write_atomic(out / CARD, indented(told))
    told_hash = hashlib.sha256((out / CARD).read_bytes()).hexdigest()
    whole = {"schema_version": SCHEMA_VERSION, "method_sha256": told_hash, "runs": entries}
    write_atomic(out / SUBMISSION, indented(whole))
    on_progress(len(complete), len(complete))
    return Packed(out, tuple(str(entry["name"]) for entry in entries), size)


def _card_in(out: Path) -> Path:
    """Return the card in a folder; without one, write a template and raise RequestError."""
    card = out / CARD
    if not card.exists():
        write_atomic(card, indented(template()))
        raise RequestError(f"Fill in {card}, which says what the method is, and pack again.")
    return card


def _complete(run: Path) -> tuple[RunDirectory, Manifest]:
    """Return a run; raises RequestError unless it is complete, scored, and has its PNGs."""
    directory = RunDirectory(run)
    manifest = directory.manifest()
    if manifest is None:
        raise RequestError(f"{run} is no run directory: it has no manifest.json.")
    if lacking := [name for name in FILES if not (run / name).is_file()]:
        raise RequestError(f"{run} has no {lacking[0]}: finish and score it first.")
    records = directory.records()
    n = manifest.plan.n * manifest.spec["samples"]
    undone = [record.id for record in records.values() if not directory.is_done(record)]
    if undone or len(records) != n:
        what = undone[0] if undone else f"{n - len(records)} more"
        raise RequestError(f"{run} is not complete ({what}); finish it with the same command.")
    return directory, manifest


def _pack_run(directory: RunDirectory, manifest: Manifest, out: Path) -> dict[str, object]:
    """Copy a run's files, write its pixel hashes and its archive; return its entry."""
    name = directory.path.name
    target = out / "runs" / name
    target.mkdir(parents=True, exist_ok=True)
    for file in FILES:
        shutil.copyfile(directory.path / file, target / file)
    records = directory.records()
    write_atomic(target / PIXELS, _pixel_hashes(directory, records.values()).encode())
    archive = out / "archives" / f"{name}.zip"
    archive.parent.mkdir(exist_ok=True)
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as written:
        for output_id in sorted(records):
            entry = zipfile.ZipInfo(f"{file_stem(output_id)}.png", _EPOCH)
            written.writestr(entry, directory.image_path("output", output_id).read_bytes())
    hashes = {file: _sha256(target / file) for file in (*FILES, PIXELS)}
    return {
        "name": name,
        "label": (manifest.labels or {}).get("method", manifest.spec["method"]["name"]),
        "spec_sha256": manifest.spec_sha256,
        "files": hashes,
        "archive": f"archives/{name}.zip",
        "archive_sha256": _sha256(archive),
    }


def _pixel_hashes(directory: RunDirectory, records: Iterable[Record]) -> str:
    """Return a CSV of the sha256 of the decoded pixels of target, hole and output of each id."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["id", "target", "hole", "output"])
    for record in records:
        target = imaging.decode_png(directory.image_path("target", record.image_id).read_bytes())
        hole = imaging.decode_hole(directory.image_path("hole", record.image_id).read_bytes())
        writer.writerow(
            [record.id, pixels_hash(target), hole_hash(imaging.as_hole(hole)), record.pixels_sha256]
        )
    return text.getvalue()


def pixels_hash(pixels: torch.Tensor) -> str:
    """Return the sha256 of uint8 (3, H, W), as records hold it."""
    return hashlib.sha256(pixels.contiguous().numpy().tobytes()).hexdigest()


def hole_hash(hole: torch.Tensor) -> str:
    """Return the sha256 of a hole's bytes, bool (1, H, W)."""
    return hashlib.sha256(hole.contiguous().numpy().tobytes()).hexdigest()


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_submission(folder: Path) -> dict[str, object]:
    """Return submission.json; raises RequestError for none."""
    try:
        loaded = json.loads((folder / SUBMISSION).read_bytes())
    except (OSError, ValueError) as error:
        raise RequestError(f"{folder} is no submission ({SUBMISSION}: {error})") from error
    if not isinstance(loaded, dict) or loaded.get("schema_version") != SCHEMA_VERSION:
        raise RequestError(f"{folder / SUBMISSION} is not of schema version {SCHEMA_VERSION}")
    return loaded
