"""The field's datasets: split, crop and size over small folders of the right layout."""

from __future__ import annotations

import io
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from bench import plugins
from bench.api import Dataset, RequestError
from bench.api.imaging import to_uint8
from bench.datasets import DATASETS

NAMES = ["celeba-hq", "ffhq", "places2", "imagenet", "paris-streetview", "tiny-imagenet", "cifar10"]
RECORD = 3073


@pytest.fixture(autouse=True)
def no_data_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("INPAINT_BENCH_DATA", raising=False)


def fill(root: Path, *names: str) -> Path:
    buffer = io.BytesIO()
    Image.new("RGB", (24, 16), (1, 2, 3)).save(buffer, "PNG")
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(buffer.getvalue())
    return root


def test_all_are_registered() -> None:
    assert set(NAMES) < set(DATASETS)


@pytest.mark.parametrize("name", NAMES)
def test_a_missing_root_says_where_the_data_comes_from(name: str, tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="not on this machine") as caught:
        plugins.dataset(name)
    message = str(caught.value)
    assert "\n" not in message
    assert " comes from " in message or " is sent by " in message
    assert f"set INPAINT_BENCH_DATA to the folder that holds {name!r}" in message
    with pytest.raises(RequestError, match="gone' does not exist"):
        plugins.dataset(name, root=tmp_path / "gone")


@pytest.mark.parametrize("name", NAMES)
def test_unknown_splits_are_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(RequestError, match=r"'half' is not one of (test|val), train"):
        plugins.dataset(name, split="half", root=tmp_path)


@pytest.mark.parametrize(
    ("name", "layout", "expected"),
    [
        ("celeba-hq", "0.jpg 27999.jpg 28000.jpg 29999.jpg", "28000 29999"),
        ("celeba-hq:split=train", "0.jpg 27999.jpg 28000.jpg", "0 27999"),
        ("celeba-hq:split=all", "0.jpg 28000.jpg", "0 28000"),
        ("celeba-hq", "test/5.jpg train/28001.jpg", "5"),
        ("celeba-hq:split=train", "test/5.jpg train/28001.jpg", "28001"),
        ("ffhq", "00000/00000.png 59000/59999.png 60000/60000.png", "60000/60000"),
        ("ffhq:split=train", "00000.png 59999.png 69999.png", "00000 59999"),
        (
            "places2",
            "val_256/Places365_val_00000001.jpg data_256/a/x.jpg",
            "Places365_val_00000001",
        ),
        ("places2", "Places365_val_00000002.jpg", "Places365_val_00000002"),
        ("imagenet", "val/n01/ILSVRC2012_val_00000293.JPEG", "n01/ILSVRC2012_val_00000293"),
        ("imagenet:split=train", "val/a.JPEG train/n01/n01_1.JPEG", "n01/n01_1"),
        ("paris-streetview", "paris_eval_gt/001_im.png paris_train_original/z.JPG", "001_im"),
        ("paris-streetview:split=train", "paris_eval_gt/1.png paris_train_original/z.JPG", "z"),
    ],
)
def test_splits_follow_the_layout(tmp_path: Path, name: str, layout: str, expected: str) -> None:
    dataset = plugins.dataset(name, root=fill(tmp_path, *layout.split()))
    assert isinstance(dataset, Dataset)
    assert dataset.ids() == expected.split()
    assert dataset.load(dataset.ids()[0]).shape == (3, 256, 256)
    assert len(dataset.fingerprint(dataset.ids()[0])) == 64
    assert dataset.source(dataset.ids()[0]) == dataset.ids()[0]


@pytest.mark.parametrize(
    ("split", "layout", "expected"),
    [
        ("val", "val/images/val_0.JPEG train/n01/images/n01_0.JPEG", "val_0"),
        ("train", "val/images/val_0.JPEG train/n01/images/n01_0.JPEG", "n01/images/n01_0"),
        ("val", "val/val_3.JPEG train/n01_0.JPEG", "val_3"),
        ("val", "tiny-imagenet-200/val/images/val_1.JPEG", "val_1"),
        ("train", "tiny-imagenet-200/train/n01/images/n01_2.JPEG", "n01/images/n01_2"),
    ],
)
def test_tiny_imagenet_is_read_as_unpacked_at_its_own_size(
    tmp_path: Path, split: str, layout: str, expected: str
) -> None:
    dataset = plugins.dataset("tiny-imagenet", split=split, root=fill(tmp_path, *layout.split()))
    assert dataset.ids() == [expected]
    assert dataset.load(expected).shape == (3, 64, 64)


