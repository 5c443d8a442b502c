"""`read_rgb`: broken, huge and mutated files give an image or one line of ValueError."""

from __future__ import annotations

import io
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from bench.api import decoding
from bench.api.imaging import read_rgb
from tests.bench.api.encoded import encode, photo, png_with_header

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
