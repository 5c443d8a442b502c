"""`read_rgb`: every kind of file gives its pixels."""

from __future__ import annotations

import io
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageOps

from bench.api.imaging import read_rgb
from tests.bench.api.encoded import RAMP, encode, photo


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF", "PPM", "TGA"])
def test_lossless_colour_comes_back_exactly(kind: str) -> None:
    assert (read_rgb(encode(Image.fromarray(RAMP), kind)) == RAMP).all()


@pytest.mark.parametrize(("kind", "options"), [("WEBP", {"lossless": True}), ("JPEG2000", {})])
def test_lossless_modern_formats_come_back_exactly(kind: str, options: dict[str, Any]) -> None:
    if kind not in Image.SAVE:
        pytest.fail(f"this Pillow has no {kind}")
    side = photo(32)
    assert (read_rgb(encode(side, kind, **options)) == np.asarray(side)).all()


def test_the_content_says_the_format_not_the_suffix(tmp_path: Path) -> None:
    file = tmp_path / "really-a-png.jpg"
    file.write_bytes(encode(Image.fromarray(RAMP)))
    assert (read_rgb(file) == RAMP).all()


def test_grey_and_one_bit_are_repeated() -> None:
    grey = Image.fromarray(np.array([[0, 128, 255]], np.uint8))
    assert read_rgb(encode(grey)).tolist() == [[[0] * 3, [128] * 3, [255] * 3]]
    assert read_rgb(encode(grey.point(lambda v: 255 * (v > 99), "1"))).tolist() == [
        [[0] * 3, [255] * 3, [255] * 3]
    ]


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_16_bit_grey_is_scaled_and_rounded(kind: str) -> None:
    wide = np.array([[0, 128, 129, 257, 32768, 65406, 65407, 65535]], np.uint16)
    # v / 257: 128 -> .498, 129 -> .502, 32768 -> 127.502, 65406 -> 254.498, 65407 -> 254.502
    expected = [0, 0, 1, 1, 128, 254, 255, 255]
    pixels = read_rgb(encode(Image.fromarray(wide), kind))
    assert pixels.dtype == np.uint8
    assert pixels[0, :, 0].tolist() == expected
    assert (pixels == pixels[..., :1]).all()


def test_16_bit_transparent_grey_becomes_white() -> None:
    wide = Image.fromarray(np.array([[1000, 30000]], np.uint16))
    assert read_rgb(encode(wide, transparency=1000))[0, :, 0].tolist() == [255, 117]


def test_32_bit_integers_are_taken_as_16_bit_and_refused_beyond() -> None:
    inside = Image.fromarray(np.array([[0, 65535]], np.int32))
    assert read_rgb(encode(inside, "TIFF"))[0, :, 0].tolist() == [0, 255]
    for value in (-1, 65536):
        beyond = Image.fromarray(np.array([[0, value]], np.int32))
        with pytest.raises(ValueError, match=r"mode I with values outside 0\.\.65535"):
            read_rgb(encode(beyond, "TIFF"))


def test_float_grey_is_0_to_1_and_refused_beyond() -> None:
    inside = Image.fromarray(np.array([[0.0, 0.5, 1.0]], np.float32))
    assert read_rgb(encode(inside, "TIFF"))[0, :, 1].tolist() == [0, 128, 255]
    for value in (-0.1, 1.5, 255.0, np.nan, np.inf):
        beyond = Image.fromarray(np.array([[0.0, value]], np.float32))
        with pytest.raises(ValueError, match=r"mode F with values outside 0\.\.1"):
            read_rgb(encode(beyond, "TIFF"))


def test_alpha_is_composed_over_white() -> None:
    rgba = np.array([[[10, 20, 30, 255], [10, 20, 30, 0], [0, 0, 0, 51]]], np.uint8)
    expected = [[[10, 20, 30], [255, 255, 255], [204, 204, 204]]]
    assert read_rgb(encode(Image.fromarray(rgba))).tolist() == expected
    grey_alpha = Image.fromarray(rgba).getchannel("R").convert("LA")
    grey_alpha.putalpha(Image.fromarray(rgba).getchannel("A"))
    assert read_rgb(encode(grey_alpha))[0, :, 0].tolist() == [10, 255, 204]


