"""Exported networks: what they are given and return, other sizes than theirs, and the presets."""

from __future__ import annotations

import hashlib
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch

from bench import plugins
from bench.api import Completion, RequestError, checks
from bench.api.imaging import hide
from bench.api.seeds import NoiseStreams, derive_seed
from methods import METHODS
from methods.exported.conventions import Conventions
from methods.exported.published import Published
from methods.exported.sizes import resized, tiled
from tests.faults.running import go, make_runs

PRESETS = sorted(
    n for n, target in METHODS.items() if target.startswith("methods.exported.presets")
)
IN_ONNX = {"lama-onnx", "lama-opencv", "lama-dilated", "lama-stacked", "migan-pipeline"}


class Small(torch.nn.Module):
    """A network of a few convolutions, called with (image, mask)."""

    def __init__(self) -> None:
        super().__init__()
        first, last = torch.nn.Conv2d(4, 8, 3, padding=1), torch.nn.Conv2d(8, 3, 3, padding=1)
        for k, layer in enumerate((first, last)):
            shape = layer.weight.shape
            stream = NoiseStreams([derive_seed("small", k)])
            layer.weight = torch.nn.Parameter(stream.uniform(shape)[0] * 0.2 - 0.1)
            torch.nn.init.zeros_(layer.bias)  # type: ignore[arg-type]
        self.layers = torch.nn.Sequential(first, torch.nn.Tanh(), last, torch.nn.Sigmoid())

    def forward(self, image: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        return self.layers(torch.cat([image * (1 - mask), mask], 1))


class Stacked(Small):
    def forward(self, both: torch.Tensor) -> torch.Tensor:  # type: ignore[override]
        return self.layers(both)


class Asked:
    """Records what it is called with, and returns an image of one level."""

    def __init__(self, level: float) -> None:
        self.level, self.tensors = level, ()

    def __call__(self, *tensors: torch.Tensor) -> torch.Tensor:
        self.tensors = tensors
        return torch.full((len(tensors[0]), 3, *tensors[0].shape[-2:]), self.level)


def save(network: torch.nn.Module, path: Path, *examples: torch.Tensor) -> Path:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # TorchScript is deprecated, not gone
        torch.jit.save(torch.jit.trace(network.eval(), examples), str(path))
    return path


def export(network: torch.nn.Module, path: Path, *examples: torch.Tensor, **more: object) -> Path:
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter without dynamo is deprecated, not gone
        torch.onnx.export(network.eval(), examples, str(path), dynamo=False, **more)  # type: ignore[arg-type]
    return path


def pair(side: int = 32) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.zeros(1, 3, side, side), torch.zeros(1, 1, side, side)


def example(height: int = 40, width: int = 56) -> tuple[torch.Tensor, torch.Tensor]:
    image = NoiseStreams([1, 2]).uniform((3, height, width))
    hole = torch.zeros(2, 1, height, width, dtype=torch.bool)
    hole[:, :, 10:30, 16:40] = True
    return hide(image, hole), hole


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


def test_a_network_of_other_inputs_says_what_it_takes(tmp_path: Path) -> None:
    path = export(Small(), tmp_path / "n.onnx", *pair())
    with pytest.raises(RequestError, match="takes two: give inputs=pair"):
        plugins.method(f"onnx:{path},inputs=stack").load("cpu")
