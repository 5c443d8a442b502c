"""A gallery on disk: photographs, the scenes cut from them, and the search for nearest scenes.

    gallery.json      the seal: format, descriptor version, counts, content sha256; written last
    photographs.jsonl one line per photograph: id, source, hashes, place of its bytes, its scenes
    images.bin        the photographs, encoded one after another
    features.bin      float32 (scenes, 528), in the order of the boxes; mapped, not read

Only the photographs that a query retrieves are read and decoded, so a gallery may be larger than
memory.  Everything read is checked against a hash.

The 99,980 different training images of tiny-imagenet, 64x64: 1.1 GB, built in 10 minutes of one
core, in 43 MiB plus 1 KB per photograph; opened in 2 s and 94 MiB; a query takes .75 s, .13 s of
them in `search`, and up to .2 GiB for what is kept of scenes.  An index of approximate neighbours
would save little of that.  (`python -m tests.benchmarks.gallery_cost`; one thread, processor time.)
"""

from __future__ import annotations

import hashlib
import io
import json
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from bench.api import RequestError
from methods.scenecompletion.gist import GIST, GRID, LENGTH, Descriptor

FORMAT = 1
DESCRIPTOR = "gist-1"  # bumped when gist.py's numbers change
SEAL, PHOTOGRAPHS, IMAGES, FEATURES = (
    "gallery.json",
    "photographs.jsonl",
    "images.bin",
    "features.bin",
)
CHUNK = 4096  # scenes compared at once: 9 MB of features
GIST_WEIGHT = 2.0

Array = np.ndarray[Any, np.dtype[Any]]
Box = tuple[int, int, int, int]  # top, left, height, width in the stored photograph


@dataclass(frozen=True)
class Photograph:
    """A stored photograph.

    origin: sha256 of what it was made from.  sha256: of its stored bytes, which lie at
    [offset, offset + length) of images.bin.  boxes: its scenes; the first is the whole photograph.
    """

    id: str
    source: str
    origin: str
    sha256: str
    offset: int
    length: int
    height: int
    width: int
    boxes: tuple[Box, ...]

    @staticmethod
    def parse(line: bytes) -> Photograph:
        """Read one line of photographs.jsonl; raises ValueError or TypeError when torn."""
        entry = json.loads(line)
        entry["boxes"] = tuple(tuple(box) for box in entry["boxes"])
        return Photograph(**entry)


@dataclass(frozen=True)
class Scene:
    """One scene of a gallery: its number, its photograph and the box that shows it."""

    number: int
    photograph: Photograph
    box: Box


@dataclass(frozen=True)
class Seal:
    """What gallery.json says of a whole gallery.

    sha256: of photographs.jsonl, which holds the hash of every photograph: of the whole content.
    features_sha256, image_bytes: hash of features.bin and size of images.bin.
    """

    sha256: str
    features_sha256: str
    image_bytes: int
    photographs: int
    scenes: int


