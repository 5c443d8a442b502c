"""The optional peers: channels, polarity of the hole, and what is said when one is missing."""

from __future__ import annotations

import sys

import pytest
import torch

from bench import plugins
from bench.api import RequestError

PEERS = {"pypatchmatch": "patchmatch", "patchmatch-cython": "patchmatch_cython"}


@pytest.mark.parametrize("name", PEERS)
def test_a_missing_package_names_the_extra(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, PEERS[name], None)
    with pytest.raises(RequestError, match=rf"{name} is not installed.*\.\[peers\]"):
        plugins.method(name).load("cpu")


@pytest.mark.parametrize("name", PEERS)
def test_colours_and_polarity(name: str) -> None:
    pytest.importorskip(PEERS[name])
    image = torch.zeros(1, 3, 64, 64)
    image[:, 0] = 1.0  # pure red, so that swapped channels show
    image[:, 2, :, ::4] = 0.5
    hole = torch.zeros(1, 1, 64, 64, dtype=torch.bool)
    hole[..., 20:40, 20:40] = True
    filled = plugins.method(name).load("cpu")(image.masked_fill(hole, 0.0), hole, [2**62 + 5])
    assert isinstance(filled, torch.Tensor)
    inside = filled[:, :, 20:40, 20:40]
    assert inside[:, 0].min() > 0.95
    assert inside[:, 1].max() < 0.05
    kept = ~hole.expand_as(image)
    assert (filled - image)[kept].abs().max() < 1 / 255


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("pypatchmatch:radius=0", "radius=0"),
        ("patchmatch-cython:patch=4", "patch=4 is not an odd number"),
    ],
)
def test_bad_parameters_are_refused(spec: str, message: str) -> None:
    with pytest.raises(RequestError, match=message):
        plugins.method(spec)