def test_the_variable_names_the_folder_of_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(tmp_path / "imagenet", "val/a.JPEG")
    monkeypatch.setenv("INPAINT_BENCH_DATA", str(tmp_path))
    assert plugins.dataset("imagenet").ids() == ["a"]
    with pytest.raises(RequestError, match=r"Looked in '.*places2'"):
        plugins.dataset("places2")


def test_a_folder_without_the_splits_numbers_is_refused(tmp_path: Path) -> None:
    dataset = plugins.dataset("ffhq", root=fill(tmp_path, "00001.png", "nameless.png"))
    with pytest.raises(RequestError, match=r"none of the 2 images .* is numbered 60000\.\.69999"):
        dataset.ids()


def test_size_and_root_and_identity(tmp_path: Path) -> None:
    root = fill(tmp_path, "val/a.JPEG")
    assert plugins.dataset("imagenet", root=root, size=8).load("a").shape == (3, 8, 8)
    assert plugins.dataset("imagenet", root=root, size=None).load("a").shape == (3, 16, 24)
    assert plugins.parameters(plugins.dataset("imagenet", root=root)) == {
        "size": 256,
        "split": "val",
    }
    with pytest.raises(RequestError, match=r"size=4 is not an integer in 8\.\.8192"):
        plugins.dataset("imagenet", root=root, size=4)


def test_a_preset_survives_pickling_and_sees_new_files(tmp_path: Path) -> None:
    root = fill(tmp_path, "val/a.JPEG")
    dataset = plugins.dataset("imagenet", root=root)
    assert dataset.ids() == ["a"]
    again = pickle.loads(pickle.dumps(dataset))
    assert again == dataset
    assert (again.load("a") == dataset.load("a")).all()
    fill(tmp_path, "val/b.JPEG")
    assert plugins.dataset("imagenet", root=root).ids() == ["a", "b"]


def cifar(root: Path, folder: str = "", count: int = 2) -> Path:
    """Write the six files: image k of file f has red f, green k, blue 0, 1, 2, ..., 255, 0, ..."""
    (root / folder).mkdir(parents=True, exist_ok=True)
    names = ["test_batch.bin", *(f"data_batch_{k}.bin" for k in range(1, 6))]
    blue = np.arange(1024).astype(np.uint8)
    for f, name in enumerate(names):
        planes = [
            np.concatenate([[9], np.full(1024, f), np.full(1024, k), blue]) for k in range(count)
        ]
        (root / folder / name).write_bytes(np.stack(planes).astype(np.uint8).tobytes())
    return root


@pytest.mark.parametrize("folder", ["", "cifar-10-batches-bin"])
def test_cifar10_reads_the_binary_version(tmp_path: Path, folder: str) -> None:
    test = plugins.dataset("cifar10", root=cifar(tmp_path, folder))
    assert isinstance(test, Dataset)
    assert test.ids() == ["test-00000", "test-00001"]
    image = to_uint8(test.load("test-00001"))
    assert image.shape == (3, 32, 32)
    assert image[:, 0, 5].tolist() == [0, 1, 5]
    assert image[:, 1, 0].tolist() == [0, 1, 32]
    train = plugins.dataset("cifar10:split=train", root=tmp_path)
    assert len(train.ids()) == 10
    assert to_uint8(train.load("train-00007"))[:, 0, 0].tolist() == [4, 1, 0]
    assert train.fingerprint("train-00007") != train.fingerprint("train-00006")


def test_cifar10_never_opens_a_pickle(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[Any, ...]:
            return (Path.touch, (tmp_path / "executed",))

    (tmp_path / "test_batch").write_bytes(pickle.dumps(Trap()))
    with pytest.raises(
        RequestError, match=r"holds no test_batch\.bin\..*pickle runs what it holds"
    ):
        plugins.dataset("cifar10", root=tmp_path)
    assert not (tmp_path / "executed").exists()


def test_cifar10_refuses_broken_files_sizes_and_ids(tmp_path: Path) -> None:
    root = cifar(tmp_path)
    with pytest.raises(RequestError, match="size=64 is not possible: its images are 32x32"):
        plugins.dataset("cifar10", root=root, size=64)
    for image_id in ("test-00002", "train-00000", "test--1", "x", ""):
        with pytest.raises(ValueError, match="no image"):
            plugins.dataset("cifar10", root=root).load(image_id)
    (root / "test_batch.bin").write_bytes(b"\0" * (RECORD + 1))
    with pytest.raises(RequestError, match="has 3074 bytes, not a multiple of 3073"):
        plugins.dataset("cifar10", root=root).ids()
    (root / "test_batch.bin").unlink()
    with pytest.raises(RequestError, match=r"holds no test_batch\.bin\. CIFAR-10 comes from"):
        plugins.dataset("cifar10", root=root)
