"""The method glcic: exact rewrites, no peeking, blending, choices and refusals."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import torch

from bench.api import RequestError
from bench.api.imaging import composite, hide
from methods.glcic import GLCIC
from methods.glcic.blend import blend_completion
from methods.glcic.checkpoint import recommended_blend, save_generator
from methods.glcic.completer import choose_weights
from methods.glcic.inference import FastGenerator
from methods.glcic.networks import Generator, GeneratorConfig, generator_input, initialise

MEAN = (0.2, 0.5, 0.7)


def lively(**changes) -> Generator:
    """A small generator whose norms have statistics, as after training."""
    network = initialise(Generator(GeneratorConfig(width=8, mean=MEAN, **changes)), 0).eval()
    stream = torch.Generator().manual_seed(3)
    for norm in network.norms:
        for buffer in (norm.running_mean, norm.bias.data):
            buffer.uniform_(-0.2, 0.2, generator=stream)
        norm.running_var.uniform_(0.5, 2, generator=stream)
    return network


def batch(n: int = 2, side: int = 32) -> tuple[torch.Tensor, torch.Tensor]:
    stream = torch.Generator().manual_seed(4)
    hole = torch.rand(n, 1, side, side, generator=stream) < 0.3
    hole[:, :, side // 4 : side // 2, side // 4 : side // 2] = True
    return torch.rand(n, 3, side, side, generator=stream), hole


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"skips": False},
        {"order": "conv-relu-bn", "skips": False},
        {"output": "clamp", "skips": False},
    ],
)
def test_the_fast_network_is_the_network(changes):
    network = lively(**changes)
    target, hole = batch()
    visible = hide(target, hole)
    signed = network.config.output == "clamp"
    mean = torch.tensor(MEAN)
    if signed:
        inputs = generator_input(visible * 2 - 1, hole, mean * 2 - 1)
        expected = (network(inputs) + 1) / 2
    else:
        expected = network(generator_input(visible, hole, mean))
    with torch.inference_mode():
        fast = FastGenerator(network)(visible, hole)
        rough = FastGenerator(network, torch.bfloat16)(visible, hole)
    for computed, tolerance in ((fast, 1e-5), (rough, 0.05)):
        assert torch.allclose(
            composite(target, computed, hole), composite(target, expected, hole), atol=tolerance
        )
    assert not torch.equal(rough, fast)


@pytest.mark.parametrize(("top", "left"), [(0, 0), (28, 40), (30, 57), (61, 3)])
@pytest.mark.parametrize("skips", [True, False])
def test_decoding_around_the_hole_is_exact(skips, top, left):
    network = lively(skips=skips)
    target, _ = batch(1, 64)
    hole = torch.zeros(1, 1, 64, 64, dtype=torch.bool)
    hole[..., top : top + 3, left : left + 7] = True
    visible = hide(target, hole)
    expected = network(generator_input(visible, hole, torch.tensor(MEAN)))
    with torch.inference_mode():
        computed = FastGenerator(network)(visible, hole)
    inside = hole.expand_as(computed)
    assert torch.allclose(computed[inside], expected[inside], atol=1e-5)
    assert (computed != visible).any()


def test_a_checkpoint_without_mean_cannot_fill_holes():
    with pytest.raises(RequestError, match="mean colour"):
        FastGenerator(Generator(GeneratorConfig(width=4)))


@pytest.fixture
def weights(tmp_path):
    path = tmp_path / "small.safetensors"
    save_generator(path, lively(), {})
    return path


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize("blend", ["none", "poisson"])
def test_rows_depend_on_themselves_and_not_on_hidden_pixels(weights, precision, blend):
    inpaint = GLCIC(path=weights, precision=precision, blend=blend).load("cpu")
    target, hole = batch(3)
    visible = hide(target, hole)
    whole = inpaint(visible, hole, [1, 2, 3]).image
    assert whole.dtype == torch.float32
    assert whole.shape == target.shape
    assert bool(((whole >= 0) & (whole <= 1)).all())
    for i in range(3):
        alone = inpaint(visible[i : i + 1], hole[i : i + 1], [9]).image
        assert torch.equal(alone[0], whole[i])


@pytest.mark.parametrize("blend", ["none", "poisson"])
def test_pixels_under_the_hole_are_not_looked_at(weights, blend):
    inpaint = GLCIC(path=weights, precision="fp32", blend=blend).load("cpu")
    target, hole = batch(1)
    first = inpaint(hide(target, hole), hole, [0]).image
    assert torch.equal(inpaint(target, hole, [0]).image, first)
    assert torch.equal(inpaint(torch.where(hole, 1.0, target), hole, [0]).image, first)


def seam_energy(image: torch.Tensor, hole: torch.Tensor) -> float:
    """Mean squared jump between neighbours across the hole's boundary."""
    total, count = 0.0, 0
    for axis in (1, 2):
        jump = image.diff(dim=axis).square().mean(dim=0)
        crosses = hole[0].int().diff(dim=axis - 1) != 0
        total, count = total + float(jump[crosses].sum()), count + int(crosses.sum())
    return total / count


