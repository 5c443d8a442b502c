"""`bench fill`: fill one hole of one photograph and write a file per method and sample."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench import plugins
from bench.api import Method, RequestError
from bench.api.files import write_atomic
from bench.api.imaging import is_image_name
from bench.api.seeds import derive_seed
from bench.execute.devices import check_device
from bench.filling.comparison import comparison, shown
from bench.filling.completion import Filler
from bench.filling.holes import HoleSource, find
from bench.filling.photograph import PhotographFile, read
from bench.runner.progress import Progress, Silent

MOST_SAMPLES = 64


@dataclass(frozen=True)
class FillRequest:
    """What is asked for.

    methods: their specs.  out: a folder, or with one method and one sample a file of the
    photograph's kind.  samples: of each method; one that always fills the same gives one file.
    overwrite: whether a file that is there, the photograph itself among them, may be replaced.
    """

    photo: Path
    hole: HoleSource
    methods: tuple[str, ...]
    out: Path
    samples: int = 1
    seed: int = 0
    device: str = "cpu"
    overwrite: bool = False


def fill_file(request: FillRequest, progress: Progress | None = None) -> list[Path]:
    """Fill a photograph; return the files written, the comparison's last if there is one.

    Raises RequestError before anything is filled, for a request that cannot be done.
    """
    check_device(request.device)
    methods = [plugins.method(spec) for spec in request.methods]
    photograph = read(request.photo)
    hole = find(photograph, request.hole)
    names = _names(request, photograph, methods)
    written: list[Path] = []
    pictures: list[tuple[str, np.ndarray]] = []
    for number, method in enumerate(methods):
        made = _samples(request, photograph, hole, method, progress or Silent())
        for sample, colours in enumerate(made):
            label = plugins.label(method) + (f", sample {sample + 1}" if sample else "")
            path = names[number * request.samples + sample]
            write_atomic(path, photograph.encoded(_with_alpha(photograph, colours, hole)))
            written.append(path)
            pictures.append((label, shown(colours)))
    if len(pictures) > 1:
        picture = comparison(shown(photograph.colours), hole, pictures)
        written.append(request.out / f"{request.photo.stem}-comparison.png")
        write_atomic(written[-1], picture)
    return written


def _samples(
    request: FillRequest,
    photograph: PhotographFile,
    hole: np.ndarray,
    method: Method,
    progress: Progress,
) -> Iterator[np.ndarray]:
    """Yield a method's fillings; only the first one when the second equals it."""
    filler = Filler(method, method.load(request.device), request.device)
    first: np.ndarray | None = None
    for sample in range(request.samples):
        seed = derive_seed("fill", method.name, request.seed, sample)
        told = f"{method.name}, sample {sample + 1}" if request.samples > 1 else method.name
        colours = filler(photograph.colours, hole, seed, progress.stage(told))
        if first is not None and sample == 1 and np.array_equal(colours, first):
            return
        first = colours if first is None else first
        yield colours


def _with_alpha(photograph: PhotographFile, colours: np.ndarray, hole: np.ndarray) -> np.ndarray:
    """Return all channels of the file; filled pixels are opaque."""
    if photograph.alpha is None:
        return colours
    alpha = photograph.alpha.copy()
    alpha[hole] = np.iinfo(alpha.dtype).max
    return np.concatenate([colours, alpha[..., None]], axis=2)


def _names(request: FillRequest, photograph: PhotographFile, methods: list[Method]) -> list[Path]:
    """Return the path of each sample of each method; raises RequestError for a file in the way."""
    several = len(methods) * request.samples > 1
    suffix = request.photo.suffix
    if is_image_name(request.out.name) and not request.out.is_dir():
        if several:
            raise RequestError(
                f"--out {request.out} is a file and {len(methods) * request.samples} pictures are "
                "asked for; give a folder"
            )
        if request.out.suffix.lower() != suffix.lower():
            raise RequestError(
                f"--out {request.out} is no {suffix} file, and the photograph's format is kept; "
                f"give a name that ends in {suffix}, or a folder"
            )
        paths = [request.out]
    else:
        labels = [_slug(plugins.label(method)) for method in methods]
        ends = [f"-{k + 1}" if request.samples > 1 else "" for k in range(request.samples)]
        paths = [
            request.out / f"{request.photo.stem}-{label}{end}{suffix}"
            for label in labels
            for end in ends
        ]
    _refuse_lost(request, paths)
    return paths


def _refuse_lost(request: FillRequest, paths: list[Path]) -> None:
    """Raise RequestError when the photograph, or a file given by name, would be overwritten."""
    if request.overwrite:
        return
    kept = [request.photo.resolve(), *([request.out.resolve()] if request.out.is_file() else [])]
    for path in paths:
        if path.resolve() in kept:
            raise RequestError(f"{path} is there already; give another --out, or --overwrite")


def _slug(label: str) -> str:
    """Return a method's label as a part of a file's name."""
    return re.sub(r"[^A-Za-z0-9.=+-]+", "-", label).strip("-")
