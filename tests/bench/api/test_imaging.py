"""Images as tensors and as PNGs: exact levels, arguments left alone, what is not finite found."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from bench.api import imaging


def levels(height: int = 5, width: int = 7) -> torch.Tensor:
    drawn = np.random.default_rng(0).integers(0, 256, (3, height, width), dtype=np.uint8)
    return torch.from_numpy(drawn)


def test_every_level_survives_the_way_to_float_and_back() -> None:
    grey = np.arange(256, dtype=np.uint8).reshape(16, 16, 1).repeat(3, axis=2)
    image = imaging.to_tensor(grey)
    assert torch.equal(image, torch.arange(256).float().reshape(1, 16, 16).repeat(3, 1, 1) / 255)
    assert np.array_equal(imaging.to_uint8(image).permute(1, 2, 0).numpy(), grey)


def test_quantising_rounds_clips_and_leaves_its_argument_alone() -> None:
    image = torch.tensor([-0.5, 0.0, 0.49 / 255, 0.51 / 255, 1.0, 3.0])
    before = image.clone()
    assert imaging.to_uint8(image).tolist() == [0, 0, 0, 1, 255, 255]
    assert torch.equal(image, before)


def test_a_tensor_shares_no_memory_with_its_pixels() -> None:
    pixels = levels().permute(1, 2, 0).numpy()  # in memory, one channel lies after the other
    image = imaging.to_tensor(pixels)
    pixels[:] = 0
    assert torch.equal(imaging.to_uint8(image), levels())


@pytest.mark.parametrize("strided", [False, True])
def test_a_png_gives_back_its_pixels(strided: bool) -> None:
    pixels = levels()
    array = pixels.permute(1, 2, 0).contiguous().permute(2, 0, 1) if strided else pixels
    assert array.is_contiguous() is not strided
    assert torch.equal(imaging.decode_png(imaging.encode_png(array)), pixels)


@pytest.mark.parametrize(
    "values",
    [[math.nan], [math.inf], [-math.inf], [math.inf, -math.inf], [0.5, math.nan, 0.5]],
)
def test_what_is_not_finite_is_found(values: list[float]) -> None:
    assert not imaging.all_finite(torch.tensor([0.0, *values]))


def test_values_whose_sum_overflows_are_finite() -> None:
    huge = torch.full((4,), torch.finfo(torch.float32).max)
    assert not torch.isfinite(huge.sum())
    assert imaging.all_finite(huge)