@dataclass(frozen=True)
class Gallery:
    """An opened gallery.  sha256: of its content, not of its path."""

    folder: Path
    sha256: str
    photographs: tuple[Photograph, ...]
    scenes: tuple[Scene, ...]

    @cached_property
    def by_source(self) -> dict[str, list[Photograph]]:
        """Map each source to its photographs."""
        groups: dict[str, list[Photograph]] = {}
        for photograph in self.photographs:
            groups.setdefault(photograph.source, []).append(photograph)
        return groups

    @cached_property
    def features(self) -> Array:
        """float32 (scenes, 528), mapped from disk."""
        shape = (len(self.scenes), LENGTH)
        return np.memmap(self.folder / FEATURES, dtype=np.float32, mode="r", shape=shape)

    def search(self, query: Descriptor, count: int) -> list[tuple[Scene, float]]:
        """Return the `count` nearest scenes with their distance, nearest first.

        The distance is gist twice colour, each divided by its mean over the gallery, with every
        cell of the grid weighted by the query's share of known pixels (Hays and Efros, section 3).
        """
        distances = self._distances(query)
        typical = np.maximum(distances.mean(axis=0), 1e-12)
        total = GIST_WEIGHT * distances[:, 0] / typical[0] + distances[:, 1] / typical[1]
        order = np.argsort(total, kind="stable")[:count]
        return [(self.scenes[i], float(total[i])) for i in order]

    def _distances(self, query: Descriptor) -> Array:
        """Return float64 (scenes, 2): gist and colour distance, hole-weighted root mean squares."""
        weights = np.tile(query.cells / max(float(query.cells.sum()), 1e-12), LENGTH // GRID**2)
        mean_squares = np.empty((len(self.scenes), 2))
        for start in range(0, len(self.scenes), CHUNK):
            part = slice(start, start + CHUNK)
            squared = np.square(self.features[part] - query.features)
            # einsum, not @: BLAS sums in an order that depends on the number of threads.
            mean_squares[part, 0] = np.einsum("ij,j->i", squared[:, :GIST], weights[:GIST])
            mean_squares[part, 1] = np.einsum("ij,j->i", squared[:, GIST:], weights[GIST:])
        return np.sqrt(mean_squares)

    def read(self, photograph: Photograph, short_side: int | None = None) -> Array:
        """Return a photograph, uint8 (H, W, 3); raises ValueError when its bytes have changed.

        short_side: JPEG is decoded straight to 1/2, 1/4 or 1/8 of its size, no smaller than this.
        """
        with (self.folder / IMAGES).open("rb") as file:
            file.seek(photograph.offset)
            data = file.read(photograph.length)
        if hashlib.sha256(data).hexdigest() != photograph.sha256:
            raise ValueError(f"gallery {self.folder}: the bytes of {photograph.id!r} have changed")
        with Image.open(io.BytesIO(data)) as image:
            if short_side:
                factor = short_side / min(image.size)
                image.draft("RGB", (round(image.width * factor), round(image.height * factor)))
            return np.asarray(image.convert("RGB"))


def open_gallery(folder: Path) -> Gallery:
    """Open a gallery; raises RequestError when absent, unfinished, empty, changed or of another
    version."""
    seal = read_seal(folder)
    lines = (folder / PHOTOGRAPHS).read_bytes() if (folder / PHOTOGRAPHS).is_file() else b""
    if not _is_whole(folder, lines, seal):
        raise RequestError(
            f"gallery {folder}: its files have changed since it was built; build it again with "
            "`bench gallery build`."
        )
    photographs = tuple(Photograph.parse(line) for line in lines.splitlines())
    pairs = [(photograph, box) for photograph in photographs for box in photograph.boxes]
    scenes = tuple(Scene(number, *pair) for number, pair in enumerate(pairs))
    return Gallery(folder, seal.sha256, photographs, scenes)


def _is_whole(folder: Path, lines: bytes, seal: Seal) -> bool:
    """Return whether a gallery's files are those that were sealed; images by their size alone."""
    sizes = {IMAGES: seal.image_bytes, FEATURES: seal.scenes * LENGTH * 4}
    for name, size in sizes.items():
        path = folder / name
        if not path.is_file() or path.stat().st_size != size:
            return False
    same_lines = hashlib.sha256(lines).hexdigest() == seal.sha256
    return same_lines and hash_file(folder / FEATURES) == seal.features_sha256


def read_seal(folder: Path) -> Seal:
    """Return gallery.json; raises RequestError as `open_gallery` does."""
    rebuild = "build it with `bench gallery build DIR --out GALLERY`."
    if not (folder / SEAL).is_file():
        what = "is unfinished" if (folder / PHOTOGRAPHS).exists() else f"has no {SEAL}"
        raise RequestError(f"gallery {folder} {what}; {rebuild}")
    try:
        content = dict(json.loads((folder / SEAL).read_text()))
    except (ValueError, TypeError):
        raise RequestError(f"gallery {folder}: {SEAL} is not JSON; {rebuild}") from None
    version = (content.get("format"), content.get("descriptor"))
    if version != (FORMAT, DESCRIPTOR):
        raise RequestError(
            f"gallery {folder} was built by another version (format {version[0]}, descriptor "
            f"{version[1]}; this one reads {FORMAT}, {DESCRIPTOR}); {rebuild}"
        )
    if not content["scenes"]:
        raise RequestError(f"gallery {folder} is empty; {rebuild}")
    return Seal(**{field.name: content[field.name] for field in fields(Seal)})


def hash_file(path: Path) -> str:
    """Return a file's sha256, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
