"""Exported networks: their conventions, TorchScript files, and files that are refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from bench import plugins
from bench.api import RequestError, checks
from bench.api.imaging import hide
from methods.exported.conventions import Conventions
from tests.faults.running import go, make_runs
from tests.methods.exported.networks import Asked, Small, Stacked, example, export, pair, save


@pytest.mark.parametrize(
    ("conventions", "known", "hidden", "mask_known", "mask_hole"),
    [
        (Conventions(), 1.0, 0.0, 0.0, 1.0),
        (Conventions(value_range="-1..1", polarity="keep"), 1.0, -1.0, 1.0, 0.0),
        (Conventions(value_range="-1..1", hidden="mid"), 1.0, 0.0, 0.0, 1.0),
        (Conventions(value_range="0..255", mask_range="0..255"), 255.0, 0.0, 0.0, 255.0),
        (Conventions(hidden="mean"), 1.0, 1.0, 0.0, 1.0),
        (Conventions(polarity="keep", mask_range="-0.5..0.5"), 1.0, 0.0, 0.5, -0.5),
    ],
)
def test_a_network_is_given_what_its_conventions_say(
    conventions: Conventions, known: float, hidden: float, mask_known: float, mask_hole: float
) -> None:
    hole = torch.zeros(1, 1, 4, 4, dtype=torch.bool)
    hole[..., 0] = True
    asked = Asked(1.0)
    conventions.call(asked, hide(torch.ones(1, 3, 4, 4), hole), hole)
    image, mask = asked.tensors
    assert image[0, 0, 0].tolist() == [hidden, known, known, known]
    assert mask[0, 0, 0].tolist() == [mask_hole, mask_known, mask_known, mask_known]


@pytest.mark.parametrize(
    ("returned", "level"), [("0..1", 0.25), ("-1..1", -0.5), ("0..255", 63.75)]
)
def test_a_network_may_return_another_range(returned: str, level: float) -> None:
    conventions = Conventions(output_range=returned)  # type: ignore[arg-type]
    visible, hole = example()
    assert torch.allclose(conventions.call(Asked(level), visible, hole), torch.tensor(0.25))


@pytest.mark.parametrize("text", ["", "inputs=stack", "value_range=-1..1,polarity=keep,hidden=mid"])
def test_a_torchscript_keeps_the_contract(text: str, tmp_path: Path) -> None:
    if "stack" in text:
        path = save(Stacked(), tmp_path / "n.pt", torch.zeros(1, 4, 32, 32))
    else:
        path = save(Small(), tmp_path / "n.pt", *pair())
    spec = f"torchscript:{path},{text}" if text else f"torchscript:{path}"
    checks.check_method(plugins.method(spec), tolerance=1e-5)


def test_torchscript_and_onnx_of_one_network_give_the_same_table(
    tmp_path: Path, images: Path
) -> None:
    axes = {0: "batch", 2: "height", 3: "width"}
    names = {"input_names": ["image", "mask"], "dynamic_axes": {"image": axes, "mask": axes}}
    files = {
        "torchscript": save(Small(), tmp_path / "n.pt", *pair()),
        "onnx": export(Small(), tmp_path / "n.onnx", *pair(), **names),
    }
    scores = []
    for kind, path in files.items():
        requested = make_runs(f"{kind}:{path}", "center-box", images)
        result = go(requested, tmp_path / kind, metrics=["l1", "psnr"])
        assert not result.failed
        rows = (result.path / "scores.csv").read_text().splitlines()[1:]
        scores.append(np.array([[float(v) for v in row.split(",")[1:]] for row in rows]))
    assert np.abs(scores[0] - scores[1]).max() < 1e-4


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("onnx:{}", "no ONNX network that can be loaded"),
        ("onnx:{},inputs=three", "'three' is not one of pair, stack"),
        ("torchscript:{},multiple_of=0", "multiple_of=0 is not at least 1"),
        ("torchscript:{},fixed=-1", "fixed=-1 is not at least 0"),
    ],
)
def test_what_cannot_be_loaded_is_one_line(spec: str, message: str, tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    path = tmp_path / "bad.onnx"
    path.write_bytes(b"no network")
    with pytest.raises(RequestError, match=message) as told:
        plugins.method(spec.format(path)).load("cpu")
    assert "\n" not in str(told.value)
