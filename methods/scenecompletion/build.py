"""Building a gallery: streaming, in flat memory, resumable after a kill at any moment.

Files only grow: image bytes, then features, then the line that names them.  After a kill the lines
that are whole count, the rest is cut off, and what is recorded is not done again.
"""

from __future__ import annotations

import fcntl
import hashlib
import io
import json
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any

import numpy as np
from PIL import Image

from bench.api import RequestError
from bench.api.files import write_atomic
from bench.api.imaging import SUFFIXES, is_image_name, read_rgb
from methods.scenecompletion.gallery import (
    DESCRIPTOR,
    FEATURES,
    FORMAT,
    IMAGES,
    PHOTOGRAPHS,
    SEAL,
    Box,
    Photograph,
    hash_file,
)
from methods.scenecompletion.gist import LENGTH, describe

Array = np.ndarray[Any, np.dtype[Any]]
Item = tuple[str, str, Array | Path]  # id, source, uint8 (H, W, 3) or the file to read it from

LOSSLESS_SIDE = 64  # at most this: PNG, which is as small as JPEG there
CROP_SIDES = (1.0, 0.7, 0.5)  # of the short side: the squares that `crops=True` adds
BUILD = "build.json"


@dataclass
class BuildReport:
    """What a build did.  skipped: (id, why) of unreadable photographs and of exact copies."""

    sha256: str = ""
    photographs: int = 0
    scenes: int = 0
    already_there: int = 0
    skipped: list[tuple[str, str]] = field(default_factory=list)


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
    with _owned(out), _Writer(out, {"side": side, "crops": crops}) as writer:
        for done, (name, origin, image) in enumerate(items, start=1):
            try:
                report.already_there += not writer.add(name, origin, image)
            except (OSError, ValueError) as error:
                if isinstance(error, RequestError):
                    raise
                report.skipped.append((name, str(error)))
            on_progress(done, total)
        writer.finish(report)
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


def scene_boxes(height: int, width: int, crops: bool) -> tuple[Box, ...]:
    """Return the whole photograph and, with crops, squares that overlap by about a half."""
    boxes: list[Box] = [(0, 0, height, width)]
    for share in CROP_SIDES if crops else ():
        side = round(min(height, width) * share)
        for top in _starts(height, side):
            boxes += [(top, left, side, side) for left in _starts(width, side)]
    return tuple(dict.fromkeys(boxes))


def _starts(length: int, side: int) -> list[int]:
    """Return evenly spread starts of windows that overlap by about a half."""
    count = max(1, round(2 * length / side) - 1)
    return [int(start) for start in np.linspace(0, length - side, count).round()]


class _Writer:
    """The growing files of one gallery."""

    def __init__(self, out: Path, settings: dict[str, Any]) -> None:
        self._out, self._settings = out, {"format": FORMAT, "descriptor": DESCRIPTOR, **settings}
        self._check_settings()
        self._known, ends = _recover(out)
        self._origins = {photograph.origin for photograph in self._known.values()}
        self._grew = False
        self._files: list[IO[bytes]] = []
        for name, end in zip((IMAGES, FEATURES, PHOTOGRAPHS), ends, strict=True):
            # Unbuffered: what write() took survives the death of this process.
            file = (out / name).open("ab", buffering=0)
            file.truncate(end)
            self._files.append(file)

    def _check_settings(self) -> None:
        path = self._out / BUILD
        if path.exists() and json.loads(path.read_text()) != self._settings:
            raise RequestError(
                f"{self._out} was begun with {path.read_text()}, now asked for "
                f"{json.dumps(self._settings)}; delete the folder or give another --out."
            )
        write_atomic(path, json.dumps(self._settings).encode())

    def __enter__(self) -> _Writer:
        return self

    def __exit__(self, *exception: object) -> None:
        for file in self._files:
            os.fsync(file.fileno())
            file.close()

    def add(self, name: str, source: str, image: Array | Path) -> bool:
        """Append one photograph; False when it is recorded already; ValueError for a copy."""
        data = image.read_bytes() if isinstance(image, Path) else image
        origin = _origin(data)
        if name in self._known:
            if self._known[name].origin != origin:
                raise RequestError(
                    f"{name!r} has changed since {self._out} was begun; delete the folder or give "
                    "another --out."
                )
            return False
        if origin in self._origins:
            raise ValueError("an exact copy of another photograph")
        self._append(name, source, origin, read_rgb(data) if isinstance(data, bytes) else data)
        return True

    def _append(self, name: str, source: str, origin: str, pixels: Array) -> None:
        (self._out / SEAL).unlink(missing_ok=True)
        pixels = _shrink(pixels, self._settings["side"])
        encoded, stored = _encode(pixels)
        height, width = stored.shape[:2]
        boxes = scene_boxes(height, width, self._settings["crops"])
        unit = stored.astype(np.float32) / 255
        features = [describe(unit[t : t + h, a : a + w]).features for t, a, h, w in boxes]
        images, table, lines = self._files
        offset = images.seek(0, os.SEEK_END)
        digest = hashlib.sha256(encoded).hexdigest()
        photograph = Photograph(
            name, source, origin, digest, offset, len(encoded), height, width, boxes
        )
        _write_whole(images, encoded)
        _write_whole(table, np.stack(features).tobytes())
        _write_whole(lines, (json.dumps(asdict(photograph)) + "\n").encode())
        self._known[name] = photograph
        self._origins.add(origin)

    def finish(self, report: BuildReport) -> None:
        """Seal the gallery: write gallery.json, which a kill before this moment leaves absent."""
        images, table, _ = self._files
        for file in self._files:
            os.fsync(file.fileno())
        scenes = table.seek(0, os.SEEK_END) // (LENGTH * 4)
        if not scenes:
            raise RequestError("no photograph could be read, so there is no gallery to build.")
        seal = {
            **self._settings,
            "sha256": hash_file(self._out / PHOTOGRAPHS),
            "features_sha256": hash_file(self._out / FEATURES),
            "image_bytes": images.seek(0, os.SEEK_END),
            "photographs": len(self._known),
            "scenes": scenes,
        }
        write_atomic(self._out / SEAL, (json.dumps(seal, indent=1) + "\n").encode())
        report.sha256 = seal["sha256"]
        report.photographs, report.scenes = len(self._known), scenes


