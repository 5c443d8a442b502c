"""The picture that explains ddpm: it is drawn, labelled, and shows what happened."""

from __future__ import annotations

import typing
from pathlib import Path
from typing import Any

import pytest
import torch

from bench.api.imaging import read_rgb
from bench.api.seeds import torch_stream
from methods.ddpm import DDPM, explain
from methods.ddpm.samplers.options import Sampler


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("sampler", typing.get_args(Sampler), ids=lambda kind: kind.name)
def test_the_figure_is_drawn(sampler: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    strips: list[tuple[str, list[tuple[str, torch.Tensor]]]] = []
    strip = explain.strip

    def watched(figure: object, title: str, pictures: list[tuple[str, torch.Tensor]]) -> None:
        strips.append((title, pictures))
        strip(figure, title, pictures)

    monkeypatch.setattr(explain, "strip", watched)
    image = torch.rand(3, 32, 32, generator=torch_stream(0)).mean(0, keepdim=True).expand(3, -1, -1)
    hole = torch.zeros(1, 32, 32, dtype=torch.bool)
    hole[:, 8:24, 8:24] = True
    out = explain.draw(image, hole, tmp_path / "figure" / "ddpm.png", method=DDPM(sampler(steps=8)))
    pixels = read_rgb(out)
    assert pixels.shape[0] > 500
    assert pixels.std() > 20
    (_, forward), (title, reverse) = strips
    assert f"by {sampler.name} (steps 8" in title
    assert title.endswith("8 levels")
    assert [label for label, _ in forward][::6] == ["t = 0", "t = 1000"]
    assert torch.allclose(forward[0][1], image, atol=1e-6)
    assert reverse[0][0] == "given"
    assert reverse[-1][0] == "t = 0"
    assert torch.allclose(
        reverse[-1][1].masked_fill(hole, 0), image.masked_fill(hole, 0), atol=1e-6
    )
    levels = [int(label.split()[-1]) for label, _ in reverse[1:]]
    assert levels == sorted(levels, reverse=True)
