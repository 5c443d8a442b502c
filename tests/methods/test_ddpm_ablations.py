"""Ablations of the U-Net and of what it predicts: off, nothing changes; on, only what they say."""

from __future__ import annotations

import copy
import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from bench.api import RequestError
from bench.api.seeds import torch_stream
from methods.common.distributed import Process
from methods.common.images import FixedImages
from methods.common.initial import initialise
from methods.common.training import Plan
from methods.ddpm import DDPM
from methods.ddpm.blocks import Attention, UNetConfig
from methods.ddpm.checkpoint import export, load_own
from methods.ddpm.diffusion import predict_x0, q_sample, split
from methods.ddpm.precision import prepared
from methods.ddpm.prediction import AsEps, as_eps, eps_output, target
from methods.ddpm.pretrained import SHIPPED, settings
from methods.ddpm.recipes import TrainingConfig
from methods.ddpm.samplers.options import Repaint
from methods.ddpm.samplers.repaint import evaluations
from methods.ddpm.schedule import cosine, linear
from methods.ddpm.train import DenoisingTrainee, train
from methods.ddpm.unet import UNet
from tests.benchmarks.ablations import SETTINGS, VARIANTS, Setting, configured, parameters
from tests.benchmarks.ablations_table import load, over_trainings, table
from tests.benchmarks.resampling import steps_for, walks

TINY = UNetConfig(
    size=16,
    in_channels=1,
    out_channels=2,
    channels=16,
    multipliers=(1, 2),
    blocks=1,
    attention=(8,),
    head_channels=16,
    groups=4,
)
ABLATIONS = ("skips", "self_attention", "time_embedding", "prediction")
LEFT_OUT = ({"skips": False}, {"self_attention": False}, {"time_embedding": False})


def normal(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch_stream(seed))


def network(**changes: object) -> UNet:
    made = UNet(dataclasses.replace(TINY, **changes)).eval().requires_grad_(False)  # type: ignore[arg-type]
    initialise(made, 0)
    for number, parameter in enumerate(made.parameters()):
        if not parameter.any():  # blocks that start as the identity would hide mistakes
            parameter.copy_(0.05 * normal(*parameter.shape, seed=number))
    return made


def names(made: UNet) -> set[str]:
    return set(made.state_dict())


def test_files_say_nothing_of_ablations_that_are_off(tmp_path: Path) -> None:
    assert not set(TINY.written()) & set(ABLATIONS)
    assert dataclasses.replace(TINY, skips=False).written() == {**TINY.written(), "skips": False}
    for file in SHIPPED.values():
        stated = settings(file)["unet"]
        loaded, _ = load_own(file)
        assert loaded.config.written() == stated
        assert not set(stated) & set(ABLATIONS)


@pytest.mark.parametrize("changes", [*LEFT_OUT, {"prediction": "x0"}, {"scale_shift": False}])
def test_exported_weights_rebuild_the_ablated_network(
    tmp_path: Path, changes: dict[str, object]
) -> None:
    made = network(**changes)
    export(tmp_path / "own.safetensors", made, "cosine", {})
    loaded, _ = load_own(tmp_path / "own.safetensors")
    assert loaded.config == made.config
    x, t = normal(2, 1, 16, 16), torch.tensor([3, 700])
    assert torch.allclose(loaded(x, t), made(x, t), atol=5e-3)


def test_without_skips_the_encoder_s_outputs_reach_the_decoder_through_the_middle_alone() -> None:
    whole, cut = network(), network(skips=False)
    x, t = normal(1, 1, 16, 16), torch.tensor([10])
    for made, reached in ((whole, True), (cut, False)):
        made.middle_block.register_forward_hook(lambda *_: torch.zeros(1, 32, 8, 8))
        differs = not torch.equal(made(x, t), made(normal(1, 1, 16, 16, seed=9), t))
        assert differs == reached
    assert names(cut) <= names(whole)


def test_without_self_attention_a_pixel_sees_no_farther_than_the_convolutions() -> None:
    assert not any(isinstance(m, Attention) for m in network(self_attention=False).modules())
    assert sum(isinstance(m, Attention) for m in network().modules()) == 4


