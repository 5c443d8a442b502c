"""The hole of a photograph, from every source, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bench.api import RequestError
from bench.filling.holes import SMEARED, HoleSource, find, grown
from bench.filling.photograph import PhotographFile, read

HOLE = np.zeros((20, 30), dtype=bool)
HOLE[5:9, 10:20] = True


@pytest.fixture
def photo(tmp_path: Path) -> PhotographFile:
    Image.new("RGB", (30, 20), (10, 200, 30)).save(tmp_path / "photo.png")
    return read(tmp_path / "photo.png")


def saved(path: Path, mask: np.ndarray) -> str:
    Image.fromarray(mask).save(path)
    return str(path)


def test_a_mask_is_read_in_either_polarity(photo: PhotographFile, tmp_path: Path) -> None:
    white = saved(tmp_path / "white.png", (HOLE * 255).astype(np.uint8))
    kept = saved(tmp_path / "kept.png", (~HOLE * 255).astype(np.uint8))
    ones = saved(tmp_path / "ones.png", HOLE.astype(np.uint8))
    assert np.array_equal(find(photo, HoleSource(white)), HOLE)
    assert np.array_equal(find(photo, HoleSource(kept, "keep-white")), HOLE)
    assert np.array_equal(find(photo, HoleSource(ones)), HOLE)


def painted(path: Path, **options: int) -> PhotographFile:
    pixels = np.full((20, 30, 3), (10, 200, 30), dtype=np.uint8)
    pixels[HOLE] = (255, 4, 250)
    Image.fromarray(pixels).save(path, **options)
    return read(path)


def test_a_painted_colour_is_found_within_its_tolerance(tmp_path: Path) -> None:
    photo = painted(tmp_path / "painted.png")
    for colour in ("ff00ff", "#FF00FF"):
        assert np.array_equal(find(photo, HoleSource(colour=colour, tolerance=5)), HOLE)
    with pytest.raises(RequestError, match=r"within 4 levels of ff00ff; the nearest is ff04fa, 5"):
        find(photo, HoleSource(colour="ff00ff", tolerance=4))


def test_a_colour_in_a_jpeg_is_grown_over_what_it_smears(tmp_path: Path) -> None:
    photo = painted(tmp_path / "painted.jpg", quality=90)
    source = HoleSource(colour="ff04fa", tolerance=60)
    hole = find(photo, source)
    assert hole[HOLE].all()
    far = ~grown(HOLE, SMEARED + 4)
    assert not hole[far].any()
    left = photo.pixels[~hole].astype(int) - (10, 200, 30)
    assert np.abs(left).max() <= 16, "the colour is still seen around the hole"
    assert find(photo, HoleSource(colour="ff04fa", tolerance=60, grow=0)).sum() < hole.sum()


def test_transparent_pixels_are_the_hole_when_nothing_else_is_given(tmp_path: Path) -> None:
    pixels = np.full((20, 30, 4), 255, dtype=np.uint8)
    pixels[HOLE, 3] = 100
    Image.fromarray(pixels).save(tmp_path / "clear.png")
    assert np.array_equal(find(read(tmp_path / "clear.png"), HoleSource()), HOLE)


def test_a_generator_draws_a_hole_of_the_photographs_size(photo: PhotographFile) -> None:
    first, again, other = (find(photo, HoleSource("free-form", seed=s)) for s in (0, 0, 1))
    assert first.shape == (20, 30)
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_growing_takes_the_pixels_within_a_distance() -> None:
    dot = np.zeros((9, 9), dtype=bool)
    dot[4, 4] = True
    y, x = np.mgrid[:9, :9]
    assert np.array_equal(grown(dot, 1), np.hypot(y - 4, x - 4) <= 1)
    assert np.array_equal(grown(dot, 0), dot)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (HoleSource(), "No hole is given and .* has no alpha channel; give a mask file"),
        (HoleSource("empty.png"), "is empty; mark what is missing in white"),
        (HoleSource("full.png"), "is the whole image; leave known pixels"),
        (HoleSource("small.png"), "is 15x10 and the photograph 30x20; give a mask of its size"),
        (HoleSource("no.png"), "no.png cannot be read: No such file"),
        (HoleSource("text.png"), "text.png: not a readable image"),
        (HoleSource("fre-form"), "Did you mean 'free-form'"),
        (HoleSource(colour="pink"), "'pink' is not RRGGBB in hexadecimal, such as ff00ff"),
        (HoleSource(colour="0000ff"), "No pixel of .* within 16 levels of 0000ff; the nearest is"),
        (HoleSource("empty.png", colour="0000ff"), "and as the colour 0000ff; give one"),
    ],
)
def test_what_is_no_hole_is_refused(
    photo: PhotographFile,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    source: HoleSource,
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    saved(tmp_path / "empty.png", np.zeros((20, 30), dtype=np.uint8))
    saved(tmp_path / "full.png", np.full((20, 30), 255, dtype=np.uint8))
    saved(tmp_path / "small.png", (HOLE[:10, :15] * 255).astype(np.uint8))
    (tmp_path / "text.png").write_text("no image")
    with pytest.raises(RequestError, match=message) as caught:
        find(photo, source)
    assert "\n" not in str(caught.value)


def test_a_mask_of_a_turned_photograph_is_of_what_is_seen(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (30, 20)).save(tmp_path / "turned.png", exif=exif)
    lying = saved(tmp_path / "lying.png", (HOLE * 255).astype(np.uint8))
    with pytest.raises(RequestError, match="20x30 as it is shown, turned by its EXIF"):
        find(read(tmp_path / "turned.png"), HoleSource(lying))
