"""`fashion-mnist`: the bundled thousand, full sets in every layout, and a checked download."""

from __future__ import annotations

import errno
import gzip
import hashlib
import io
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench import plugins
from bench.api import Dataset, RequestError
from bench.api.imaging import to_uint8
from bench.datasets import fashion_mnist
from bench.datasets.fashion_mnist import FashionMNIST, download, load_images

# Of the first 1,000 images of t10k-images-idx3-ubyte (784,000 bytes after its header).
FIRST_THOUSAND = "8d46efb2efae7259de048298adb99140d06082b91c430833a54d7ce30f21c9c9"
TEST, TRAIN = "t10k-images-idx3-ubyte", "train-images-idx3-ubyte"


def idx_bytes(images: np.ndarray) -> bytes:
    return struct.pack(">4I", 2051, *images.shape) + images.astype(np.uint8).tobytes()


def images(count: int, value: int = 0) -> np.ndarray:
    return (np.arange(count * 784).reshape(count, 28, 28) + value).astype(np.uint8)


@pytest.fixture(autouse=True)
def nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("INPAINT_BENCH_DATA", raising=False)
    monkeypatch.setattr(fashion_mnist, "_DEBIAN", tmp_path / "no-debian-package")


def test_the_sample_is_the_first_thousand_test_images() -> None:
    dataset = plugins.dataset("fashion-mnist")
    assert isinstance(dataset, Dataset)
    assert (dataset.ids()[0], dataset.ids()[-1], len(dataset.ids())) == (
        "test-00000",
        "test-00999",
        1000,
    )
    inner = load_images(None, "sample")[:, 2:30, 2:30]
    assert hashlib.sha256(inner.tobytes()).hexdigest() == FIRST_THOUSAND
    # The first one is the ankle boot that the dataset's own page shows; its pixels sum to 33,456.
    assert int(inner[0].sum()) == 33456


def test_an_image_is_grey_in_a_black_frame() -> None:
    loaded = to_uint8(FashionMNIST().load("test-00007"))
    assert loaded.shape == (3, 32, 32)
    assert (loaded == loaded[:1]).all()
    assert (loaded[0].numpy() == load_images(None, "sample")[7]).all()
    assert loaded[0].float().sum() == loaded[0, 2:30, 2:30].float().sum() > 0


@pytest.mark.parametrize("folder", ["", "raw", "FashionMNIST/raw"])
@pytest.mark.parametrize("packed", [False, True])
def test_full_sets_are_read_in_every_layout(tmp_path: Path, folder: str, packed: bool) -> None:
    (tmp_path / folder).mkdir(parents=True, exist_ok=True)
    for name, data in [(TEST, idx_bytes(images(3))), (TRAIN, idx_bytes(images(5, 9)))]:
        file = tmp_path / folder / (f"{name}.gz" if packed else name)
        file.write_bytes(gzip.compress(data) if packed else data)
    test = FashionMNIST(split="test", root=tmp_path)
    train = plugins.dataset(f"fashion-mnist:split=train,root={tmp_path}")
    assert test.ids() == ["test-00000", "test-00001", "test-00002"]
    assert train.ids()[-1] == "train-00004"
    assert (to_uint8(test.load("test-00002"))[1, 2:30, 2:30].numpy() == images(3)[2]).all()
    assert (load_images(tmp_path, "train") == np.pad(images(5, 9), ((0, 0), (2, 2), (2, 2)))).all()
    expected = hashlib.sha256(images(3)[1].tobytes()).hexdigest()
    assert test.fingerprint("test-00001") == expected