def test_transparent_colours_of_palette_grey_and_rgb_become_white() -> None:
    palette = Image.fromarray(np.array([[0, 1, 2]], np.uint8), "L").convert("P")
    palette.putpalette([1, 2, 3, 4, 5, 6, 7, 8, 9])
    white = [255, 255, 255]
    assert read_rgb(encode(palette)).tolist() == [[[1, 2, 3], [4, 5, 6], [7, 8, 9]]]
    assert read_rgb(encode(palette, transparency=1)).tolist() == [[[1, 2, 3], white, [7, 8, 9]]]
    partly = encode(palette, transparency=b"\xff\x00\xff")
    assert read_rgb(partly).tolist() == [[[1, 2, 3], white, [7, 8, 9]]]
    grey = Image.fromarray(np.array([[7, 9]], np.uint8))
    assert read_rgb(encode(grey, transparency=7))[0, :, 0].tolist() == [255, 9]
    colour = Image.fromarray(np.array([[[1, 2, 3], [3, 2, 1]]], np.uint8))
    assert read_rgb(encode(colour, transparency=(1, 2, 3))).tolist() == [[white, [3, 2, 1]]]


def test_cmyk_is_converted() -> None:
    ink = Image.new("CMYK", (16, 16), (0, 255, 255, 0))
    assert read_rgb(encode(ink, "TIFF"))[3, 3].tolist() == [255, 0, 0]
    lossy = read_rgb(encode(ink, "JPEG", quality=95))[3, 3].astype(int)
    assert abs(lossy - [255, 0, 0]).max() <= 4


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_exif_orientation_is_applied(kind: str, orientation: int) -> None:
    upright = Image.fromarray(np.kron(RAMP, np.ones((8, 8, 1), np.uint8)))
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encode(upright, kind, exif=exif, **({"lossless": True} if kind == "WEBP" else {}))
    turned = ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("RGB")
    pixels = read_rgb(data)
    assert pixels.shape == ((48, 40, 3) if orientation < 5 else (40, 48, 3))
    assert (pixels == np.asarray(turned)).all()


def test_exif_orientation_6_by_hand() -> None:
    """Orientation 6: the first row of the file is the right column of the picture."""
    exif = Image.Exif()
    exif[0x0112] = 6
    stored = Image.fromarray(np.array([[1, 2, 3], [4, 5, 6]], np.uint8))
    assert read_rgb(encode(stored, exif=exif))[..., 0].tolist() == [[4, 1], [5, 2], [6, 3]]


def test_a_photograph_with_broken_exif_is_read_as_it_lies() -> None:
    plain = encode(photo(), "JPEG")
    broken = b"Exif\0\0II*\0\xff\xff\xff\xff" + b"\xff" * 20
    segment = b"\xff\xe1" + struct.pack(">H", len(broken) + 2) + broken
    assert (read_rgb(plain[:2] + segment + plain[2:]) == read_rgb(plain)).all()


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP", "TIFF"])
def test_of_an_animation_the_first_frame(kind: str) -> None:
    frames = [Image.new("RGB", (9, 7), colour) for colour in [(255, 0, 0), (0, 0, 255)]]
    options = {"lossless": True} if kind == "WEBP" else {}
    data = encode(frames[0], kind, save_all=True, append_images=frames[1:], **options)
    pixels = read_rgb(data)
    assert pixels.shape == (7, 9, 3)
    assert (pixels == [255, 0, 0]).all()


@pytest.mark.parametrize("shape", [(1, 1), (1, 5000), (5000, 1)])
def test_extreme_shapes_are_read(shape: tuple[int, int]) -> None:
    assert read_rgb(encode(Image.new("RGB", shape[::-1], (1, 2, 3)))).shape == (*shape, 3)
