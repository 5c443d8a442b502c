"""The images and holes that networks are trained on."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from bench.api import RequestError
from masks.boxes import CenterBox
from methods.common.images import FixedImages, RandomCrops, draw_holes


def test_fixed_images_pad_flip_and_repeat() -> None:
    pixels = np.zeros((1, 2, 2), dtype=np.uint8)
    pixels[0, 0, 0] = 255
    batch = FixedImages(pixels, flip=True, pad=1).batch(3, 64)
    assert batch.shape == (64, 3, 4, 4)
    assert batch.sum() == 64 * 3
    left, right = batch[:, :, 1, 1], batch[:, :, 1, 2]
    assert torch.equal(left + right, torch.ones(64, 3))
    assert 10 < int(left[:, 0].sum()) < 54
    same = FixedImages(pixels, flip=True, pad=1)
    assert torch.equal(batch, same.batch(3, 64))
    assert not torch.equal(batch, same.batch(4, 64))


def test_random_crops_have_the_size_and_come_from_everywhere() -> None:
    ramp = np.arange(64, dtype=np.uint8)
    photograph = np.stack([np.tile(ramp, (48, 1))] * 3, axis=2)
    crops = RandomCrops([photograph], 16, smallest=0.5)
    batch = crops.batch(0, 200)
    assert batch.shape == (200, 3, 16, 16)
    assert torch.equal(batch, crops.batch(0, 200))
    columns = batch[:, 0, 0] * 255
    assert columns.min() < 3
    assert columns.max() > 60
    rising = columns[:, -1] > columns[:, 0]
    assert 60 < int(rising.sum()) < 140
    spans = (columns[:, -1] - columns[:, 0]).abs()
    assert spans.min() < 30
    assert spans.max() > 40


def test_bad_sources_are_refused() -> None:
    with pytest.raises(RequestError, match="images are float64"):
        FixedImages(np.zeros((2, 4, 4)))
    with pytest.raises(RequestError, match="the smallest of side 8"):
        RandomCrops([np.zeros((8, 20, 3), dtype=np.uint8)], 16)
    with pytest.raises(RequestError, match="0 photographs"):
        RandomCrops([], 16)


def test_holes_depend_on_the_seed_alone() -> None:
    holes = draw_holes([CenterBox()], 5, 3, 16)
    assert holes.shape == (3, 1, 16, 16)
    assert holes.dtype == torch.bool
    assert torch.equal(holes, draw_holes([CenterBox()], 5, 3, 16))
