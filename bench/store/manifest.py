"""manifest.json: what is written about a run when it begins, and when its workers load the method.

The spec, the plan, the code, the packages, the machine, the seconds that loading took.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import platform
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import cast

from bench.plan.spec import Spec, spec_hash
from bench.store.strict_json import indented

SCHEMA_VERSION = 1
PACKAGES = ("torch", "numpy", "pillow", "opencv-python-headless", "scikit-image", "scipy", "numba")


@dataclass(frozen=True)
class BatchPlan:
    """How a run is cut into batches; a resumed run keeps it.

    ids_sha256: over the n ids of the images, in order.  threads: torch's, of each worker.
    """

    ids_sha256: str
    n: int
    batch_size: int
    threads: int


@dataclass(frozen=True)
class Loading:
    """What a worker measured when it loaded the method; dtype: what a network computes in."""

    load_seconds: float
    first_batch_seconds: float
    dtype: str | None = None


@dataclass(frozen=True)
class Timing:
    """The seconds of all loadings, one entry per worker."""

    load_seconds: tuple[float, ...] = ()
    first_batch_seconds: tuple[float, ...] = ()


@dataclass(frozen=True)
class Manifest:
    """The facts about a run.

    labels: what tables call its method, mask and dataset.  device: in words.  dtype: what a network
    computed in, of workers that differ all with commas; None for methods that do not say.
    others: the keys of another version of this code, kept when the file is written again.
    """

    schema_version: int
    spec: Spec
    spec_sha256: str
    code: Mapping[str, str | bool | None]
    packages: Mapping[str, str]
    python: str
    machine: Mapping[str, str]
    device: str
    dtype: str | None
    plan: BatchPlan
    created: str
    timing: Timing = field(default_factory=Timing)
    labels: Mapping[str, str] | None = None
    others: Mapping[str, object] = field(default_factory=dict)

    def with_loading(self, loading: Loading) -> Manifest:
        """Return the manifest with one more worker's loading."""
        timing = Timing(
            (*self.timing.load_seconds, loading.load_seconds),
            (*self.timing.first_batch_seconds, loading.first_batch_seconds),
        )
        dtypes = {*(self.dtype or "").split(", "), loading.dtype or ""} - {""}
        return replace(self, dtype=", ".join(sorted(dtypes)) or None, timing=timing)

    def to_json(self) -> bytes:
        """Return the file."""
        values = {name: getattr(self, name) for name in _FIELDS}
        values |= {"plan": asdict(self.plan), "timing": asdict(self.timing), **self.others}
        return indented(values)

    @classmethod
    def from_json(cls, data: bytes) -> Manifest:
        """Return the manifest of a file; raises ValueError for one of another schema."""
        loaded = _of_this_schema(data)
        spec, labels, code = (loaded.get(name) for name in ("spec", "labels", "code"))
        if not isinstance(spec, dict) or not _is_count(spec.get("samples")):
            raise ValueError("it has no spec")
        return cls(
            schema_version=SCHEMA_VERSION,
            spec=cast(Spec, spec),
            spec_sha256=_text(loaded, "spec_sha256"),
            code=code if isinstance(code, dict) else {},
            packages=_texts(loaded.get("packages")),
            python=_text(loaded, "python"),
            machine=_texts(loaded.get("machine")),
            device=_text(loaded, "device"),
            dtype=_text(loaded, "dtype") or None,
            plan=_plan(loaded.get("plan")),
            created=_text(loaded, "created"),
            timing=_timing(loaded.get("timing")),
            labels=_texts(labels) if labels is not None else None,
            others={name: value for name, value in loaded.items() if name not in _FIELDS},
        )


_FIELDS = tuple(entry.name for entry in fields(Manifest) if entry.name != "others")


def new(
    spec: Spec,
    ids: Sequence[str],
    labels: Mapping[str, str],
    *,
    device: str,
    batch_size: int,
    threads: int,
) -> Manifest:
    """Return the facts about a run that begins here and now.

    machine.capability names the vector instructions that torch uses, as in "AVX2": a network's last
    bits depend on them.
    """
    import torch

    return Manifest(
        schema_version=SCHEMA_VERSION,
        spec=spec,
        spec_sha256=spec_hash(spec),
        code=code_version(),
        packages=_package_versions(),
        python=platform.python_version(),
        machine={
            "system": platform.platform(),
            "processor": platform.machine(),
            "capability": torch.backends.cpu.get_cpu_capability(),
        },
        device=device,
        dtype=None,
        plan=BatchPlan(
            ids_sha256=hashlib.sha256("\n".join(ids).encode(errors="replace")).hexdigest(),
            n=len(ids),
            batch_size=batch_size,
            threads=threads,
        ),
        created=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        labels=labels,
    )


def code_version() -> dict[str, str | bool | None]:
    """Return the code's git commit and whether files differ from it; None outside a checkout."""
    root = Path(__file__).resolve().parents[2]

    def git(*arguments: str) -> str | None:
        try:
            done = subprocess.run(
                ["git", "-C", str(root), *arguments], capture_output=True, text=True, timeout=10
            )
        except (OSError, subprocess.TimeoutExpired):
            return None
        return done.stdout.strip() if done.returncode == 0 else None

    commit = git("rev-parse", "HEAD") if (root / ".git").exists() else None
    dirty = bool(git("status", "--porcelain", "--untracked-files=no")) if commit else None
    return {"commit": commit, "dirty": dirty}


def _of_this_schema(data: bytes) -> dict[str, object]:
    """Return the JSON object of a file; raises ValueError unless it is one of SCHEMA_VERSION."""
    try:
        loaded = json.loads(data)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    if not isinstance(loaded, dict) or loaded.get("schema_version") != SCHEMA_VERSION:
        raise ValueError(f"it is not a manifest of schema version {SCHEMA_VERSION}")
    return loaded


def _package_versions() -> dict[str, str]:
    from importlib.metadata import PackageNotFoundError, version

    versions = {}
    for name in ("inpaint-bench", *PACKAGES):
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    return versions


def _is_count(value: object) -> bool:
    return isinstance(value, int) and value >= 1


def _plan(loaded: object) -> BatchPlan:
    """Return the plan; raises ValueError where a run could not be resumed from it."""
    if not isinstance(loaded, dict):
        raise ValueError("it has no plan")
    counts = [loaded.get(name) for name in ("n", "batch_size", "threads")]
    if not all(map(_is_count, counts)):
        raise ValueError("its plan lacks n, batch_size or threads")
    return BatchPlan(_text(loaded, "ids_sha256"), *cast("list[int]", counts))


def _timing(loaded: object) -> Timing:
    kept = loaded if isinstance(loaded, dict) else {}
    seconds = (kept.get(entry.name) for entry in fields(Timing))
    return Timing(*(tuple(values) if isinstance(values, list) else () for values in seconds))


def _text(loaded: Mapping[str, object], name: str) -> str:
    value = loaded.get(name)
    return value if isinstance(value, str) else ""


def _texts(loaded: object) -> dict[str, str]:
    return {k: str(v) for k, v in loaded.items()} if isinstance(loaded, dict) else {}
