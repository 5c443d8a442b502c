"""`photos`: 32 real crops, the same bytes always, found without importing their packages."""

from __future__ import annotations

import hashlib
import itertools
import subprocess
import sys
from collections import Counter

import numpy as np
import pytest
from PIL import Image

from bench import plugins
from bench.api import Dataset, RequestError
from bench.api.imaging import to_uint8
from bench.datasets import photos
from bench.datasets.photos import SOURCES, Photos

GOLDEN_PIXELS = "d4b2a63b5f98063d5ec5d5d9721ba9d08fef3ca4366f980f814ae23bf37627bc"
GOLDEN_FINGERPRINTS = "0ef05d5e17bd250657b64d18632e26683ddb23e38340c6efb88c1b7358d9d995"


def test_it_is_a_dataset_of_32_crops_of_every_source() -> None:
    dataset = plugins.dataset("photos")
    assert isinstance(dataset, Dataset)
    ids = dataset.ids()
    assert len(ids) == len(set(ids)) == 32
    counts = Counter(dataset.source(i) for i in ids)
    assert set(counts) == set(SOURCES)
    assert min(counts.values()) >= 2
    assert [dataset.source(i) for i in ids[: len(SOURCES)]] == list(SOURCES)


def test_every_crop_lies_inside_its_photograph_and_is_256_or_more() -> None:
    for source in SOURCES.values():
        with Image.open(photos._path(source)) as opened:
            width, height = opened.size
            assert opened.mode == "RGB"
        for left, top, side in source.crops:
            assert side >= 256
            assert 0 <= left <= width - side
            assert 0 <= top <= height - side


def test_no_two_crops_are_nearly_the_same() -> None:
    dataset = Photos(size=32)
    images = {i: dataset.load(i) for i in dataset.ids()}
    for a, b in itertools.combinations(images, 2):
        assert (images[a] - images[b]).abs().mean() > 0.03, (a, b)


def test_no_crop_is_nearly_flat() -> None:
    dataset = Photos(size=64)
    assert all(dataset.load(i).std() > 0.04 for i in dataset.ids())


def test_a_crop_by_hand() -> None:
    """astronaut-0 at 64 is the mean of 4x4 blocks of columns 100..355, rows 0..255."""
    with Image.open(photos._path(SOURCES["astronaut"])) as opened:
        pixels = np.asarray(opened)[:256, 100:356].astype(float)
    means = pixels.reshape(64, 4, 64, 4, 3).mean(axis=(1, 3))
    loaded = (Photos().load("astronaut-0") * 255).permute(1, 2, 0).numpy()
    difference = np.abs(loaded - means)  # Pillow rounds twice: after the rows, after the columns
    assert difference.max() <= 1.01
    assert difference.mean() < 0.35


def test_a_crop_of_256_is_not_resampled() -> None:
    with Image.open(photos._path(SOURCES["coffee"])) as opened:
        pixels = np.asarray(opened)[144:400, :256]
    loaded = to_uint8(Photos(size=256).load("coffee-2")).permute(1, 2, 0).numpy()
    assert (loaded == pixels).all()


def test_the_content_is_golden() -> None:
    dataset = Photos()
    prints, pixels = hashlib.sha256(), hashlib.sha256()
    for image_id in dataset.ids():
        prints.update(dataset.fingerprint(image_id).encode())
        pixels.update(to_uint8(dataset.load(image_id)).numpy().tobytes())
    assert prints.hexdigest() == GOLDEN_FINGERPRINTS
    assert pixels.hexdigest() == GOLDEN_PIXELS


def test_the_order_of_loading_does_not_matter() -> None:
    dataset = Photos(size=32)
    forward = {i: dataset.load(i) for i in dataset.ids()}
    backward = {i: Photos(size=32).load(i) for i in reversed(dataset.ids())}
    assert all((forward[i] == backward[i]).all() for i in forward)


def test_fingerprints_differ_and_know_no_size() -> None:
    ids = Photos().ids()
    assert len({Photos().fingerprint(i) for i in ids}) == 32
    assert all(Photos(64).fingerprint(i) == Photos(128).fingerprint(i) for i in ids)


@pytest.mark.parametrize("size", [0, 15, 257, -64, 64.0, True])
def test_other_sizes_are_refused(size: int) -> None:
    with pytest.raises(RequestError, match=r"size=.* is not an integer in 16\.\.256"):
        plugins.dataset("photos", size=size)


@pytest.mark.parametrize("image_id", ["astronaut", "astronaut-4", "astronaut--1", "nobody-0", ""])
def test_unknown_ids_are_value_errors(image_id: str) -> None:
    with pytest.raises(ValueError, match="no image"):
        Photos().load(image_id)


def test_a_package_without_its_photograph_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SOURCES, "astronaut", SOURCES["astronaut"]._replace(file="data/gone.png"))
    with pytest.raises(RequestError, match=r"skimage lacks data/gone\.png\. Install it with pip"):
        Photos().load("astronaut-0")


def test_the_packages_are_found_without_importing_them() -> None:
    code = (
        "import sys; from bench.datasets.photos import Photos\n"
        "p = Photos(); [p.fingerprint(i) for i in p.ids()]\n"
        "print(sorted({'torch', 'skimage', 'sklearn', 'matplotlib', 'scipy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
