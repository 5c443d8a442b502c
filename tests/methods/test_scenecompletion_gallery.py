"""The gallery: descriptor without the hole, building, killing, resuming, refusing, searching."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bench.api import RequestError
from bench.api.seeds import numpy_stream
from methods.scenecompletion import DEFAULT_GALLERY
from methods.scenecompletion.build import Item, build
from methods.scenecompletion.gallery import open_gallery
from methods.scenecompletion.gist import LENGTH, describe, fill_smoothly
from methods.scenecompletion.writer import scene_boxes
from tests.conftest import wait_until


def blotches(seed: int, height: int = 40, width: int = 52) -> np.ndarray:
    """Return a smooth random picture, uint8 (H, W, 3)."""
    noise = numpy_stream(seed).integers(0, 256, (5, 6, 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(noise).resize((width, height), Image.Resampling.BICUBIC))


def items(count: int) -> list[Item]:
    return [(f"p{k}", f"s{k // 2}", blotches(k)) for k in range(count)]


def test_the_hole_never_enters_the_descriptor() -> None:
    image = blotches(1).astype(np.float32) / 255
    known = np.ones((40, 52), dtype=bool)
    known[10:30, 5:40] = False
    other = np.where(known[:, :, None], image, numpy_stream(2).random(image.shape))
    one, two = describe(image, known), describe(other.astype(np.float32), known)
    assert one.features.shape == (LENGTH,) == (6 * 5 * 16 + 48,)
    assert np.array_equal(one.features, two.features)
    assert np.array_equal(one.cells, two.cells)
    assert one.cells.min() < 0.2 < 0.99 < one.cells.max()


def test_stripes_answer_to_their_own_orientation() -> None:
    across = np.tile(0.5 + 0.5 * np.sin(np.arange(64) * 2 * np.pi * 0.35 / 1.7), (64, 1))
    image = np.repeat(across[:, :, None], 3, axis=2).astype(np.float32)
    energy = describe(image).features[:480].reshape(6, 5, 16).mean(axis=2)
    assert np.unravel_index(energy.argmax(), energy.shape) == (0, 1)
    turned = describe(np.ascontiguousarray(image.transpose(1, 0, 2)))
    energy = turned.features[:480].reshape(6, 5, 16).mean(axis=2)
    assert np.unravel_index(energy.argmax(), energy.shape) == (3, 1)


def test_filling_keeps_known_pixels_and_stays_in_range() -> None:
    image = numpy_stream(3).random((33, 47, 3)).astype(np.float32)
    known = np.zeros((33, 47), dtype=bool)
    known[2, 3] = known[30, 40] = True
    filled = fill_smoothly(image, known)
    np.testing.assert_allclose(filled[known], image[known], atol=1e-6)
    low, high = image[known].min(axis=0), image[known].max(axis=0)
    assert (filled >= low - 1e-5).all()
    assert (filled <= high + 1e-5).all()


def test_a_gallery_opens_with_what_was_put_in(tmp_path: Path) -> None:
    steps: list[tuple[int, int | None]] = []
    report = build(items(6), tmp_path, on_progress=lambda *step: steps.append(step))
    gallery = open_gallery(tmp_path)
    assert (report.photographs, report.scenes) == (6, 6)
    assert steps[-1] == (6, 6)
    assert gallery.sha256 == report.sha256
    assert [p.id for p in gallery.by_source["s1"]] == ["p2", "p3"]
    assert np.array_equal(gallery.read(gallery.photographs[3]), blotches(3))  # small: lossless
    assert gallery.features.dtype == np.float32


def test_search_finds_the_scene_itself_whatever_is_hidden(tmp_path: Path) -> None:
    build(items(30), tmp_path)
    gallery = open_gallery(tmp_path)
    hole = np.zeros((40, 52), dtype=bool)
    hole[8:28, 10:40] = True
    for k in range(30):
        query = blotches(k).astype(np.float32) / 255
        query[hole] = 0
        nearest = gallery.search(describe(query, ~hole), 5)
        assert nearest[0][0].photograph.id == f"p{k}"
        assert len(nearest) == 5
        assert [d for _, d in nearest] == sorted(d for _, d in nearest)


def test_building_again_does_nothing_and_more_photographs_are_added(tmp_path: Path) -> None:
    first = build(items(4), tmp_path)
    again = build(items(4), tmp_path)
    assert (again.already_there, again.sha256) == (4, first.sha256)
    more = build(items(6), tmp_path)
    assert (more.already_there, more.photographs) == (4, 6)
    fresh = build(items(6), tmp_path / "fresh")
    assert more.sha256 == fresh.sha256


def test_a_folder_with_a_broken_file_and_a_copy(tmp_path: Path) -> None:
    folder = tmp_path / "in" / "deep"
    folder.mkdir(parents=True)
    Image.fromarray(blotches(1, 300, 400)).save(folder / "a.png")
    Image.fromarray(blotches(2, 300, 400)).save(folder / "b.png")
    (folder / "c.png").write_bytes((folder / "a.png").read_bytes())
    (folder / "d.jpg").write_bytes(b"not a picture")
    report = build(tmp_path / "in", tmp_path / "out", side=128)
    assert report.photographs == 2
    assert [name for name, _ in report.skipped] == ["deep/c.png", "deep/d.jpg"]
    assert open_gallery(tmp_path / "out").photographs[0].height == 128


def test_killed_at_any_moment_it_resumes_to_the_same_gallery(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for k in range(40):
        Image.fromarray(blotches(k, 90, 120)).save(folder / f"{k:02}.png")
    whole = build(folder, tmp_path / "whole")
    out = tmp_path / "killed"
    code = (
        "import sys, pathlib; from methods.scenecompletion.build import build;"
        "build(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))"
    )
    child = subprocess.Popen([sys.executable, "-c", code, str(folder), str(out)])
    lines = out / "photographs.jsonl"
    wait_until(lambda: child.poll() is not None or (lines.exists() and lines.stat().st_size > 2000))
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    # What a kill in the middle of a write would leave: torn bytes at the end of every file.
    for name in ("images.bin", "features.bin", "photographs.jsonl"):
        with (out / name).open("ab") as file:
            file.write(b'{"torn')
    if (out / "gallery.json").exists():  # the child was quicker than the signal
        (out / "gallery.json").unlink()
    with pytest.raises(RequestError, match="unfinished"):
        open_gallery(out)
    resumed = build(folder, out)
    assert resumed.already_there > 0
    assert resumed.sha256 == whole.sha256
    for name in ("images.bin", "features.bin", "photographs.jsonl", "gallery.json"):
        assert (out / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def test_galleries_that_cannot_be_used_say_why(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match=r"has no gallery\.json"):
        open_gallery(tmp_path)
    build(items(3), tmp_path)
    seal = json.loads((tmp_path / "gallery.json").read_text())
    (tmp_path / "gallery.json").write_text(json.dumps({**seal, "format": 99}))
    with pytest.raises(RequestError, match=r"another version \(format 99"):
        open_gallery(tmp_path)
    (tmp_path / "gallery.json").write_text(json.dumps({**seal, "scenes": 0}))
    with pytest.raises(RequestError, match="is empty"):
        open_gallery(tmp_path)
    (tmp_path / "gallery.json").write_text(json.dumps(seal))
    data = bytearray((tmp_path / "features.bin").read_bytes())
    data[100] ^= 1
    (tmp_path / "features.bin").write_bytes(data)
    with pytest.raises(RequestError, match="have changed"):
        open_gallery(tmp_path)


def test_requests_that_cannot_be_built(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="not a folder"):
        build(tmp_path / "absent", tmp_path / "out")
    (tmp_path / "empty").mkdir()
    with pytest.raises(RequestError, match="holds no photograph"):
        build(tmp_path / "empty", tmp_path / "out")
    build(items(2), tmp_path / "out")
    with pytest.raises(RequestError, match="was begun with"):
        build(items(2), tmp_path / "out", crops=True)
    with pytest.raises(RequestError, match="'p1' has changed"):
        build([("p1", "s0", blotches(77))], tmp_path / "out")


def test_changed_image_bytes_are_noticed(tmp_path: Path) -> None:
    build(items(2), tmp_path)
    data = bytearray((tmp_path / "images.bin").read_bytes())
    data[60] ^= 255
    (tmp_path / "images.bin").write_bytes(data)
    gallery = open_gallery(tmp_path)
    with pytest.raises(ValueError, match="'p0' have changed"):
        gallery.read(gallery.photographs[0])


def test_crops_lie_inside_and_the_whole_comes_first() -> None:
    boxes = scene_boxes(300, 451, crops=True)
    assert boxes[0] == (0, 0, 300, 451)
    assert len(boxes) == len(set(boxes)) > 10
    for top, left, height, width in boxes:
        assert top >= 0 <= left
        assert top + height <= 300
        assert left + width <= 451


def test_the_shipped_gallery_is_whole() -> None:
    gallery = open_gallery(DEFAULT_GALLERY)
    assert len(gallery.scenes) == 246
    for photograph in gallery.photographs:
        assert gallery.read(photograph).shape == (photograph.height, photograph.width, 3)
