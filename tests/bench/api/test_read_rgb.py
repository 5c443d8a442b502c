"""`read_rgb` and `resize_crop`: every kind of file gives its pixels or one line of ValueError."""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from bench.api import decoding
from bench.api.imaging import read_rgb, resize_crop

RAMP = np.arange(6 * 5 * 3, dtype=np.uint8).reshape(6, 5, 3) * 2


def encode(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def photo(side: int = 48) -> Image.Image:
    y, x = np.mgrid[:side, :side]
    return Image.fromarray(np.stack([x * 5, y * 5, (x + y) * 2], 2).astype(np.uint8))


def png_with_header(width: int, height: int) -> bytes:
    """A PNG that claims a size and holds next to nothing."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + body))
        return struct.pack(">I", len(body)) + kind + body + check

    header = struct.pack(">2I5B", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"0" * 99))


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


BROKEN = {
    "zero bytes": b"",
    "one byte": b"\x89",
    "text": b"this is no image\n" * 9,
    "html": b"<!DOCTYPE html><html><body>404</body></html>",
    "png signature": b"\x89PNG\r\n\x1a\n",
    "png header": encode(photo())[:33],
    "truncated png": encode(photo())[:-900],
    "truncated jpeg": encode(photo(), "JPEG", quality=95)[:-200],
    "truncated gif": encode(photo(), "GIF")[:800],
    "truncated webp": encode(photo(), "WEBP", quality=95)[:200],
    "truncated tiff": encode(photo(), "TIFF")[:400],
    "truncated bmp": encode(photo(), "BMP")[:400],
    "eps": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n%%EndComments\nshowpage\n",
    "no pixels": encode(photo(), "BMP")[:18] + b"\0" * 8 + encode(photo(), "BMP")[26:],
    "bomb": png_with_header(60_000, 60_000),
    "large claim": png_with_header(9_500, 9_500),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_file_is_one_line_of_value_error(kind: str) -> None:
    with pytest.raises(ValueError, match=r"^not a readable image") as caught:
        read_rgb(BROKEN[kind])
    message = str(caught.value)
    assert "\n" not in message
    assert " at 0x" not in message  # the same words in every process
    assert len(message) < 300


@pytest.mark.parametrize("name", ["zero bytes", "bomb", "no pixels", "eps"])
def test_the_message_says_what_is_wrong(name: str) -> None:
    words = {
        "zero bytes": "the file is empty",
        "bomb": "178956970 allowed",
        "no pixels": "no pixels|no known format",
        "eps": "no known format",
    }
    with pytest.raises(ValueError, match=words[name]):
        read_rgb(BROKEN[name])


def test_a_large_image_below_the_limit_is_read_without_a_warning(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    data = encode(Image.new("RGB", (40, 30), (9, 9, 9)))
    with pytest.warns(Image.DecompressionBombWarning):
        Image.open(io.BytesIO(data)).close()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read_rgb(data).shape == (30, 40, 3)


def test_the_pixel_limit_is_inclusive(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoding, "MAX_PIXELS", 12)
    assert read_rgb(encode(Image.new("RGB", (4, 3)))).shape == (3, 4, 3)
    with pytest.raises(ValueError, match="more than the 12 allowed"):
        read_rgb(encode(Image.new("RGB", (13, 1))))


def test_a_missing_file_or_a_folder_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_rgb(tmp_path / "none.png")
    with pytest.raises(IsADirectoryError):
        read_rgb(tmp_path)


def check_outcome(data: bytes) -> None:
    """The bytes give an image or one line of ValueError; anything else raises here."""
    outcome: np.ndarray | str
    try:
        outcome = read_rgb(data)
    except ValueError as error:
        outcome = str(error)
    if isinstance(outcome, str):
        assert outcome.startswith("not a readable image")
        assert "\n" not in outcome
    else:
        assert outcome.dtype == np.uint8
        assert outcome.ndim == 3
        assert outcome.shape[2] == 3
        assert outcome.size


SEEDS = [
    encode(photo(24)),
    encode(photo(24), "JPEG", quality=80),
    encode(photo(24).quantize(16), transparency=b"\x00\xff"),
    encode(photo(24), "GIF"),
    encode(photo(24), "TIFF", compression="tiff_lzw"),
    encode(photo(24), "WEBP"),
    encode(Image.fromarray(np.arange(576, dtype=np.uint16).reshape(24, 24) * 100)),
]


@settings(max_examples=400, deadline=None)
@given(
    st.sampled_from(SEEDS),
    st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=8),
    st.floats(0, 1),
    st.booleans(),
)
def test_mutated_bytes_give_an_image_or_one_line(
    seed: bytes, changes: list[tuple[float, int]], cut: float, shorten: bool
) -> None:
    data = bytearray(seed)
    for place, value in changes:
        data[int(place * len(data))] = value
    broken = bytes(data[: int(cut * len(data))] if shorten else data)
    check_outcome(broken)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_random_bytes_give_an_image_or_a_value_error(data: bytes) -> None:
    check_outcome(data)


def test_resize_crop_by_hand() -> None:
    """4x7: the square is columns 1..4 (the odd rest is cut at the right); 2x2 blocks averaged."""
    grey = np.arange(28, dtype=np.uint8).reshape(4, 7) * 4
    pixels = np.repeat(grey[:, :, None], 3, axis=2)
    # block of 4, 8, 32, 36 -> 20; 12, 16, 40, 44 -> 28; two rows down: + 56
    assert resize_crop(pixels, 2)[..., 0].tolist() == [[20, 28], [76, 84]]
    assert (resize_crop(pixels, 4) == pixels[:, 1:5]).all()


def test_resize_crop_shrinks_by_lanczos_and_enlarges() -> None:
    pixels = np.asarray(photo(30))
    expected = Image.fromarray(pixels).resize((20, 20), Image.Resampling.LANCZOS)
    assert (resize_crop(pixels, 20) == np.asarray(expected)).all()
    assert resize_crop(np.full((1, 1, 3), 7, np.uint8), 5).tolist() == [[[7] * 3] * 5] * 5


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 40), st.integers(0, 255))
def test_resize_crop_keeps_a_flat_image_flat(h: int, w: int, size: int, value: int) -> None:
    pixels = np.full((h, w, 3), value, np.uint8)
    resized = resize_crop(pixels, size)
    assert resized.shape == (size, size, 3)
    assert (resized == value).all()
    assert (pixels == value).all()


@pytest.mark.parametrize(
    ("pixels", "size", "words"),
    [
        (np.zeros((4, 4), np.uint8), 2, r"not a uint8 \(H, W, 3\)"),
        (np.zeros((4, 4, 4), np.uint8), 2, r"not a uint8 \(H, W, 3\)"),
        (np.zeros((4, 4, 3), np.float32), 2, r"not a uint8 \(H, W, 3\)"),
        (np.zeros((0, 4, 3), np.uint8), 2, r"not a uint8 \(H, W, 3\)"),
        (np.zeros((4, 4, 3), np.uint8), 0, "size=0"),
        (np.zeros((4, 4, 3), np.uint8), -3, "size=-3"),
    ],
)
def test_resize_crop_refuses(pixels: np.ndarray, size: int, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        resize_crop(pixels, size)
