"""What a run is: the spec, its identity, and the seeds that follow from it.

A run is one method on one kind of hole on one dataset.  Nothing here touches a run directory.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypedDict, cast

from bench import plugins
from bench.api import ChecksSize, Dataset, HasAssets, MaskGenerator, Method, RequestError
from bench.api.seeds import derive_seed


class Identity(TypedDict):
    """A plug-in in a spec: what decides its outputs.  assets: name -> sha256."""

    name: str
    version: str
    parameters: dict[str, object]
    assets: dict[str, str]


class DatasetIdentity(Identity):
    """A dataset in a spec; content_sha256: over the ids and contents of the n images used."""

    content_sha256: str
    n: int


class Spec(TypedDict):
    """The spec of a run as in results/README.md: JSON values, hashed as they are."""

    method: Identity
    mask: Identity
    dataset: DatasetIdentity
    size: int | None
    limit: int | None
    seed: int
    mask_seed: int
    samples: int
    precision: str


@dataclass(frozen=True)
class Names:
    """What the user calls a run's parts, `name=`; None leaves it to them.  Not part of the spec.

    licence: of the method and its weights, as the user says it, `licence=`.
    """

    method: str | None = None
    mask: str | None = None
    dataset: str | None = None
    licence: str | None = None


@dataclass(frozen=True)
class Run:
    """One method on one kind of hole on one dataset.

    limit: images used, from the first; None = all.  seed drives the method, mask_seed the holes.
    samples: completions of each image and hole.  precision: handed to methods that have the field.
    """

    method: Method
    mask: MaskGenerator
    dataset: Dataset
    limit: int | None = None
    seed: int = 0
    mask_seed: int = 0
    samples: int = 1
    precision: str = "auto"
    names: Names = Names()

    def ids(self) -> list[str]:
        """Return the ids of the images of this run; raises RequestError when there are none."""
        ids = self.dataset.ids()[: self.limit]
        if not ids:
            raise RequestError(f"The dataset {self.dataset.name!r} holds no images; nothing to do.")
        return ids


class Hashes:
    """The hashes of datasets and assets, each file read once for all runs of a grid.

    Plug-ins are distinguished by identity: the runs of one request share theirs.  A file that
    changes between two runs of a grid is not noticed; the next command does notice it.
    """

    def __init__(self) -> None:
        self._assets: dict[int, tuple[object, dict[str, str]]] = {}
        self._contents: dict[tuple[int, tuple[str, ...]], tuple[Dataset, str]] = {}

    def assets(self, plugin: object) -> dict[str, str]:
        """Return a copy of the plug-in's assets; RequestError when one cannot be had."""
        if id(plugin) not in self._assets:
            assets = dict(plugin.assets()) if isinstance(plugin, HasAssets) else {}
            self._assets[id(plugin)] = (plugin, assets)  # held, so that its id stays its own
        return dict(self._assets[id(plugin)][1])

    def content(self, dataset: Dataset, ids: Sequence[str]) -> str:
        """Return a sha256 over the ids and contents of the images used, in order."""
        key = (id(dataset), tuple(ids))
        if key not in self._contents:
            self._contents[key] = (dataset, content_hash(dataset, ids))
        return self._contents[key][1]


def describe(run: Run, ids: Sequence[str], hashes: Hashes | None = None) -> Spec:
    """Return the spec of a run: all that decides the outputs, and nothing else.

    hashes: those of the runs described before, of which this run may share some.
    """
    hashes = hashes or Hashes()
    return {
        "method": _identity(run.method, hashes),
        "mask": _identity(run.mask, hashes),
        "dataset": {
            **_identity(run.dataset, hashes),
            "content_sha256": hashes.content(run.dataset, ids),
            "n": len(ids),
        },
        "size": run.dataset.size,
        "limit": run.limit,
        "seed": run.seed,
        "mask_seed": run.mask_seed,
        "samples": run.samples,
        "precision": run.precision,
    }


def spec_hash(spec: Spec) -> str:
    """Return the sha256 of the canonical JSON of a spec."""
    return hashlib.sha256(canonical_json(spec)).hexdigest()


def canonical_json(value: object) -> bytes:
    """Return sorted, compact, strict JSON."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def content_hash(dataset: Dataset, ids: Sequence[str]) -> str:
    """Return a sha256 over the ids and contents of the images used, in order."""
    digest = hashlib.sha256()
    for image_id in ids:
        try:
            fingerprint = dataset.fingerprint(image_id)
        except (OSError, ValueError):
            fingerprint = "unreadable"  # the run will name it; the others still count
        digest.update(f"{image_id}\0{fingerprint}\n".encode())
    return digest.hexdigest()


def hole_seed(run: Run, image_id: str) -> int:
    """Return the seed of an image's hole: the same for every method and every method seed."""
    return seed_of_hole(run.mask.name, image_id, run.mask_seed)


def seed_of_hole(mask: str, image_id: str, mask_seed: int) -> int:
    """Return the seed of an image's hole in every run with that mask and mask seed."""
    return derive_seed("hole", mask, image_id, mask_seed)


def method_seed(run: Run, image_id: str, sample: int) -> int:
    """Return the seed of one completion."""
    names = (run.method.name, run.mask.name, run.dataset.name)
    return derive_seed("method", *names, image_id, sample, run.seed)


def check(run: Run) -> None:
    """Raise RequestError for a run that cannot work, as far as that shows before it begins."""
    if run.limit is not None and run.limit < 1:
        raise RequestError(f"limit={run.limit}: give at least 1 image.")
    if run.samples < 1:
        raise RequestError(f"samples={run.samples}: give at least 1.")
    side = run.dataset.size
    if side is not None and isinstance(run.method, ChecksSize):
        padded = side + -side % run.method.multiple_of
        run.method.check_size(padded, padded)


def _identity(plugin: object, hashes: Hashes) -> Identity:
    """Return name, version, parameters and asset hashes of a plug-in."""
    named = cast(Any, plugin)
    return {
        "name": named.name,
        "version": named.version,
        "parameters": json.loads(json.dumps(plugins.parameters(plugin), default=str)),
        "assets": hashes.assets(plugin),
    }
