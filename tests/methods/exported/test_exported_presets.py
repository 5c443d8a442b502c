"""The presets of published networks: their conventions, files and hashes."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
import torch

from bench import plugins
from bench.api import Completion, RequestError
from methods import METHODS
from methods.exported.published import Published
from tests.methods.exported.networks import Asked, Small, Stacked, example, pair, save

PRESETS = sorted(
    n for n, target in METHODS.items() if target.startswith("methods.exported.presets")
)


IN_ONNX = {"lama-onnx", "lama-opencv", "lama-dilated", "lama-stacked", "migan-pipeline"}


def test_mi_gan_s_input_is_its_demo_s(tmp_path: Path) -> None:
    """MI-GAN's demo: cat([mask - 0.5, image * mask]), the mask 1 where kept, image in -1..1."""
    path = save(Stacked(), tmp_path / "m.pt", torch.zeros(1, 4, 512, 512))
    method = plugins.method(f"migan:{path}")
    asked = Asked(0.0)
    visible, hole = example()
    method.call(asked, visible, hole)  # type: ignore[attr-defined]
    (both,) = asked.tensors
    keep = (~hole).float()
    assert torch.equal(both, torch.cat([keep - 0.5, (visible * 2 - 1) * keep], 1))


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_without_its_file_says_where_it_is_published(name: str, tmp_path: Path) -> None:
    with pytest.raises(
        RequestError, match=rf"not shipped\. Get .* from https://.*{name}:FILE"
    ) as told:
        plugins.method(name)
    assert "\n" not in str(told.value)
    with pytest.raises(RequestError, match="no such file"):
        plugins.method(f"{name}:{tmp_path / 'nowhere'}")


@pytest.mark.parametrize("name", sorted(set(PRESETS) - IN_ONNX))
def test_a_preset_runs_a_network_of_its_form(name: str, tmp_path: Path) -> None:
    if name == "migan":
        path = save(Stacked(), tmp_path / "n.pt", torch.zeros(1, 4, 512, 512))
    else:
        path = save(Small(), tmp_path / "n.pt", *pair())
    inpaint = plugins.method(f"{name}:{path}").load("cpu")
    made = inpaint(*example(), [0, 1])
    assert (made.image if isinstance(made, Completion) else made).shape == (2, 3, 40, 56)
    assert "is not the published" in str(inpaint.remark)  # type: ignore[attr-defined]


def test_the_published_file_is_known_by_its_hash(tmp_path: Path) -> None:
    path = tmp_path / "x.pt"
    path.write_bytes(b"network")
    for algorithm in ("md5", "sha256"):
        digest = f"{algorithm}:{hashlib.new(algorithm, b'network').hexdigest()}"
        assert Published("x.pt", "https://x", "1 MB", digest, "MIT").remark_on(path) is None
    other = Published("x.pt", "https://x", "1 MB", "md5:" + "0" * 32, "MIT")
    assert "is not the published x.pt" in str(other.remark_on(path))
