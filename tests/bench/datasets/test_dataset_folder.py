"""`folder:PATH`: every image has one id, broken ones too, whatever its name."""

from __future__ import annotations

import hashlib
import io
import os
import pickle
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from bench import plugins
from bench.api import Dataset, RequestError
from bench.api.imaging import to_uint8
from bench.datasets.folder import ImageFolder


def png(value: int = 0, width: int = 6, height: int = 4) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (width, height), (value, value, value)).save(buffer, "PNG")
    return buffer.getvalue()


def fill(root: Path, *names: str) -> None:
    """Write image k, all of grey value k, under the k-th name."""
    for value, name in enumerate(names):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(png(value))


def values(dataset: ImageFolder) -> dict[str, int]:
    return {i: int(to_uint8(dataset.load(i))[0, 0, 0]) for i in dataset.ids()}


def test_ids_are_relative_paths_without_suffix_sorted(tmp_path: Path) -> None:
    names = ["z.png", "a/b/c.JPG", "a/é ü 漢.jpeg", "v1.2.png", "with space.Tiff", "a.d/x.webp"]
    fill(tmp_path, *names)
    (tmp_path / "notes.txt").write_text("no image")
    (tmp_path / "a" / "Makefile").write_text("no image")
    (tmp_path / ".hidden.png").write_bytes(png())
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "x.png").write_bytes(png())
    dataset = plugins.dataset(f"folder:{tmp_path}")
    assert isinstance(dataset, Dataset)
    stems = ["z", "a/b/c", "a/é ü 漢", "v1.2", "with space", "a.d/x"]
    assert dataset.ids() == sorted(stems)
    assert values(ImageFolder(tmp_path)) == {stem: k for k, stem in enumerate(stems)}
    assert dataset.source("a/b/c") == "a/b/c"


def test_files_that_differ_in_their_suffix_are_kept_apart(tmp_path: Path) -> None:
    names = ["a.jpg", "a.png", "a.jpg.png", "b.png", "c/a.png", "d.PNG", "d.png"]
    fill(tmp_path, *names)
    expected = {
        "a.jpg": 0, "a.png": 1, "a.jpg.png": 2, "b": 3, "c/a": 4, "d.PNG": 5, "d.png": 6,
    }  # fmt: skip
    assert values(ImageFolder(tmp_path)) == expected


@settings(max_examples=40, deadline=None)
@given(
    st.sets(
        st.builds(
            "".join,
            st.tuples(
                st.sampled_from(["", "d/", "d.png/"]),
                st.sampled_from(["a", "b", "a.b", " ", "é"]),
                st.sampled_from(["", ".jpg", ".png", ".gif"]),
                st.sampled_from([".jpg", ".png", ".PNG", ".Jpeg"]),
            ),
        ),
        min_size=1,
    )
)
def test_every_file_has_exactly_one_id_that_leads_to_it(
    tmp_path_factory: pytest.TempPathFactory, names: set[str]
) -> None:
    root = tmp_path_factory.mktemp("folder")
    fill(root, *sorted(names))
    dataset = ImageFolder(root)
    ids = dataset.ids()
    assert len(set(ids)) == len(ids) == len(names)
    assert {dataset.file(i).relative_to(root).as_posix() for i in ids} == names
    fresh = ImageFolder(root)  # one that has not listed the folder
    assert all(fresh.file(i) == dataset.file(i) for i in ids)


def test_unreadable_files_are_listed_and_raise_on_load(tmp_path: Path) -> None:
    fill(tmp_path, "good.png")
    (tmp_path / "empty.png").write_bytes(b"")
    (tmp_path / "half.png").write_bytes(png(7, 90, 90)[:80])
    (tmp_path / "gone.png").symlink_to(tmp_path / "nowhere.png")
    os.mkfifo(tmp_path / "pipe.png")
    dataset = ImageFolder(tmp_path)
    assert dataset.ids() == ["empty", "gone", "good", "half", "pipe"]
    with pytest.raises(ValueError, match="the file is empty"):
        dataset.load("empty")
    with pytest.raises(ValueError, match="not a readable image"):
        dataset.load("half")
    with pytest.raises(FileNotFoundError):
        dataset.load("gone")
    with pytest.raises(ValueError, match="no image file 'pipe'"):
        dataset.load("pipe")
    assert dataset.load("good").shape == (3, 4, 6)