def _recover(out: Path) -> tuple[dict[str, Photograph], tuple[int, int, int]]:
    """Return the photographs that are wholly on disk and where the three files' good parts end."""
    known: dict[str, Photograph] = {}
    image_end = feature_end = line_end = 0
    sizes = [(out / n).stat().st_size if (out / n).exists() else 0 for n in (IMAGES, FEATURES)]
    lines = (out / PHOTOGRAPHS).read_bytes() if (out / PHOTOGRAPHS).exists() else b""
    for line in lines.splitlines(keepends=True):
        try:
            photograph = Photograph.parse(line)
        except (ValueError, TypeError, KeyError):
            break
        image = photograph.offset + photograph.length
        feature = feature_end + len(photograph.boxes) * LENGTH * 4
        if not line.endswith(b"\n") or image > sizes[0] or feature > sizes[1]:
            break
        known[photograph.id] = photograph
        image_end, feature_end, line_end = image, feature, line_end + len(line)
    return known, (image_end, feature_end, line_end)


def _origin(data: bytes | Array) -> str:
    """Return a sha256 of a file's bytes or of an array's shape and pixels."""
    if isinstance(data, bytes):
        return hashlib.sha256(data).hexdigest()
    if data.dtype != np.uint8 or data.ndim != 3 or data.shape[2] != 3:
        raise RequestError(f"an image is {data.dtype} {data.shape}; give uint8 (H, W, 3).")
    return hashlib.sha256(repr(data.shape).encode() + data.tobytes()).hexdigest()


def _shrink(pixels: Array, side: int) -> Array:
    """Shrink uint8 (H, W, 3) to a short side of at most `side`."""
    height, width = pixels.shape[:2]
    if min(height, width) <= side:
        return pixels
    factor = side / min(height, width)
    size = (max(side, round(width * factor)), max(side, round(height * factor)))
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.LANCZOS))


def _encode(pixels: Array) -> tuple[bytes, Array]:
    """Return the bytes to store and the pixels that they decode to."""
    buffer = io.BytesIO()
    image = Image.fromarray(pixels)
    if max(pixels.shape[:2]) <= LOSSLESS_SIDE:
        image.save(buffer, "PNG", optimize=True)
        return buffer.getvalue(), pixels
    image.save(buffer, "JPEG", quality=92)
    with Image.open(io.BytesIO(buffer.getvalue())) as stored:
        return buffer.getvalue(), np.asarray(stored.convert("RGB"))


def _write_whole(file: IO[bytes], data: bytes) -> None:
    """Write all bytes to an unbuffered file, which may take fewer at a time."""
    view = memoryview(data)
    while view:
        view = view[file.write(view) :]


@contextmanager
def _owned(out: Path) -> Iterator[None]:
    """Hold the folder's lock, which the system drops with the process."""
    with (out / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RequestError(f"{out} is being built by another process; wait for it.") from None
        yield
