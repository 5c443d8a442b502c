"""What is written about a run when it begins: the spec, the code, the packages, the machine."""

from __future__ import annotations

import datetime
import hashlib
import platform
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.plan.spec import spec_hash
from bench.store.directory import SCHEMA_VERSION

PACKAGES = ("torch", "numpy", "pillow", "opencv-python-headless", "scikit-image", "scipy", "numba")


def new(
    spec: dict[str, Any], ids: Sequence[str], *, device: str, batch_size: int, threads: int
) -> dict[str, Any]:
    """Return the facts about a run that begins here and now.

    device: in words.  batch_size, threads: the plan that a resumed run keeps.  The dtype is known
    when workers have loaded the network: what it computes in there, of workers that differ all
    with commas; null for methods that do not say.  machine.capability names the vector
    instructions that torch uses, as in "AVX2": a network's last bits depend on them.
    """
    import torch

    return {
        "schema_version": SCHEMA_VERSION,
        "spec": spec,
        "spec_sha256": spec_hash(spec),
        "code": code_version(),
        "packages": _package_versions(),
        "python": platform.python_version(),
        "machine": {
            "system": platform.platform(),
            "processor": platform.machine(),
            "capability": torch.backends.cpu.get_cpu_capability(),
        },
        "device": device,
        "dtype": None,
        "plan": {
            "ids_sha256": hashlib.sha256("\n".join(ids).encode(errors="replace")).hexdigest(),
            "n": len(ids),
            "batch_size": batch_size,
            "threads": threads,
        },
        "created": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "timing": {},
    }


def code_version() -> dict[str, Any]:
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


def _package_versions() -> dict[str, str]:
    from importlib.metadata import PackageNotFoundError, version

    found = {}
    for name in ("inpaint-bench", *PACKAGES):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
