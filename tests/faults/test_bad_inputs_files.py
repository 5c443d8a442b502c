"""Bad image files, masks and names, one kind a test: each is named, and nothing else is lost."""

from __future__ import annotations

import io
import os
import struct
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bench.api import RequestError
from bench.api.imaging import read_rgb
from bench.store.directory import RunDirectory, file_stem
from tests.conftest import write_images
from tests.faults.running import PLUGINS, go, kept, make_runs

EXIF_6 = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06" + b"\0" * 6
GOOD = ["000", "001", "002"]


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


def half(size: tuple[int, int] = (16, 16)) -> np.ndarray:
    mask = np.zeros((size[1], size[0]), np.uint8)
    mask[:, : size[0] // 2] = 255
    return mask


MASKS: dict[str, tuple[Callable[[], Image.Image], str]] = {
    "soft": (lambda: Image.fromarray(np.arange(256, dtype=np.uint8).reshape(16, 16)), "grey"),
    "wrong size": (lambda: Image.fromarray(half((32, 8))), "32x8"),
    "empty": (lambda: Image.new("L", (16, 16), 0), ""),
    "full": (lambda: Image.new("L", (16, 16), 255), ""),
    "truncated": (lambda: Image.fromarray(half()), "002.png"),
    "coloured": (lambda: Image.new("RGB", (16, 16), (255, 0, 0)), ""),
}


@pytest.mark.parametrize("kind", MASKS)
def test_a_bad_mask_costs_its_image_alone(kind: str, tmp_path: Path) -> None:
    images = write_images(tmp_path / "images", 3, 16)
    masks = tmp_path / "masks"
    masks.mkdir()
    for name in GOOD:
        Image.fromarray(half()).save(masks / f"{name}.png")
    make, message = MASKS[kind]
    make().save(masks / "002.png")
    if kind == "truncated":
        os.truncate(masks / "002.png", 40)
    result = go(make_runs("telea", f"folder:{masks}", images), tmp_path / "out")
    assert list(result.failed) == ["002"]
    assert result.failed["002"].startswith("cannot draw the hole: ")
    assert message in result.failed["002"]
    assert result.summary.n == 2


@pytest.mark.parametrize(
    ("kind", "message"),
    [("missing", "1 of 3 images have no mask"), ("no folder", "is not a folder")],
)
def test_masks_that_are_not_there(kind: str, message: str, tmp_path: Path) -> None:
    images = write_images(tmp_path / "images", 3, 16)
    masks = tmp_path / "masks"
    if kind != "no folder":
        masks.mkdir()
        for name in GOOD:
            Image.fromarray(half()).save(masks / f"{name}.png")
    if kind == "missing":
        (masks / "001.png").unlink()
    with pytest.raises(RequestError, match=message):
        go(make_runs("telea", f"folder:{masks}", images), tmp_path / "out")


def test_an_rgb_mask_and_an_inverted_one_are_read(tmp_path: Path) -> None:
    images = write_images(tmp_path / "images", 1, 16)
    paths = []
    for name, mask in (("white", half()), ("keep", 255 - half())):
        folder = tmp_path / name
        folder.mkdir()
        Image.fromarray(np.repeat(mask[:, :, None], 3, 2)).save(folder / "000.png")
        spec = f"folder:{folder}" + (",polarity=keep-white" if name == "keep" else "")
        path = go(make_runs("telea", spec, images), tmp_path / "out").path
        paths.append(path / "images/hole/000.png")
    assert paths[0].read_bytes() == paths[1].read_bytes()


NAMES = (
    "with spaces", " leading", "trailing ", "ünïcødé", "日本語", "🙂", "a,b", 'quo"te', "new\nline",
    "NA", "null", "1e5", "0x10", "a%20b", "-rf", "$HOME", "a;b", "{id}", "x@0", "a..b", "a.b.c",
    "<script>alert(1)</script>".replace("/", ""), "con", "~", "*", "a\\b", "tab\there", "%", "a&b",
    "n" * 251, "ü" * 125,
)  # fmt: skip


def test_odd_names_are_ids_like_any_other(tmp_path: Path) -> None:
    import pandas as pd

    from bench.store.scored_run import load_runs

    images = write_images(tmp_path / "images", 1, 16)
    data = (images / "000.png").read_bytes()
    for name in NAMES:
        (images / f"{name}.png").write_bytes(data)
    result = go(make_runs("telea", "half", images), tmp_path / "out")
    assert result.failed == {}
    assert result.summary.n == len(NAMES) + 1
    outputs = list((result.path / "images/output").rglob("*.png"))
    assert len(outputs) == len(NAMES) + 1
    (loaded,) = load_runs([result.path])
    assert sorted(loaded.scores.index) == sorted([*NAMES, "000"])
    assert all(loaded.png("output", name).is_file() for name in NAMES)
    assert isinstance(loaded.scores, pd.DataFrame)
    assert go(make_runs("telea", "half", images), tmp_path / "out").n_new == 0


def test_same_stems_and_folders_named_like_files_do_not_meet(tmp_path: Path) -> None:
    images = tmp_path / "images"
    for i, name in enumerate(
        [
            "a.jpg",
            "a.png",
            "b.jpg",
            "b.png/x.jpg",
            "b.png%/x.jpg",
            "b/x.jpg",
            "c.PNG/c.jpg",
            "c.jpg",
        ]
    ):
        file = images / name
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (16, 16), (20 * i, 9, 9)).save(file, "PNG")
    result = go(make_runs("telea", "half", images), tmp_path / "out")
    assert result.failed == {}
    assert sorted(RunDirectory(result.path).records()) == [
        "a.jpg", "a.png", "b", "b.png%/x", "b.png/x", "b/x", "c", "c.PNG/c",
    ]  # fmt: skip
    assert len(list((result.path / "images/output").rglob("*.png"))) == 8
    assert go(make_runs("telea", "half", images), tmp_path / "out").n_new == 0


