"""Photographs that show a query's own scene are known; other photographs are not taken for them."""

from __future__ import annotations

import io

import cv2
import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from bench import plugins
from bench.api.imaging import to_uint8
from bench.api.seeds import derive_seed, numpy_stream
from methods.common.duplicates import COPY, Matcher, prepare
from methods.common.keypoints import SUPPORT, find_keypoints
from methods.common.views import Viewer, both_ways

NAMES = ("bison", "brook", "colosseum", "goat", "petra")
WHOLE = (0, 0, 512)


def pixels(name: str) -> np.ndarray:
    image = plugins.dataset("free-photos", size=512).load(name)
    return to_uint8(image).permute(1, 2, 0).contiguous().numpy()


@pytest.fixture(scope="module")
def images() -> dict[str, np.ndarray]:
    return {name: pixels(name) for name in NAMES}


def cut(image: np.ndarray, square: tuple[int, int, int], side: int) -> np.ndarray:
    top, left, length = square
    part = Image.fromarray(image[top : top + length, left : left + length])
    return np.asarray(part.resize((side, side), Image.Resampling.LANCZOS))


def grey(image: np.ndarray) -> np.ndarray:
    return cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255


def visible(image: np.ndarray, mask: str = "center-box") -> tuple[np.ndarray, np.ndarray]:
    """Return a query with zeros in the hole, and what is known of it."""
    known = ~plugins.mask(mask)(*image.shape[:2], derive_seed("mask", mask, "view"))[0].numpy()
    return np.where(known[:, :, None], image.astype(np.float32) / 255, np.float32(0)), known


def shows(query: np.ndarray, photograph: np.ndarray, mask: str = "center-box") -> bool:
    return Viewer().shows(both_ways(*visible(query, mask)), "p", photograph)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("side", [64, 256])
@pytest.mark.parametrize(
    ("query", "photograph"),
    [
        (WHOLE, (100, 180, 300)),
        ((40, 60, 280), (120, 160, 330)),
        ((30, 200, 250), WHOLE),
    ],
    ids=["wider", "beside", "part"],
)
def test_the_same_scene_at_another_crop_is_known(
    images: dict[str, np.ndarray],
    name: str,
    side: int,
    query: tuple[int, int, int],
    photograph: tuple[int, int, int],
) -> None:
    seen, kept = cut(images[name], query, side), cut(images[name], photograph, 256)
    assert shows(seen, kept)
    assert shows(np.ascontiguousarray(seen[:, ::-1]), kept, "free-form")


def test_the_test_for_parts_alone_did_not_know_them(images: dict[str, np.ndarray]) -> None:
    seen, kept = cut(images["goat"], WHOLE, 64), cut(images["goat"], (100, 180, 300), 256)
    assert Matcher().similarity(prepare(*visible(seen)), "p", kept) < COPY


@pytest.mark.parametrize("side", [64, 256])
def test_other_colours_and_jpeg_make_no_difference(
    images: dict[str, np.ndarray], side: int
) -> None:
    seen = cut(images["petra"], (60, 20, 400), side) * np.array([1.1, 0.95, 0.9]) + 8
    buffer = io.BytesIO()
    Image.fromarray(seen.clip(0, 255).astype(np.uint8)).save(buffer, "JPEG", quality=60)
    with Image.open(buffer) as image:
        assert shows(np.asarray(image), cut(images["petra"], (150, 100, 350), side))


@pytest.mark.parametrize("side", [64, 256])
def test_other_photographs_are_not_taken_for_them(images: dict[str, np.ndarray], side: int) -> None:
    viewer = Viewer()
    for name, image in images.items():
        views = both_ways(*visible(cut(image, WHOLE, side)))
        assert [viewer.shows(views, other, images[other]) for other in NAMES] == [
            other == name for other in NAMES
        ]


@pytest.mark.parametrize("shape", [(1, 1), (5, 90), (16, 16), (64, 64), (40, 300)])
def test_flat_and_tiny_images_show_nothing(shape: tuple[int, int]) -> None:
    flat = np.full((*shape, 3), 128, dtype=np.uint8)
    noise = numpy_stream(3).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    for query in (flat, noise):
        views = both_ways(query / np.float32(255), np.ones(query.shape[:2], dtype=bool))
        assert not Viewer().shows(views, "flat", flat)
    assert Viewer().shows(views, "noise", noise)


def test_keypoints_are_of_known_pixels(images: dict[str, np.ndarray]) -> None:
    seen, known = visible(cut(images["bison"], WHOLE, 256))
    keypoints = find_keypoints(cv2.cvtColor(seen, cv2.COLOR_RGB2GRAY), known)
    distance = ndimage.distance_transform_edt(known)
    columns, rows = np.rint(keypoints.places).astype(int).T
    assert len(keypoints.sizes) > 50
    assert (distance[rows, columns] >= SUPPORT * keypoints.sizes - 2).all()


def test_mirrored_keypoints_are_those_of_the_mirror_image(images: dict[str, np.ndarray]) -> None:
    image = grey(cut(images["colosseum"], WHOLE, 256))
    derived = find_keypoints(image).mirrored(256)
    direct = find_keypoints(np.ascontiguousarray(image[:, ::-1]))
    apart = np.linalg.norm(derived.places[:, None] - direct.places[None], axis=2)
    apart += np.abs((derived.angles[:, None] - direct.angles[None] + 180) % 360 - 180)
    nearest = apart.argmin(axis=1)
    same = apart[np.arange(len(nearest)), nearest] < 1
    assert same.mean() > 0.7
    errors = derived.descriptors.astype(float) - direct.descriptors[nearest]
    assert np.median(np.linalg.norm(errors, axis=1)[same]) < 60  # of about 512


def test_the_answer_is_the_same_every_time(images: dict[str, np.ndarray]) -> None:
    seen, known = visible(cut(images["brook"], WHOLE, 64))
    first, again = (both_ways(seen, known)[1].keypoints for _ in range(2))
    assert np.array_equal(first.places, again.places)
    assert np.array_equal(first.descriptors, again.descriptors)
