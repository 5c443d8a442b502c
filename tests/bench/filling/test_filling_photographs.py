"""Photographs as files: pixels, depth, orientation, profile and format come back."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import ExifTags, Image, ImageCms, ImageOps

from bench.api import RequestError
from bench.api.seeds import numpy_stream
from bench.filling import chunks
from bench.filling.photograph import ORIENTATION, read

PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def noise(*shape: int, dtype: type = np.uint8) -> np.ndarray:
    top = int(np.iinfo(dtype).max) + 1
    return numpy_stream(1).integers(0, top, shape, dtype=dtype)


def smooth(height: int, width: int) -> np.ndarray:
    y, x = np.mgrid[:height, :width]
    return np.stack([255 * y / height, 255 * x / width, 128 + 0 * x], axis=2).astype(np.uint8)


def again(path: Path) -> Image.Image:
    photograph = read(path)
    return Image.open(io.BytesIO(photograph.encoded(photograph.pixels)))


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
@pytest.mark.parametrize(("kind", "suffix"), [("PNG", "png"), ("TIFF", "tif"), ("WEBP", "webp")])
def test_lossless_files_come_back_to_the_bit(
    tmp_path: Path, mode: str, kind: str, suffix: str
) -> None:
    if kind == "WEBP" and mode in ("L", "LA"):
        mode = "RGBA"
    bands = len(mode)
    pixels = noise(20, 30, bands)
    path = tmp_path / f"a.{suffix}"
    more = {"lossless": True, "exact": True} if kind == "WEBP" else {}
    image = Image.fromarray(pixels[..., 0] if bands == 1 else pixels)
    image.save(path, icc_profile=PROFILE, **more)  # type: ignore[arg-type]
    assert read(path).lossless
    made = again(path)
    assert (made.format, made.mode, made.size) == (kind, mode, (30, 20))
    assert made.tobytes() == Image.open(path).tobytes()
    assert made.info["icc_profile"] == PROFILE


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_16_bits_stay_16_bits(tmp_path: Path, channels: int) -> None:
    pixels = noise(9, 7, channels, dtype=np.uint16)
    path = tmp_path / "wide.png"
    _, data = cv2.imencode(".png", pixels)
    icc = io.BytesIO()
    Image.new("RGB", (1, 1)).save(icc, "PNG", icc_profile=PROFILE)
    path.write_bytes(chunks.with_chunks(data.tobytes(), chunks.ancillary(icc.getvalue())))
    photograph = read(path)
    assert photograph.pixels.dtype == np.uint16
    assert photograph.pixels.shape == (9, 7, channels)
    made = photograph.encoded(photograph.pixels)
    decoded = cv2.imdecode(np.frombuffer(made, np.uint8), cv2.IMREAD_UNCHANGED)
    assert np.array_equal(decoded.reshape(pixels.shape), pixels)
    assert made[24] == 16
    assert Image.open(io.BytesIO(made)).info["icc_profile"] == PROFILE


@pytest.mark.parametrize("orientation", range(1, 9))
def test_photographs_are_upright_and_lie_in_the_file_as_before(
    tmp_path: Path, orientation: int
) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    path = tmp_path / "turned.png"
    Image.fromarray(noise(6, 9, 3)).save(path, exif=exif)
    photograph = read(path)
    upright = np.asarray(ImageOps.exif_transpose(Image.open(path)))
    assert np.array_equal(photograph.pixels, upright)
    made = again(path)
    assert made.tobytes() == Image.open(path).tobytes()
    assert made.getexif()[ORIENTATION] == orientation


def test_a_jpeg_keeps_its_tables(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    Image.fromarray(smooth(64, 96)).save(path, quality=83, subsampling=1)
    assert not read(path).lossless
    made = again(path)
    with Image.open(path) as before:
        assert made.quantization == before.quantization  # type: ignore[attr-defined]
        difference = np.asarray(made).astype(int) - np.asarray(before)
    assert made.size == (96, 64)
    assert np.abs(difference).mean() < 0.5


def with_thumbnail(thumbnail: bytes) -> bytes:
    """Return EXIF of an orientation in its first directory and a thumbnail in its second."""
    first = struct.pack("<HHHIHHI", 1, ORIENTATION, 3, 1, 6, 0, 26)
    second = struct.pack("<HHHIIHHIII", 2, 0x0201, 4, 1, 56, 0x0202, 4, 1, len(thumbnail), 0)
    return b"Exif\0\0II*\0" + struct.pack("<I", 8) + first + second + thumbnail


def test_the_thumbnail_that_still_shows_what_was_removed_is_left_out(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8), (255, 0, 0)).save(buffer, "JPEG")
    path = tmp_path / "b.jpg"
    Image.fromarray(smooth(64, 96)).save(path, exif=with_thumbnail(buffer.getvalue()))
    with Image.open(path) as before:
        assert before.getexif().get_ifd(ExifTags.IFD.IFD1)[0x0202] == len(buffer.getvalue())
    assert path.read_bytes().count(b"\xff\xd8") == 2
    photograph = read(path)
    made = photograph.encoded(photograph.pixels)
    assert made.count(b"\xff\xd8") == 1
    assert Image.open(io.BytesIO(made)).getexif()[ORIENTATION] == 6


def test_palettes_become_colours_and_1_bit_grey(tmp_path: Path) -> None:
    picture = Image.fromarray(smooth(8, 8))
    picture.quantize(16).save(tmp_path / "p.png")
    assert read(tmp_path / "p.png").pixels.shape == (8, 8, 3)
    picture.convert("1").save(tmp_path / "one.png")
    assert read(tmp_path / "one.png").pixels.shape == (8, 8, 1)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("no.png", "cannot be read: No such file"),
        ("broken.png", "is not a readable image"),
        ("text.jpg", "is not a readable image .of no known format."),
        ("moving.gif", "is GIF; allowed: PNG, JPEG"),
        ("cmyk.jpg", "is JPEG with pixels of type CMYK; allowed: 8-bit grey or RGB"),
        ("two.tif", "has several frames; give a single picture"),
    ],
)
def test_what_cannot_be_kept_is_refused_in_one_line(
    tmp_path: Path, name: str, message: str
) -> None:
    picture = Image.fromarray(noise(64, 64, 3))
    picture.save(tmp_path / "broken.png")
    (tmp_path / "broken.png").write_bytes((tmp_path / "broken.png").read_bytes()[:400])
    (tmp_path / "text.jpg").write_text("no image")
    picture.quantize(8).save(tmp_path / "moving.gif")
    picture.convert("CMYK").save(tmp_path / "cmyk.jpg")
    picture.save(tmp_path / "two.tif", save_all=True, append_images=[picture])
    with pytest.raises(RequestError, match=message) as caught:
        read(tmp_path / name)
    assert "\n" not in str(caught.value)
