"""The pack.json of a mask pack: read, and verified against the files."""

from __future__ import annotations

import dataclasses
import hashlib
import importlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.api import Json, RequestError
from masks import MASKS

MANIFEST = "pack.json"
ADVICE = "write it again, or delete its pack.json to use the files as they are"


@dataclass(frozen=True)
class Pack:
    """A pack as read.

    title: what was drawn, "irregular:bin=20-30".  ratios: id -> hole ratio.  hashes: file name ->
    sha256 of its bytes.
    """

    sha256: str
    title: str
    ratios: dict[str, float]
    hashes: dict[str, str]


def read_pack(path: Path) -> Pack:
    """Verify the pack in a folder and return it.

    Raises RequestError naming the first file that is missing, changed or not of the pack.
    """
    pack = read_manifest(path)
    for name, digest in pack.hashes.items():
        file = path / name
        if not file.is_file():
            raise RequestError(f"the mask pack {path} lacks {name}: {ADVICE}")
        if hashlib.sha256(file.read_bytes()).hexdigest() != digest:
            raise RequestError(f"{name} of the mask pack {path} does not match its hash: {ADVICE}")
    there = {file.relative_to(path).as_posix() for file in path.rglob("*.png")}
    for name in sorted(there - pack.hashes.keys()):
        raise RequestError(f"{name} is not a file of the mask pack {path}: {ADVICE}")
    return pack


def read_manifest(path: Path) -> Pack:
    """Return what the pack.json in a folder says, checked against its own hash alone.

    Raises RequestError when it cannot be read or was changed.
    """
    file = path / MANIFEST
    try:
        pack = json.loads(file.read_text())
    except (OSError, ValueError) as error:
        raise RequestError(f"{file} cannot be read: {error}") from error
    if not isinstance(pack, dict) or not isinstance(pack.get("files"), list):
        raise RequestError(f"{file} is not the manifest of a mask pack: write the pack again")
    if pack.pop("sha256", None) != (digest := sha256_of(pack)):
        raise RequestError(f"{file} was changed after it was written: {ADVICE}")
    entries = {str(entry["file"]): entry for entry in pack["files"]}
    return Pack(
        digest,
        _title(pack.get("generator")),
        {Path(name).stem: float(entry["hole_ratio"]) for name, entry in entries.items()},
        {name: str(entry["sha256"]) for name, entry in entries.items()},
    )


def _title(generator: Json) -> str:
    """Return a generator's name and the parameters that differ from its defaults."""
    if not isinstance(generator, dict):
        return "mask"
    name, parameters = str(generator.get("name")), generator.get("parameters")
    defaults = _defaults(name)
    pairs = parameters.items() if isinstance(parameters, dict) else ()
    changed = ",".join(f"{k}={v}" for k, v in pairs if k not in defaults or v != defaults[k])
    return f"{name}:{changed}" if changed else name


def _defaults(name: str) -> dict[str, object]:
    """Return the default parameters of a generator of ours, as JSON holds them."""
    if name not in MASKS:
        return {}
    module, _, class_name = MASKS[name].partition(":")
    fields = dataclasses.fields(getattr(importlib.import_module(module), class_name))
    return {field.name: json.loads(json.dumps(field.default, default=str)) for field in fields}


def sha256_of(pack: Mapping[str, Json]) -> str:
    """Return the sha256 of a pack.json without its own `sha256`."""
    canonical = json.dumps(pack, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()