def test_poisson_blending_lowers_the_seam_and_keeps_known_pixels():
    side = 32
    ramp = torch.linspace(0.2, 0.8, side).expand(3, side, side).contiguous()
    hole = torch.zeros(1, side, side, dtype=torch.bool)
    hole[:, 8:24, 8:24] = True
    texture = 0.05 * torch.sin(torch.arange(side) * 1.5)[None, :, None]
    completed = (ramp + 0.25 + texture).clamp(0, 1)  # right gradients, wrong brightness
    visible = hide(ramp[None], hole[None])[0]
    blended = blend_completion(completed, visible, hole)
    before = composite(ramp, completed, hole)
    after = composite(ramp, blended, hole)
    assert seam_energy(after, hole) < 0.2 * seam_energy(before, hole)
    assert torch.equal(blended[~hole.expand(3, -1, -1)], ramp[~hole.expand(3, -1, -1)])
    inside = (slice(None), slice(12, 20), slice(12, 20))
    computed, expected = after[inside].diff(dim=1), completed[inside].diff(dim=1)
    assert np.allclose(computed, expected, atol=0.02)


def test_thin_and_bordering_holes_blend():
    target, _ = batch(1, 16)
    hole = torch.zeros(1, 16, 16, dtype=torch.bool)
    hole[:, 3, :] = True  # one pixel wide: all of it is ring
    hole[:, :, 12:] = True  # reaches the border, which is free
    blended = blend_completion(target[0], hide(target, hole[None])[0], hole)
    assert bool(torch.isfinite(blended).all())


def test_auto_takes_the_weights_of_the_size():
    names = ["fashion-mnist-32", "photos-64"]
    assert choose_weights(names, 32, 32) == "fashion-mnist-32"
    assert choose_weights(names, 64, 64) == "photos-64"
    assert choose_weights(names, 32, 64) == "photos-64"
    assert choose_weights(["path"], 32, 32) == "path"


def test_blend_auto_is_the_recipes(tmp_path):
    target, hole = batch(1)
    outputs = {}
    for recipe in ("none", "poisson"):
        path = tmp_path / f"{recipe}.safetensors"
        save_generator(path, lively(), {"recipe": {"blend": recipe}})
        assert recommended_blend(path) == recipe
        auto = GLCIC(path=path).load("cpu")(hide(target, hole), hole, [0]).image
        asked = GLCIC(path=path, blend=recipe).load("cpu")(hide(target, hole), hole, [0]).image
        assert torch.equal(auto, asked)
        outputs[recipe] = auto
    assert not torch.equal(outputs["none"], outputs["poisson"])
    assert recommended_blend(tmp_path / "model_cn_step400000") == "poisson"


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"weights": "faces"}, "weights='faces' is not one of auto"),
        ({"blend": "alpha"}, "blend='alpha'"),
        ({"precision": "int8"}, "precision='int8'"),
    ],
)
def test_unknown_choices_are_refused(parameters, message):
    with pytest.raises(RequestError, match=message):
        GLCIC(**parameters)


def test_weights_and_path_exclude_each_other(weights):
    with pytest.raises(RequestError, match="give one"):
        GLCIC(weights="photos-64", path=weights)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(RequestError, match="absent"):
        GLCIC(path=tmp_path / "absent.pth").load("cpu")


def test_assets_are_contents_not_paths(weights, tmp_path):
    moved = tmp_path / "elsewhere" / "renamed.safetensors"
    moved.parent.mkdir()
    moved.write_bytes(weights.read_bytes())
    assert GLCIC(path=weights).assets() == GLCIC(path=moved).assets()
    save_generator(moved, lively(skips=False), {})
    assert GLCIC(path=weights).assets() != GLCIC(path=moved).assets()


def test_glcic_pytorchs_config_counts_as_an_asset(tmp_path):
    path = tmp_path / "model_cn_step1"
    torch.save({"conv1.weight": torch.zeros(1)}, path)
    assert set(GLCIC(path=path).assets()) == {"path"}
    (tmp_path / "config.json").write_text('{"mpv": [0.5, 0.5, 0.5]}')
    assert set(GLCIC(path=path).assets()) == {"path", "config"}


def test_importing_the_method_imports_nothing_heavy():
    heavy = "[m for m in ('torch', 'cv2', 'scipy') if m in sys.modules]"
    code = f"import sys, methods.glcic; print({heavy})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
