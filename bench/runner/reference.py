"""Read committed results strictly: a damaged reference must not pass as a good one.

A reference is a run's manifest.json, records.jsonl and scores.csv; its PNGs are not needed, since a
record holds the sha256 of the output's decoded pixels, or its first 16 digits.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import plugins
from bench.api import DataNotFoundError, RequestError
from bench.complete.external import ExternalOutputs, NoMethod
from bench.plan import spec as specs
from bench.plan.spec import Identity, Run, Spec
from bench.store.manifest import Manifest
from bench.store.record import Record
from bench.store.scores import read_scores

REFERENCES = Path("results/leaderboards")
DIGEST = re.compile("[0-9a-f]{16}|[0-9a-f]{64}")


@dataclass(frozen=True)
class Reference:
    """A reference run.  records: by id.  scores: metric -> id -> score."""

    manifest: Manifest
    records: Mapping[str, Record]
    scores: Mapping[str, Mapping[str, float]]

    def lacks(self, output_id: str) -> bool:
        """Return whether an output has no record, or no score of some metric."""
        scored = all(output_id in column for column in self.scores.values())
        return output_id not in self.records or not scored


def read_reference(path: Path) -> Reference:
    """Return the reference in a folder; raises RequestError, OSError or ValueError if damaged."""
    manifest = _manifest(path)
    records = _records(path, manifest.plan.n * manifest.spec["samples"])
    return Reference(manifest, records, read_scores(path))


def references(paths: Sequence[Path] = ()) -> list[Path]:
    """Return the reference runs below these folders (default: the committed ones).

    Raises RequestError if there is none.
    """
    folders = list(paths) or [committed()]
    runs = sorted({p.parent for folder in folders for p in folder.rglob("manifest.json")})
    if not runs:
        listed = ", ".join(map(str, folders))
        raise RequestError(
            f"No reference results in {listed}: no manifest.json below it. Those of the project "
            f"are in {REFERENCES} of its repository: give that folder, or any folder of runs."
        )
    return runs


def committed() -> Path:
    """Return the committed references: of the working directory, else of our checkout."""
    beside = Path(__file__).resolve().parents[2] / REFERENCES
    return beside if beside.is_dir() and not REFERENCES.is_dir() else REFERENCES


@dataclass(frozen=True)
class Override:
    """A plug-in as the command line gives it, for references with one of that name.

    kind: "method", "mask" or "dataset".  spec: "folder:images/".
    """

    kind: str
    spec: str

    @property
    def name(self) -> str:
        """The plug-in's name; raises RequestError for an unknown one."""
        return plugins.name_of(self.kind, self.spec)


def rebuild(spec: Spec, overrides: Sequence[Override] = ()) -> Run:
    """Return the run that a spec describes; RequestError if it would be another on this machine.

    DataNotFoundError if its images are not here.  overrides: plug-ins that replace those of the
    same names, with the spec's parameters.
    """
    run = Run(
        _plugin("method", spec["method"], overrides),
        _plugin("mask", spec["mask"], overrides),
        _plugin("dataset", spec["dataset"], overrides),
        limit=spec["limit"],
        seed=spec["seed"],
        mask_seed=spec["mask_seed"],
        samples=spec["samples"],
        precision=spec["precision"],
    )
    here = specs.describe(run, run.ids())
    _check_same(spec["method"], here["method"])
    _check_same(spec["mask"], here["mask"])
    _check_same(spec["dataset"], here["dataset"])
    return run


def rebuild_task(spec: Spec, dataset: str | None = None) -> Run:
    """Return a run with the images and holes of a spec, whose method completes nothing.

    dataset: where the images are, for datasets that are not shipped.  Raises RequestError if they
    would be others on this machine.
    """
    overrides = [] if dataset is None else [Override("dataset", dataset)]
    run = Run(
        NoMethod(),
        _plugin("mask", spec["mask"], overrides),
        _plugin("dataset", spec["dataset"], overrides),
        limit=spec["limit"],
        mask_seed=spec["mask_seed"],
        samples=spec["samples"],
    )
    here = specs.describe(run, run.ids())
    _check_same(spec["mask"], here["mask"])
    _check_same(spec["dataset"], here["dataset"])
    return run


def _check_same(told: Mapping[str, object], ours: Mapping[str, object]) -> None:
    """Raise RequestError unless this machine has the plug-in that a reference describes."""
    for key, value in told.items():
        if ours.get(key) != value:
            raise RequestError(
                f"{told['name']}: the reference has {key} {value!r}, this machine "
                f"{ours.get(key)!r}; use the code and data of the reference."
            )


def _plugin(kind: str, identity: Identity, overrides: Sequence[Override]) -> Any:
    if identity["version"] == ExternalOutputs.version:
        raise RequestError(f"{identity['name']}: its outputs were made elsewhere.")
    same = [one.spec for one in overrides if one.kind == kind and one.name == identity["name"]]
    text = same[0] if same else identity["name"]
    try:
        return plugins.resolve(kind, text, **identity["parameters"])
    except RequestError as error:
        if same or isinstance(error, DataNotFoundError):  # which says itself what to do
            raise
        advice = f"Give it with --{kind} {identity['name']}:PATH if it needs a path."
        raise RequestError(f"{error} {advice}") from error


def _manifest(path: Path) -> Manifest:
    """Return the manifest; raises RequestError if its spec is not the one it was written with."""
    try:
        manifest = Manifest.from_json((path / "manifest.json").read_bytes())
    except ValueError as error:
        raise RequestError(f"manifest.json is damaged ({error})") from error
    if specs.spec_hash(manifest.spec) != manifest.spec_sha256:
        raise RequestError("manifest.json is damaged: its spec is not the one that was run")
    return manifest


def _records(path: Path, number: int) -> dict[str, Record]:
    """Return id -> record; raises RequestError for a line that is damaged, or too few of them."""
    records = {}
    lines = (path / "records.jsonl").read_bytes().splitlines()
    for place, line in enumerate(lines, start=1):
        try:
            record = Record.from_json(line)
            if record.done and not DIGEST.fullmatch(record.pixels_sha256 or ""):
                raise ValueError("pixels_sha256 is no sha256, nor its first 16 digits")
        except ValueError as error:
            raise RequestError(f"records.jsonl, line {place} is damaged ({error})") from error
        records[record.id] = record
    if len(records) != number:
        raise RequestError(f"records.jsonl is damaged: {len(records)} of {number} records")
    return records
