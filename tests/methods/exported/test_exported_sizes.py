"""A network of one size at others: resized and tiled, without a hidden pixel."""

from __future__ import annotations

import pytest
import torch

from bench.api.imaging import hide
from bench.api.seeds import NoiseStreams
from methods.exported.sizes import resized, tiled
from tests.methods.exported.networks import example


@pytest.mark.parametrize(("height", "width"), [(40, 56), (16, 16), (9, 100), (64, 64)])
@pytest.mark.parametrize("policy", [resized, tiled])
def test_nothing_hidden_enters_at_another_size(policy: object, height: int, width: int) -> None:
    image = NoiseStreams([3]).uniform((3, height, width))
    hole = torch.zeros(1, 1, height, width, dtype=torch.bool)
    hole[:, :, 2:7, 3:9] = True
    seen = []

    def complete(visible: torch.Tensor, missing: torch.Tensor) -> torch.Tensor:
        assert visible.shape[-2:] == (16, 16)
        seen.append(visible)
        assert not visible[missing.expand_as(visible)].any()
        return torch.where(missing, 0.5, visible)

    made = policy(complete, hide(image, hole), hole, (16, 16))  # type: ignore[operator]
    first = list(seen)
    seen.clear()
    policy(complete, hide(image * 0.3, hole) / 0.3, hole, (16, 16))  # type: ignore[operator]
    assert made.shape == image.shape
    assert len(first) == len(seen) > 0
    assert 0 <= float(made.min()) <= float(made.max()) <= 1


def test_a_flat_image_comes_back_flat_from_any_size() -> None:
    visible, hole = example()
    flat = hide(torch.full_like(visible, 0.7), hole)
    for policy in (resized, tiled):
        made = policy(lambda v, m: torch.where(m, 0.7, v), flat, hole, (24, 24))
        assert torch.allclose(made, torch.tensor(0.7), atol=1e-5), policy
