"""The origin of a page's numbers: data, dates, code and machines, from the manifests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.api import RequestError
from bench.store.directory import RunDirectory

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from bench.report.boards import Board
    from bench.store.manifest import Manifest
    from bench.store.scored_run import ScoredRun


def title(boards: Sequence[Board]) -> str:
    """Return the page's title: what was completed."""
    return f"Inpainting of {_listed(board.dataset for board in boards)}"


def facts(boards: Sequence[Board]) -> list[tuple[str, str]]:
    """Return (fact, value) of the boards' runs; facts that no manifest states are left out."""
    manifests = [m for board in boards for row in board.rows for m in _manifests(row.runs)]
    dates = sorted({m.created[:10] for m in manifests if m.created})
    told = [
        ("Data", _listed(sorted(set(map(_data, boards))))),
        ("Made", " to ".join(dict.fromkeys([dates[0], dates[-1]])) if dates else ""),
        ("Code", _listed(dict.fromkeys(map(_code, manifests)))),
        ("Machine", _listed(dict.fromkeys(map(_machine, manifests)))),
    ]
    return [(what, value) for what, value in told if value]


def _data(board: Board) -> str:
    """Return "photos at 256 px, 100 images"."""
    size = f"{board.size} px" if board.size else "its own sizes"
    return f"{board.dataset} at {size}, {board.n} images"


def _manifests(runs: Iterable[ScoredRun]) -> list[Manifest]:
    manifests = []
    for run in runs:
        try:
            manifest = RunDirectory(run.path).manifest()
        except RequestError:  # a broken manifest: its facts are left out
            continue
        manifests += [manifest] if manifest is not None else []
    return manifests


def _code(manifest: Manifest) -> str:
    """Return "inpaint-bench 0.1.0, commit 1a2b3c4 (changed)"."""
    version = manifest.packages.get("inpaint-bench", "")
    commit = str(manifest.code.get("commit") or "")[:7]
    changed = " (changed)" if manifest.code.get("dirty") else ""
    parts = [f"inpaint-bench {version}" if version else "", f"commit {commit}" if commit else ""]
    return ", ".join(filter(None, parts)) + changed


def _machine(manifest: Manifest) -> str:
    """Return "x86_64 with AVX512, cpu (2 cores)"."""
    machine = manifest.machine
    processor, vector = machine.get("processor", ""), machine.get("capability", "")
    words = f"{processor} with {vector}" if processor and vector else processor
    return ", ".join(filter(None, [words, manifest.device]))


def _listed(items: Iterable[str], most: int = 3) -> str:
    """Return the items, each once, "and 2 more" for those after the first few."""
    unique = [item for item in dict.fromkeys(items) if item]
    more = f" and {len(unique) - most} more" if len(unique) > most else ""
    return "; ".join(unique[:most]) + more
