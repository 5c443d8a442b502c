"""What runs are called in tables and on disk.  Names are labels: no hash or seed holds them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from bench import plugins
from bench.api import HasLicence
from bench.plan.spec import Run, Spec, spec_hash

LONGEST_PART = 60


def labels(run: Run) -> dict[str, str]:
    """Return what tables call the run's parts; recorded, since defaults may change.

    And the licence of the method, where one is known.
    """
    # The size has a field of its own in the spec and in every heading.
    parts = {
        "method": run.names.method or plugins.label(run.method),
        "mask": run.names.mask or plugins.label(run.mask),
        "dataset": run.names.dataset or plugins.label(run.dataset, without=("size",)),
    }
    told = run.method.licence() if isinstance(run.method, HasLicence) else ""
    licence = run.names.licence or told
    return {**parts, "licence": licence} if licence else parts


def directory_name(spec: Spec, called: Mapping[str, str]) -> str:
    """Return "<method>-<mask>-<dataset>-seed<N>-<8 hex>", safe as a file name.

    called: the labels of the parts.  The eight hex digits are of the spec's hash.
    """
    parts = [_file_part(called[part]) for part in ("method", "mask", "dataset")]
    return f"{'-'.join(parts)}-seed{spec['seed']}-{spec_hash(spec)[:8]}"


def directory(out: Path, spec: Spec, called: Mapping[str, str]) -> Path:
    """Return the run's directory in `out`: the one it has, whatever its name, else a new one."""
    expected = out / directory_name(spec, called)
    if expected.exists() or not out.is_dir():
        return expected
    existing = sorted(p for p in out.glob(f"*-{spec_hash(spec)[:8]}") if p.is_dir())
    return existing[0] if existing else expected


def _file_part(label: str) -> str:
    """Return a label as a part of a file name: what shells and file systems mind becomes "_"."""
    plain = re.sub(r"[^A-Za-z0-9._=+-]+", "_", label).strip("._-")
    return plain[:LONGEST_PART].rstrip("._-") or "_"
