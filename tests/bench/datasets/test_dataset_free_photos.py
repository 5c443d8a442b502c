"""`free-photos`: 87 free photographs, the same pixels always, each with author and licence."""

from __future__ import annotations

import csv
import hashlib
import itertools
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bench import plugins
from bench.api import Dataset, RequestError
from bench.api.imaging import to_uint8
from bench.datasets import free_photos
from bench.datasets.free_photos import CONTENT, FOLDER, FreePhotos

FREE = {
    *("public-domain", "CC0-1.0", "CC-BY-2.0", "CC-BY-3.0", "CC-BY-4.0"),
    *("CC-BY-SA-3.0", "CC-BY-SA-4.0"),
}


@pytest.fixture(scope="module")
def rows() -> list[dict[str, str]]:
    with free_photos.TABLE.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the folder, which the dataset reads instead."""
    shutil.copytree(FOLDER, tmp_path / "set")
    monkeypatch.setattr(free_photos, "FOLDER", tmp_path / "set")
    monkeypatch.setattr(free_photos, "TABLE", tmp_path / "set" / free_photos.TABLE.name)
    monkeypatch.setattr(free_photos, "_hashes", free_photos._hashes.__wrapped__)
    return tmp_path / "set"


def test_it_is_a_dataset_of_87_photographs_one_image_each() -> None:
    dataset = plugins.dataset("free-photos")
    assert isinstance(dataset, Dataset)
    ids = dataset.ids()
    assert len(ids) == 87
    assert ids == sorted(set(ids))
    assert [dataset.source(i) for i in ids] == ids


def test_the_content_is_the_one_in_the_code() -> None:
    dataset = FreePhotos(512)
    lines = ""
    for image_id in dataset.ids():
        image = dataset.load(image_id)
        assert image.shape == (3, 512, 512)
        pixels = to_uint8(image).permute(1, 2, 0).contiguous().numpy()
        lines += f"{image_id} {hashlib.sha256(pixels.tobytes()).hexdigest()}\n"
        assert dataset.fingerprint(image_id) in lines
    assert hashlib.sha256(lines.encode()).hexdigest() == CONTENT


@pytest.mark.parametrize("size", [256, 128, 64])
def test_smaller_sizes_are_means_of_whole_pixels(size: int) -> None:
    with Image.open(FOLDER / "bison.jpg") as opened:
        pixels = np.asarray(opened).astype(float)
    side = 512 // size
    means = pixels.reshape(size, side, size, side, 3).mean(axis=(1, 3))
    loaded = (FreePhotos(size).load("bison") * 255).permute(1, 2, 0).numpy()
    difference = np.abs(loaded - means)  # Pillow rounds twice: after the rows, after the columns
    assert difference.max() <= 1.01
    assert difference.mean() < 0.55


def test_no_two_images_are_nearly_the_same_and_none_is_flat() -> None:
    dataset = FreePhotos(16)
    images = {i: dataset.load(i) for i in dataset.ids()}
    assert all(image.std() > 0.04 for image in images.values())
    for a, b in itertools.combinations(images, 2):
        assert (images[a] - images[b]).abs().mean() > 0.03, (a, b)


def test_every_square_is_the_whole_short_side_at_a_quarter(rows: list[dict[str, str]]) -> None:
    for row in rows:
        width, height, left, top, side = (
            int(row[key]) for key in ("width", "height", "left", "top", "side")
        )
        assert side == min(width, height) >= 512
        along = 4 * (left + top) / (max(width, height) - side)
        assert abs(along - round(along)) < 0.01
        assert 0 <= round(along) <= 4
        assert min(left, top) == 0


def test_every_image_has_author_licence_and_source_where_it_is_passed_on(
    rows: list[dict[str, str]],
) -> None:
    text = (FOLDER / "ATTRIBUTION.md").read_text("utf-8")
    for row in rows:
        assert row["licence"] in FREE
        share = "-SA-" in row["licence"]
        (line,) = [x for x in text.splitlines() if x.startswith(f"| {row['id']}{'*' * share} |")]
        assert row["author"]
        assert f"| {row['author']} |" in line
        assert row["source"] in line
        assert ("licenses/by-sa/" in line) == share
    assert {path.stem for path in FOLDER.glob("*.jpg")} == {row["id"] for row in rows}


def test_the_croissant_metadata_names_every_file_and_its_hash() -> None:
    data = json.loads((FOLDER / "croissant.json").read_text("utf-8"))
    files = {f["contentUrl"]: f["sha256"] for f in data["distribution"]}
    names = {*(path.name for path in FOLDER.glob("*.jpg")), "photographs.csv"}
    assert set(files) == names
    for name, expected in files.items():
        assert hashlib.sha256((FOLDER / name).read_bytes()).hexdigest() == expected
    assert CONTENT in data["citeAs"]


def test_the_set_stays_small() -> None:
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < 16 * 2**20


@pytest.mark.parametrize("size", [513, 600, 15, 0, -64, 64.0, True])
def test_other_sizes_are_refused_and_say_what_there_is(size: int) -> None:
    with pytest.raises(RequestError, match=r"size=.* 16\.\.512 pixels: the images .* are 512x512"):
        plugins.dataset("free-photos", size=size)


def test_a_changed_image_is_refused_by_name(copied: Path) -> None:
    shutil.copyfile(copied / "goat.jpg", copied / "bison.jpg")
    assert FreePhotos().load("goat").shape == (3, 256, 256)
    for refused in (FreePhotos().load, FreePhotos().fingerprint):
        with pytest.raises(RequestError, match=r"bison\.jpg is not the image that was shipped"):
            refused("bison")


def test_a_torn_or_missing_image_is_refused_by_name(copied: Path) -> None:
    (copied / "goat.jpg").write_bytes((copied / "goat.jpg").read_bytes()[:1000])
    (copied / "bison.jpg").unlink()
    for name in ("goat", "bison"):
        with pytest.raises(RequestError, match=rf"{name}\.jpg cannot be read\. Install"):
            FreePhotos().load(name)


def test_a_changed_table_is_refused(copied: Path) -> None:
    table = copied / "photographs.csv"
    table.write_text(table.read_text("utf-8").replace("bison,", "bisen,"), "utf-8")
    with pytest.raises(RequestError, match=r"photographs\.csv was changed"):
        FreePhotos().ids()


@pytest.mark.parametrize("image_id", ["nobody", "bison.jpg", "../free_photos/bison", ""])
def test_unknown_ids_are_value_errors(image_id: str) -> None:
    for refused in (FreePhotos().load, FreePhotos().fingerprint, FreePhotos().source):
        with pytest.raises(ValueError, match="no image"):
            refused(image_id)
