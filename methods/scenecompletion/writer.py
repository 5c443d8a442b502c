"""The growing files of a gallery that is being built.

Files only grow: image bytes, then features, then the line that names them.  After a kill the lines
that are whole count, the rest is cut off, and what is recorded is not done again.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

import numpy as np
from PIL import Image

from bench.api import Json, RequestError
from bench.api.files import write_atomic
from bench.api.imaging import read_rgb
from methods.scenecompletion.gallery import (
    DESCRIPTOR,
    FEATURES,
    FORMAT,
    IMAGES,
    PHOTOGRAPHS,
    SEAL,
    Box,
    Photograph,
    Seal,
    hash_file,
)
from methods.scenecompletion.gist import LENGTH, describe

Array = np.ndarray[Any, np.dtype[Any]]

LOSSLESS_SIDE = 64  # at most this: PNG, which is as small as JPEG there
CROP_SIDES = (1.0, 0.7, 0.5)  # of the short side: the squares that `crops=True` adds
BUILD = "build.json"


class Writer:
    """Appends photographs to a gallery, and seals it.

    side: photographs are shrunk to at most this short side.  crops: overlapping squares of every
    photograph become scenes of their own.
    """

    def __init__(self, out: Path, *, side: int, crops: bool) -> None:
        self._out, self._side, self._crops = out, side, crops
        self._settings: Mapping[str, Json] = {
            **{"format": FORMAT, "descriptor": DESCRIPTOR},
            **{"side": side, "crops": crops},
        }
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

    def __enter__(self) -> Writer:
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
        pixels = _shrink(pixels, self._side)
        encoded, stored = _encode(pixels)
        height, width = stored.shape[:2]
        boxes = scene_boxes(height, width, self._crops)
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

    def finish(self) -> Seal:
        """Seal the gallery: write gallery.json, which a kill before this moment leaves absent."""
        images, table, _ = self._files
        for file in self._files:
            os.fsync(file.fileno())
        scenes = table.seek(0, os.SEEK_END) // (LENGTH * 4)
        if not scenes:
            raise RequestError("no photograph could be read, so there is no gallery to build.")
        seal = Seal(
            hash_file(self._out / PHOTOGRAPHS),
            hash_file(self._out / FEATURES),
            images.seek(0, os.SEEK_END),
            len(self._known),
            scenes,
        )
        content = json.dumps({**self._settings, **asdict(seal)}, indent=1)
        write_atomic(self._out / SEAL, (content + "\n").encode())
        return seal


def _recover(out: Path) -> tuple[dict[str, Photograph], tuple[int, int, int]]:
    """Return the photographs that are wholly on disk and where the three files' good parts end."""
    whole: dict[str, Photograph] = {}
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
        whole[photograph.id] = photograph
        image_end, feature_end, line_end = image, feature, line_end + len(line)
    return whole, (image_end, feature_end, line_end)


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
