"""Near-duplicates of a set of images: parts and larger views are found, others are not."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from bench import plugins
from bench.api.imaging import to_uint8
from methods.common.lookout import Lookout

NAMES = ("bison", "brook", "colosseum", "dolphin", "goat", "petra")


def pixels(dataset: object, name: str) -> np.ndarray:
    return to_uint8(dataset.load(name)).permute(1, 2, 0).contiguous().numpy()  # type: ignore[attr-defined]


@pytest.fixture(scope="module")
def images() -> dict[str, np.ndarray]:
    dataset = plugins.dataset("free-photos", size=256)
    return {name: pixels(dataset, name) for name in NAMES}


@pytest.fixture(scope="module")
def lookout(images: dict[str, np.ndarray]) -> Lookout:
    return Lookout(images)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("side", [40, 64, 200])
def test_a_shrunk_part_is_found(
    lookout: Lookout, images: dict[str, np.ndarray], name: str, side: int
) -> None:
    part = Image.fromarray(images[name][30:190, 80:240]).resize((side, side))
    noisy = np.asarray(part).astype(float) + np.random.default_rng(0).normal(0, 3, (side, side, 3))
    assert lookout.find(noisy.clip(0, 255).astype(np.uint8)) == name


@pytest.mark.parametrize("name", ["brook", "colosseum", "petra"])
def test_a_larger_view_is_found(lookout: Lookout, images: dict[str, np.ndarray], name: str) -> None:
    around = np.pad(images[name], ((20, 40), (60, 30), (0, 0)), mode="reflect")
    assert lookout.find(around) == name


def test_other_photographs_are_not_taken_for_them(lookout: Lookout) -> None:
    dataset = plugins.dataset("photos", size=64)
    assert [lookout.find(pixels(dataset, name)) for name in dataset.ids()] == [None] * 32


def test_flat_images_are_like_nothing(lookout: Lookout) -> None:
    for level in (0, 128, 255):
        assert lookout.find(np.full((64, 64, 3), level, dtype=np.uint8)) is None