def test_without_the_time_embedding_t_does_not_matter() -> None:
    x, early, late = normal(1, 1, 16, 16), torch.tensor([1]), torch.tensor([900])
    blind, told = network(time_embedding=False), network()
    assert torch.equal(blind(x, early), blind(x, late))
    assert not torch.allclose(told(x, early), told(x, late), atol=1e-4)
    assert not any("emb" in name for name in names(blind))


def test_a_class_is_embedded_without_the_time() -> None:
    made = network(time_embedding=False, classes=3)
    x, t = normal(1, 1, 16, 16), torch.tensor([1])
    first, second = (made(x, t, torch.tensor([label])) for label in (0, 1))
    assert not torch.allclose(first, second, atol=1e-5)


@pytest.mark.parametrize("changes", [*LEFT_OUT, {"scale_shift": False}])
def test_the_network_prepared_for_inference_computes_the_same(changes: dict[str, object]) -> None:
    made = network(**changes)
    fast = prepared(copy.deepcopy(made), "cpu", "fp32")
    x, t = normal(2, 1, 16, 16), torch.tensor([3, 700])
    expected = made(x, t)
    assert expected.std() > 0.01
    assert torch.allclose(fast(x, t), expected, atol=1e-5 * float(expected.abs().max()))


def test_v_is_salimans_and_hos() -> None:
    schedule = linear()
    x0, noise = torch.full((1, 1, 1, 1), 0.5), torch.full((1, 1, 1, 1), -2.0)
    abar = float(schedule.alpha_bar[400])
    computed = target("v", schedule, x0, 400, noise)
    assert computed.item() == pytest.approx(-2.0 * abar**0.5 - 0.5 * (1 - abar) ** 0.5)
    assert torch.equal(target("x0", schedule, x0, 400, noise), x0)
    assert torch.equal(target("eps", schedule, x0, 400, noise), noise)


@pytest.mark.parametrize("kind", ["eps", "x0", "v"])
@pytest.mark.parametrize("channels", [1, 2])
def test_the_right_prediction_is_turned_into_the_noise(kind: str, channels: int) -> None:
    schedule = cosine()
    x0, noise = normal(3, 1, 4, 4), normal(3, 1, 4, 4, seed=1)
    t = torch.tensor([5, 400, 990])
    xt = q_sample(schedule, x0, t, noise)
    right = target(kind, schedule, x0, t, noise)
    variance = normal(3, 1, 4, 4, seed=2)
    output = right if channels == 1 else torch.cat([right, variance], dim=1)
    eps, rest = split(eps_output(kind, schedule, xt, t, output), 1)
    assert torch.allclose(eps, noise, atol=1e-4)
    assert rest is None if channels == 1 else torch.equal(rest, variance)  # type: ignore[arg-type]
    computed = predict_x0(schedule, xt, t, eps, clamp=False)
    # Where almost no image is left, float32 noise says little of it.
    assert torch.allclose(computed[:2], x0[:2], atol=1e-4)


def test_a_network_of_x0_answers_samplers_with_the_noise_of_its_original_step() -> None:
    schedule, made = cosine(), network(prediction="x0")
    assert as_eps(made, "eps", schedule) is made
    x, step = normal(2, 1, 16, 16), torch.tensor([99, 99])
    answered = AsEps(made, "x0", schedule)(x, step)
    x0 = predict_x0(schedule, x, 100, answered[:, :1], clamp=False)
    assert torch.allclose(x0, made(x, step)[:, :1], atol=1e-4)


@pytest.mark.parametrize("kind", ["eps", "x0", "v"])
@pytest.mark.parametrize("learned", [True, False])
def test_the_loss_falls_whatever_is_predicted(kind: str, learned: bool) -> None:
    unet = dataclasses.replace(TINY, out_channels=2 if learned else 1, prediction=kind)
    config = TrainingConfig(unet, batch=16, warmup=5, learning_rate=3e-3)
    trainee = DenoisingTrainee(config, halves(), (), Process(), 0)
    losses = [float(trainee.step(step)["loss"].detach()) for step in range(60)]
    assert sum(losses[-10:]) < 0.6 * sum(losses[:10])