def test_size_crops_the_centred_square(tmp_path: Path) -> None:
    pixels = np.zeros((4, 8, 3), np.uint8)
    pixels[:, 2:6] = 200
    pixels[:2, 2:4] = 100
    Image.fromarray(pixels).save(tmp_path / "x.png")
    assert ImageFolder(tmp_path).load("x").shape == (3, 4, 8)
    loaded = to_uint8(ImageFolder(tmp_path, size=2).load("x"))
    assert loaded[0].tolist() == [[100, 200], [200, 200]]


def test_the_fingerprint_is_of_the_content_alone(tmp_path: Path) -> None:
    fill(tmp_path, "a.png", "sub/b.png")
    (tmp_path / "c.jpg").write_bytes(png(0))
    dataset = ImageFolder(tmp_path, size=8)
    assert (
        dataset.fingerprint("a") == hashlib.sha256(png(0)).hexdigest() == dataset.fingerprint("c")
    )
    assert dataset.fingerprint("sub/b") != dataset.fingerprint("a")


def test_links_are_followed_and_loops_end(tmp_path: Path) -> None:
    root, other = tmp_path / "root", tmp_path / "other"
    fill(root, "a.png")
    fill(other, "b.png")
    (root / "linked").symlink_to(other)
    (root / "loop").symlink_to(root)
    assert ImageFolder(root).ids() == ["a", "linked/b"]


@pytest.mark.skipif(sys.platform != "linux", reason="file names that are not UTF-8 need Linux")
def test_names_that_are_no_utf_8_get_ids_that_json_can_hold(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"caf\xe9.png")).write_bytes(png(5))
    dataset = ImageFolder(tmp_path)
    assert dataset.ids() == ["caf\\xe9"]
    assert values(dataset) == {"caf\\xe9": 5}


def test_a_pickled_folder_carries_no_list(tmp_path: Path) -> None:
    fill(tmp_path, *(f"{k:04d}.png" for k in range(500)))
    dataset = ImageFolder(tmp_path, size=16)
    before = len(pickle.dumps(dataset))
    assert len(dataset.ids()) == 500
    assert len(pickle.dumps(dataset)) == before
    again = pickle.loads(pickle.dumps(dataset))
    assert again == dataset
    assert (again.load("0300") == dataset.load("0300")).all()


def test_ids_do_not_lead_out_of_the_folder(tmp_path: Path) -> None:
    fill(tmp_path, "secret.png", "in/a.png")
    dataset = ImageFolder(tmp_path / "in")
    for image_id in ("../secret", "/etc/passwd", f"{tmp_path}/secret", "", "none", "a.gif", "."):
        with pytest.raises(ValueError, match="no image file"):
            dataset.load(image_id)


def test_the_path_belongs_to_no_identity(tmp_path: Path) -> None:
    assert plugins.parameters(ImageFolder(tmp_path, size=32)) == {"size": 32}
    assert plugins.label(ImageFolder(tmp_path)) == tmp_path.name


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("folder", "no folder was given. Write folder:PATH"),
        ("folder:{}/missing", "/missing' does not exist. Give a folder of images"),
        ("folder:{}/a.png", "a.png' is a file. Give a folder of images"),
        ("folder:{},size=0", r"size=0 is not an integer in 1\.\.8192"),
        ("folder:{},size=x", "size='x' is not of type int"),
        ("folder:{},colour=1", "Unknown parameter 'colour'"),
    ],
)
def test_wrong_requests_are_one_line(tmp_path: Path, spec: str, words: str) -> None:
    fill(tmp_path, "a.png")
    with pytest.raises(RequestError, match=words) as caught:
        plugins.dataset(spec.format(tmp_path))
    assert "\n" not in str(caught.value)


def test_an_empty_folder_is_a_wrong_request(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no image")
    with pytest.raises(RequestError, match=r"holds no image\. Looked below it for \.jpg"):
        ImageFolder(tmp_path).ids()


def test_a_folder_that_cannot_be_listed_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(tmp_path, "a.png", "locked/b.png")
    scandir = os.scandir

    def refuse(path: str) -> Any:
        if "locked" in path:
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(RequestError, match=r"cannot list .*locked/': Permission denied"):
        ImageFolder(tmp_path).ids()
