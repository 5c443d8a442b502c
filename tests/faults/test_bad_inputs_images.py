"""Bad and unusual image files: each is named or taken, and nothing else is lost."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bench.api.imaging import read_rgb
from tests.conftest import write_images
from tests.faults.running import GOOD, go, kept, make_runs

EXIF_6 = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06" + b"\0" * 6


def png(mode: str = "RGB", size: tuple[int, int] = (16, 16), **options: object) -> bytes:
    """Return a PNG of one colour."""
    buffer = io.BytesIO()
    Image.new(mode, size, 1).save(buffer, "PNG", **options)  # type: ignore[arg-type]
    return buffer.getvalue()


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    """Return an image in a format."""
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)  # type: ignore[arg-type]
    return buffer.getvalue()


def bomb() -> bytes:
    """Return a PNG whose header says 60000 x 60000."""
    data = bytearray(png())
    data[16:24] = struct.pack(">II", 60_000, 60_000)
    data[29:33] = struct.pack(">I", zlib.crc32(data[12:29]))
    return bytes(data)


def ramp() -> Image.Image:
    return Image.fromarray(np.arange(256, dtype=np.uint8).reshape(16, 16)).convert("RGB")


def wide_png() -> bytes:
    """Return a PNG of 16 bits a channel, which Pillow reads and cannot write."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    row = b"\0" + struct.pack(">48H", *range(0, 48 * 1000, 1000))
    header = struct.pack(">IIBBBBB", 16, 16, 16, 2, 0, 0, 0)
    chunks = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(row * 16)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


REFUSED: dict[str, tuple[bytes, str]] = {
    "zero bytes": (b"", "the file is empty"),
    "text": (b"this is no image", "of no known format"),
    "truncated PNG": (png()[:50], "not a readable image"),
    "truncated JPEG": (encoded(ramp(), "JPEG")[:300], "not a readable image"),
    "decompression bomb": (bomb(), "more than the 178956970 allowed"),
    "broken checksum": (png().replace(b"IDAT", b"IDAX"), "not a readable image"),
    "PostScript": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "of no known format"),
    "HTML": (b"<html><script>alert(1)</script></html>", "of no known format"),
    "float grey beyond 1": (encoded(Image.new("F", (16, 16), 7.0), "TIFF"), "outside 0..1"),
}


TAKEN: dict[str, bytes] = {
    "wrong extension": encoded(ramp(), "JPEG"),
    "16-bit grey": encoded(
        Image.fromarray(np.arange(256, dtype=np.uint16).reshape(16, 16)), "PNG"
    ),
    "CMYK": encoded(ramp().convert("CMYK"), "JPEG"),
    "animated": encoded(ramp(), "GIF", save_all=True, append_images=[Image.new("RGB", (16, 16))]),
    "EXIF-rotated": encoded(ramp(), "JPEG", exif=EXIF_6),
    "palette with transparency": encoded(ramp().convert("P"), "PNG", transparency=0),
    "alpha": png("RGBA"),
    "one bit": png("1"),
    "16-bit colour": wide_png(),
    "very wide": png(size=(600, 8)),
}  # fmt: skip


@pytest.mark.parametrize("kind", REFUSED)
def test_a_bad_file_is_named_and_the_others_are_done(kind: str, tmp_path: Path) -> None:
    data, message = REFUSED[kind]
    images = write_images(tmp_path / "images", 3, 16)
    calm = kept(go(make_runs("telea", "half", images), tmp_path / "calm").path)
    (images / "bad.png").write_bytes(data)
    result = go(make_runs("telea", "half", images), tmp_path / "out")
    assert list(result.failed) == ["bad"]
    assert message in result.failed["bad"]
    assert "\n" not in result.failed["bad"]
    assert result.summary.n == 3
    now = kept(result.path)
    assert {k: v for k, v in now.items() if "/" in k} == {k: v for k, v in calm.items() if "/" in k}
    rows = (result.path / "scores.csv").read_bytes().splitlines()
    assert [row.split(b",")[0].decode() for row in rows[1:]] == GOOD


@pytest.mark.parametrize("kind", TAKEN)
def test_an_unusual_file_is_completed_like_any_other(kind: str, tmp_path: Path) -> None:
    images = write_images(tmp_path / "images", 1, 16)
    (images / "odd.png").write_bytes(TAKEN[kind])
    result = go(make_runs("telea", "half", images), tmp_path / "out")
    assert result.failed == {}
    target = read_rgb(result.path / "images/target/odd.png")
    assert (target == read_rgb(TAKEN[kind])).all()


def test_a_huge_image_is_cut_to_size(tmp_path: Path) -> None:
    images = write_images(tmp_path / "images", 1, 16)
    Image.new("RGB", (6000, 4000), (200, 100, 50)).save(images / "huge.png")
    requested = make_runs("telea", "half", images, size=16)
    result = go(requested, tmp_path / "out")
    assert result.failed == {}
    target = read_rgb(result.path / "images/target/huge.png")
    assert target.shape == (16, 16, 3)
    assert (target == (200, 100, 50)).all()


@pytest.mark.parametrize("size", [(1, 1), (600, 3)])
def test_an_image_too_small_for_a_hole_is_named(size: tuple[int, int], tmp_path: Path) -> None:
    images = write_images(tmp_path / "images", 2, 16)
    (images / "dot.png").write_bytes(png(size=size))
    result = go(make_runs("telea", "center-box", images), tmp_path / "out")
    assert list(result.failed) == ["dot"]
    assert result.failed["dot"].startswith("cannot draw the hole: ")
    assert f"{size[1]}x{size[0]} pixels" in result.failed["dot"]
    assert result.summary.n == 2


def test_an_image_repaired_later_is_done_then(tmp_path: Path) -> None:
    images = write_images(tmp_path / "images", 3, 16)
    good = (images / "001.png").read_bytes()
    calm = kept(go(make_runs("telea", "half", images), tmp_path / "calm").path)
    (images / "001.png").write_bytes(good[:60])
    assert list(go(make_runs("telea", "half", images), tmp_path / "out").failed) == ["001"]
    (images / "001.png").write_bytes(good)
    result = go(make_runs("telea", "half", images), tmp_path / "out")
    assert result.failed == {}
    assert kept(result.path) == calm


def test_an_image_that_vanishes_after_it_was_listed(tmp_path: Path) -> None:
    images = write_images(tmp_path / "images", 3, 16)
    requested = make_runs("telea", "half", images)
    requested[0].dataset.ids()
    (images / "001.png").unlink()
    result = go(requested, tmp_path / "out")
    assert list(result.failed) == ["001"]
    assert result.summary.n == 2
