"""ONNX files: sizes, order and types of their inputs, weights beside the file."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from bench import plugins
from bench.api import Completion, RequestError, checks
from tests.methods.exported.networks import Small, example, export, pair


@pytest.mark.parametrize("last", [False, True])
def test_an_onnx_network_of_one_size_and_one_row_takes_any(tmp_path: Path, last: bool) -> None:
    class Last(Small):
        def forward(self, image: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
            rows = [t.permute(0, 3, 1, 2) for t in (image, mask)]
            return super().forward(*rows).permute(0, 2, 3, 1)

    shapes = pair(16)
    if last:
        shapes = tuple(t.permute(0, 2, 3, 1) for t in shapes)  # type: ignore[assignment]
    path = export(Last() if last else Small(), tmp_path / "n.onnx", *shapes, input_names=["x", "y"])
    method = plugins.method(f"onnx:{path}")
    checks.check_method(method, tolerance=1e-5)
    visible, hole = example()
    made = method.load("cpu")(visible, hole, [0, 1])
    assert isinstance(made, Completion)
    assert made.image.shape == visible.shape
    assert made.notes == [{"resized": "16x16"}] * 2
    tiles = plugins.method(f"onnx:{path},at_fixed=tile").load("cpu")(visible, hole, [0, 1])
    assert isinstance(tiles, Completion)
    assert tiles.notes[0] == {"tiles": "16x16"}
    same = plugins.method(f"onnx:{path}").load("cpu")(
        visible[..., :16, :16], hole[..., :16, :16], [0, 1]
    )
    assert torch.is_tensor(same)


def test_the_mask_may_come_first_in_a_file(tmp_path: Path) -> None:
    class MaskFirst(Small):
        def forward(self, mask: torch.Tensor, image: torch.Tensor) -> torch.Tensor:
            return super().forward(image, mask)

    image, mask = pair()
    axes = {0: "batch", 2: "height", 3: "width"}
    dynamic = {"dynamic_axes": {"b": axes, "a": axes}}
    one = export(MaskFirst(), tmp_path / "f.onnx", mask, image, input_names=["a", "b"], **dynamic)
    two = export(Small(), tmp_path / "n.onnx", image, mask, input_names=["b", "a"], **dynamic)
    visible, hole = example()
    made = [plugins.method(f"onnx:{p}").load("cpu")(visible, hole, [0, 1]) for p in (one, two)]
    assert torch.allclose(*made)  # type: ignore[arg-type]


def test_bytes_in_and_out(tmp_path: Path) -> None:
    class Bytes(torch.nn.Module):
        def forward(self, image: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
            keep = (mask > 127).to(torch.uint8)
            return image * keep + 50 * (1 - keep)

    tensors = tuple(t.to(torch.uint8) for t in pair())
    axes = {0: "batch", 2: "height", 3: "width"}
    path = export(
        Bytes(), tmp_path / "b.onnx", *tensors, input_names=["image", "mask"],
        dynamic_axes={"image": axes, "mask": axes},
    )  # fmt: skip
    with pytest.raises(RequestError, match=r"8-bit images: give value_range=0\.\.255"):
        plugins.method(f"onnx:{path}").load("cpu")
    made = plugins.method(f"migan-pipeline:{path}").load("cpu")(*example(), [0, 1])
    hole = example()[1].expand(-1, 3, -1, -1)
    assert torch.is_tensor(made)
    assert (made[hole] * 255).round().unique().tolist() == [50]


def test_weights_beside_an_onnx_file_are_part_of_it(tmp_path: Path) -> None:
    path = tmp_path / "n.onnx"
    path.write_bytes(b"graph")
    before = plugins.method(f"onnx:{path}").assets()  # type: ignore[attr-defined]
    (tmp_path / "n.onnx.data").write_bytes(b"weights")
    after = plugins.method(f"onnx:{path}").assets()  # type: ignore[attr-defined]
    assert set(after) - set(before) == {"data"}


def test_a_network_of_other_inputs_says_what_it_takes(tmp_path: Path) -> None:
    path = export(Small(), tmp_path / "n.onnx", *pair())
    with pytest.raises(RequestError, match="takes two: give inputs=pair"):
        plugins.method(f"onnx:{path},inputs=stack").load("cpu")