def test_the_file_of_an_id_is_the_id_but_for_two_exceptions() -> None:
    assert file_stem("a/b.c") == "a/b.c"
    assert file_stem("a.png/b.png") == "a.png%/b.png"
    assert file_stem("a.png%/b") == "a.png%%/b"
    long = [file_stem("x" * 300), file_stem("x" * 301), file_stem("x" * 240)]
    assert len(set(long)) == 3
    assert all(len(name.encode()) <= 240 for name in long)
    assert len(file_stem("ü" * 200).encode()) <= 240


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("climbs", "is not a relative path"),
        ("inside", "is not a relative path"),
        ("absolute", "is not a relative path"),
        ("null", "is not a relative path"),
        ("empty", "is not a relative path"),
        ("dot", "is not a relative path"),
        ("doubled", "is not a relative path"),
        ("backwards", "is not a relative path"),
        ("surrogate", "is not a relative path"),
        ("same", "two images with the id '0'"),
    ],
)
def test_ids_that_are_no_file_names_are_refused_before_any_work(
    fault: str, message: str, tmp_path: Path
) -> None:
    with pytest.raises(RequestError, match=message):
        go(make_runs("telea", "half", f"{PLUGINS}:OddNames:fault={fault}"), tmp_path / "out")
    assert list(tmp_path.rglob("*.png")) == []


def test_symlinked_images_are_read_and_stay_what_they_are(tmp_path: Path) -> None:
    secret = tmp_path / "elsewhere" / "secret.png"
    write_images(secret.parent, 1, 16)
    (secret.parent / "000.png").rename(secret)
    images = tmp_path / "images"
    images.mkdir()
    (images / "link.png").symlink_to(secret)
    (images / "loop").symlink_to(images)
    (images / "broken.png").symlink_to(tmp_path / "nowhere")
    before = secret.read_bytes()
    result = go(make_runs("telea", "half", images), tmp_path / "out")
    assert list(result.failed) == ["broken"]
    assert result.summary.n == 1
    assert secret.read_bytes() == before
    assert not any(p.is_symlink() for p in result.path.rglob("*"))
    assert sorted(p.name for p in secret.parent.iterdir()) == ["secret.png"]


def test_a_record_with_an_id_that_climbs_is_not_followed(tmp_path: Path) -> None:
    images = write_images(tmp_path / "images", 2, 16)
    path = go(make_runs("telea", "half", images), tmp_path / "out").path
    record = RunDirectory(path).records()["000"]
    with (path / "records.jsonl").open("ab") as file:
        file.write(replace(record, id="../../x", image_id="../../x").to_json() + b"\n")
    (path / "scores.csv").unlink()
    with pytest.raises(RequestError, match="is not a relative path"):
        go(make_runs("telea", "half", images), tmp_path / "out")