def test_the_usual_places_are_looked_into(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    debian, variable = tmp_path / "debian", tmp_path / "data" / "fashion-mnist"
    for folder, count in [(debian, 2), (variable, 4)]:
        folder.mkdir(parents=True)
        (folder / TEST).write_bytes(idx_bytes(images(count)))
    monkeypatch.setattr(fashion_mnist, "_DEBIAN", debian)
    assert len(FashionMNIST(split="test").ids()) == 2
    monkeypatch.setenv("INPAINT_BENCH_DATA", str(tmp_path / "data"))
    assert len(FashionMNIST(split="test").ids()) == 4
    assert len(FashionMNIST(split="test", root=debian).ids()) == 2


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    (tmp_path / TEST).write_bytes(idx_bytes(images(2)))
    assert len(load_images(tmp_path, "test")) == 2
    (tmp_path / TEST).write_bytes(idx_bytes(images(3)))
    assert len(load_images(tmp_path, "test")) == 3


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"size": 28}, "size=28 is not possible: its images are 32x32"),
        ({"split": "val"}, "split='val' is not one of sample, test, train"),
        ({"split": "test"}, r"not on this machine.*dataset-fashion-mnist.*INPAINT_BENCH_DATA"),
        ({"root": Path("/")}, "the sample is bundled"),
        ({"split": "test", "root": Path("/no/such")}, "root='/no/such' does not exist"),
    ],
)
def test_wrong_requests_are_one_line(parameters: dict[str, Any], words: str) -> None:
    with pytest.raises(RequestError, match=words) as caught:
        plugins.dataset("fashion-mnist", **parameters)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "not an IDX file of images"),
        (struct.pack(">2I", 2049, 10) + b"\0" * 10, "not an IDX file of images"),
        (idx_bytes(images(2))[:-1], "1567 bytes of pixels, its header says 2x28x28"),
        (gzip.compress(idx_bytes(images(2)))[:-20], "broken gzip file"),
        (b"\x1f\x8b" + b"junk" * 9, "broken gzip file"),
    ],
)
def test_a_broken_file_is_a_value_error(tmp_path: Path, data: bytes, words: str) -> None:
    (tmp_path / TEST).write_bytes(data)
    with pytest.raises(ValueError, match=words):
        FashionMNIST(split="test", root=tmp_path).ids()


@pytest.mark.parametrize("image_id", ["test-01000", "train-00000", "test--0001", "7", ""])
def test_unknown_ids_are_value_errors(image_id: str) -> None:
    with pytest.raises(ValueError, match="no image"):
        FashionMNIST().load(image_id)


def pretend(monkeypatch: pytest.MonkeyPatch, files: dict[str, bytes]) -> list[str]:
    """Serve `files` in place of the network and pin their hashes; return the addresses asked."""
    asked: list[str] = []

    def urlopen(url: str, timeout: float) -> io.BytesIO:
        asked.append(url)
        return io.BytesIO(files[url.rpartition("/")[2]])

    monkeypatch.setattr("urllib.request.urlopen", urlopen)
    pins = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
    monkeypatch.setattr(fashion_mnist, "_SHA256", pins)
    return asked


def test_a_download_is_stored_once_and_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {f"{name}.gz": gzip.compress(idx_bytes(images(2))) for name in (TEST, TRAIN)}
    asked = pretend(monkeypatch, files)
    assert [path.name for path in download(tmp_path / "new")] == list(files)
    assert len(asked) == 2
    download(tmp_path / "new")
    assert len(asked) == 2
    assert len(FashionMNIST(split="train", root=tmp_path / "new").ids()) == 2


def test_a_download_with_another_hash_is_not_stored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {f"{TEST}.gz": b"right"}
    pretend(monkeypatch, files)
    files[f"{TEST}.gz"] = b"wrong"
    with pytest.raises(RequestError, match=r"has sha256 .*, not .*: not stored"):
        download(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_failed_write_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, "disk full")

    pretend(monkeypatch, {f"{TEST}.gz": b"right"})
    monkeypatch.setattr("os.replace", fail)
    with pytest.raises(RequestError, match="disk full"):
        download(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_pinned_files_are_the_two_sets() -> None:
    assert list(fashion_mnist._SHA256) == [f"{TEST}.gz", f"{TRAIN}.gz"]
    assert all(len(value) == 64 for value in fashion_mnist._SHA256.values())