def test_a_trained_network_of_v_fills_holes(tmp_path: Path) -> None:
    unet = dataclasses.replace(TINY, prediction="v", skips=False)
    config = TrainingConfig(unet, batch=4)
    plan = Plan(2, sample_every=2)
    path = train(config, halves(), tmp_path, steps=2, plan=plan, report=lambda line: None)
    assert (tmp_path / "samples" / "00000002.png").is_file()
    method = DDPM(Repaint(steps=2), path=path)
    hole = torch.ones(1, 1, 16, 16, dtype=torch.bool)
    made = method.load("cpu")(torch.zeros(1, 3, 16, 16), hole, [0]).image  # type: ignore[union-attr]
    assert torch.isfinite(made).all()


def test_a_run_of_before_there_were_ablations_is_resumed() -> None:
    identity = DenoisingTrainee(TrainingConfig(TINY), halves(), (), Process(), 0).identity()
    unet = identity["unet"]
    assert isinstance(unet, dict)
    assert set(unet) == {f.name for f in dataclasses.fields(UNetConfig)} - set(ABLATIONS)


@pytest.mark.parametrize("setting", SETTINGS.values(), ids=list(SETTINGS))
def test_the_compared_networks_have_equal_parameters_to_within_5_percent(setting: Setting) -> None:
    counts = {v.name: parameters(configured(setting, v, 1).unet) for v in VARIANTS}
    assert len(counts) == 9
    assert all(abs(n / counts["baseline"] - 1) < 0.05 for n in counts.values()), counts


def test_the_table_has_the_baseline_first_and_ratios_to_it(tmp_path: Path) -> None:
    told = {"question": "?", "parameters": 1000, "alpha_bar": [0.9, 0.1]}
    for name, seed, scale in (("a part less", 0, 2), ("baseline", 1, 1), ("baseline", 0, 1)):
        folder = tmp_path / name.replace(" ", "-") / f"seed-{seed}"
        folder.mkdir(parents=True)
        loss = [[0.1 * scale, 0.2 * scale], [0.4 * scale, 0.8 * scale]]
        scores = {"variant": name, "seed": seed, "loss": loss, "lpips": [0.1 * scale, 0.3], **told}
        (folder / "scores.json").write_text(json.dumps(scores))
    lines = table(load(tmp_path))
    names = [line.split(" | ")[0] for line in lines[2:]]
    assert names == ["| baseline", "| baseline, seed 1", "| a part less"]
    assert "| 1.000 [1.000, 1.000] |" in lines[3]
    assert "| 2.000 [2.000, 2.000] |" in lines[4]
    assert "| +0.0500 [+0.0000, +0.1000] |" in lines[4]
    with pytest.raises(SystemExit, match="no scores of the baseline yet"):
        load(tmp_path / "a-part-less")


def test_an_interval_over_trainings_pairs_the_seeds() -> None:
    """Differences .1, .2, .3: mean .2, standard error .1 / sqrt 3, t with 2 degrees 4.3027."""
    means = {"baseline": (0.3, 0.5, 0.1), "worse": (0.4, 0.7, 0.4), "twice": (0.1, 0.1)}
    networks = [
        {"variant": variant, "seed": seed, "lpips": [mean, mean]}
        for variant, of_seed in means.items()
        for seed, mean in enumerate(of_seed)
    ]
    lines = over_trainings(networks)
    assert lines[2:] == ["| worse | +0.1000, +0.2000, +0.3000 | +0.2000 [-0.0484, +0.4484] |"]
    assert over_trainings(networks[:5]) == []


def test_walks_of_resampling_cost_the_same_to_within_a_tenth() -> None:
    costs = [evaluations(w.steps, w.jump_length, w.jump_samples) for w in walks(100)]
    assert len(costs) == 13
    assert all(90 <= cost <= 110 for cost in costs)
    assert steps_for(100, 1, 1) == 100


def test_an_unknown_prediction_is_refused() -> None:
    with pytest.raises(RequestError, match="prediction='noise'; allowed: eps, x0, v"):
        dataclasses.replace(TINY, prediction="noise")


def halves() -> FixedImages:
    """Two images: the left or the right half is white."""
    pixels = np.zeros((2, 16, 16), dtype=np.uint8)
    pixels[0, :, :8] = pixels[1, :, 8:] = 255
    return FixedImages(pixels, flip=False)
