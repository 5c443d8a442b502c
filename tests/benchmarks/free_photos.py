"""Make the images and the attribution of dataset free-photos from Debian packages.

    apt-get download gcompris-qt-data lomiri-wallpapers-16.04 lomiri-wallpapers-20.04
    for package in *.deb; do dpkg-deb -x $package packages; done
    python -m tests.benchmarks.free_photos packages

Reads bench/datasets/data/free_photos/photographs.csv (which file of which package, its sha256, the
square that is cut, author, licence), writes the JPEG of every row and its pixels_sha256 beside it,
ATTRIBUTION.md and croissant.json.  Prints the CONTENT for free_photos.py, and how much the stored
images differ from the squares before JPEG.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import io
import struct
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from bench import plugins
from bench.api.imaging import read_rgb, resize_crop, to_tensor
from bench.datasets import free_photos
from tests.benchmarks import free_photos_papers as papers

BUNDLES = "usr/share/gcompris-qt/rcc"
QUALITY = 92  # of the JPEG: DATASHEET.md has the measurements
LOSSES = ("PSNR of storing at 512", "at 256", "LPIPS of storing at 256")


def main() -> None:
    """Cut, shrink and store every photograph, then write their metadata."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("packages", type=Path, help="where the Debian packages were unpacked")
    packages = parser.parse_args().packages
    bundles = dict(resources(packages / BUNDLES))
    with free_photos.TABLE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    losses: list[list[float]] = []
    for row in rows:
        data = bundles.get(row["file"]) or (packages / row["file"]).read_bytes()
        if hashlib.sha256(data).hexdigest() != row["sha256"]:
            sys.exit(f"{row['file']} is not the file of {row['package']}.")
        cut = square(read_rgb(data), row)
        stored = jpeg(cut)
        losses.append([*loss(cut, read_rgb(stored))])
        (free_photos.FOLDER / f"{row['id']}.jpg").write_bytes(stored)
        row["pixels_sha256"] = free_photos.pixel_hash(read_rgb(stored))
    write_table(rows)
    content = free_photos.content_hash({row["id"]: row["pixels_sha256"] for row in rows})
    papers.write(rows, content)
    print(f'{len(rows)} images.  CONTENT = "{content}"')
    for name, values in zip(LOSSES, zip(*losses, strict=True), strict=True):
        print(f"{name}: {np.mean(values):.4g}, from {min(values):.4g} to {max(values):.4g}")


def square(pixels: np.ndarray, row: dict[str, str]) -> np.ndarray:
    """Return the row's square of a photograph, shrunk to 512x512 (Pillow's Lanczos)."""
    left, top, side = (int(row[key]) for key in ("left", "top", "side"))
    return resize_crop(pixels[top : top + side, left : left + side], free_photos.SIDE)


def jpeg(pixels: np.ndarray) -> bytes:
    """Encode uint8 (H, W, 3) without subsampling of the colours."""
    buffer = io.BytesIO()
    image = Image.fromarray(pixels)
    image.save(buffer, "JPEG", quality=QUALITY, subsampling=0, optimize=True, progressive=True)
    return buffer.getvalue()


def loss(cut: np.ndarray, stored: np.ndarray) -> Iterator[float]:
    """Yield the LOSSES of storing uint8 (512, 512, 3)."""
    halves = [resize_crop(pixels, 256) for pixels in (cut, stored)]
    for a, b in ((cut, stored), halves):
        squared = np.square(a.astype(float) - b).mean()
        yield float(20 * np.log10(255) - 10 * np.log10(squared))
    target, output = (to_tensor(half)[None] for half in halves)
    yield float(plugins.metric("lpips")(output, target, torch.ones(1, 1, 256, 256).bool())[0])


def resources(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Yield (path, bytes) of the files in Qt's binary resource bundles below a folder."""
    for bundle in sorted(folder.glob("*.rcc")):
        data = bundle.read_bytes()
        magic, version, tree, contents, names = struct.unpack(">4s4I", data[:20])
        if magic == b"qres":
            yield from entries(data, (tree, contents, names), 22 if version >= 2 else 14)


def entries(
    data: bytes, places: tuple[int, int, int], step: int, index: int = 0, path: str = ""
) -> Iterator[tuple[str, bytes]]:
    """Yield (path, bytes) below one node of a bundle's tree."""
    tree, contents, names = places
    at = tree + index * step
    name_at, flags, first, second = struct.unpack(">IHII", data[at : at + 14])
    name_at += names
    length = struct.unpack(">H", data[name_at : name_at + 2])[0]
    name = data[name_at + 6 : name_at + 6 + 2 * length].decode("utf-16-be")
    path = f"{path}/{name}".strip("/") if index else ""
    if flags & 2:  # a folder: number of children, the first of them
        for child in range(second, second + first):
            yield from entries(data, places, step, child, path)
        return
    at = contents + second
    size = struct.unpack(">I", data[at : at + 4])[0]
    part = data[at + 4 : at + 4 + size]
    yield path, zlib.decompress(part[4:]) if flags & 1 else part


def write_table(rows: list[dict[str, str]]) -> None:
    """Write photographs.csv again, with the hashes."""
    with free_photos.TABLE.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main()
