"""Building a gallery: streaming, in flat memory, resumable after a kill at any moment."""

from __future__ import annotations

import fcntl
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from bench.api import RequestError
from bench.api.imaging import SUFFIXES, is_image_name
from methods.scenecompletion.writer import Writer

Array = np.ndarray[Any, np.dtype[Any]]
Item = tuple[str, str, Array | Path]  # id, source, uint8 (H, W, 3) or the file to read it from


@dataclass
class BuildReport:
    """What a build did.  skipped: (id, why) of unreadable photographs and of exact copies."""

    sha256: str = ""
    photographs: int = 0
    scenes: int = 0
    already_there: int = 0
    skipped: list[tuple[str, str]] = field(default_factory=list)

    def text(self) -> str:
        """Return what the gallery holds, in one line."""
        return f"scenes {self.scenes}, photographs {self.photographs}, sha256 {self.sha256}"


def build(
    source: Path | Iterable[Item],
    out: Path,
    *,
    on_progress: Callable[[int, int | None], None] = lambda done, total: None,
    side: int = 512,
    crops: bool = False,
) -> BuildReport:
    """Build a gallery of a folder's photographs (recursively) or of (id, source, image) items.

    side: photographs are shrunk to at most this short side.  crops: overlapping squares of every
    photograph become scenes of their own (for small galleries).  on_progress: (done, total or
    None).  A second call with the same `out` goes on where the first stopped.
    Raises RequestError when there is nothing to build from, the folder belongs to a build with
    other settings or to a running one, or a recorded photograph has changed.
    """
    items = folder_items(source) if isinstance(source, Path) else source
    total = len(items) if isinstance(items, list) else None
    report = BuildReport()
    out.mkdir(parents=True, exist_ok=True)
    with _owned(out), Writer(out, side=side, crops=crops) as writer:
        for done, (name, origin, image) in enumerate(items, start=1):
            try:
                report.already_there += not writer.add(name, origin, image)
            except (OSError, ValueError) as error:
                if isinstance(error, RequestError):
                    raise
                report.skipped.append((name, str(error)))
            on_progress(done, total)
        seal = writer.finish()
    report.sha256, report.photographs, report.scenes = seal.sha256, seal.photographs, seal.scenes
    return report


def folder_items(folder: Path) -> list[Item]:
    """List a folder's photographs; the id and the source are the path below the folder."""
    if not folder.is_dir():
        raise RequestError(f"{folder} is not a folder; give a folder of photographs.")
    paths = sorted(p for p in folder.rglob("*") if is_image_name(p.name) and p.is_file())
    if not paths:
        raise RequestError(f"{folder} holds no photograph ({', '.join(SUFFIXES)}).")
    names = [p.relative_to(folder).as_posix() for p in paths]
    return [(name, name, path) for name, path in zip(names, paths, strict=True)]


@contextmanager
def _owned(out: Path) -> Iterator[None]:
    """Hold the folder's lock, which the system drops with the process."""
    with (out / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RequestError(f"{out} is being built by another process; wait for it.") from None
        yield
