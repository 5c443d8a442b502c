"""GLCIC's training: phases, separation of gradients, what the discriminators see, resumption."""

from __future__ import annotations

import copy
import dataclasses

import pytest
import torch

from bench.api import RequestError
from bench.api.seeds import torch_stream
from masks import MASKS
from methods.common.distributed import Process
from methods.common.training import Plan, fit
from methods.glcic import phases as training
from methods.glcic.calibration import calibrate
from methods.glcic.checkpoint import load_generator
from methods.glcic.discriminators import local_crop
from methods.glcic.phases import phase_of
from methods.glcic.train import CONFIGS, TrainConfig, train
from methods.glcic.trainee import Glcic

TINY = TrainConfig(
    size=16,
    width=4,
    discriminator_width=4,
    discriminator_features=8,
    batch=4,
    completion=2,
    discrimination=2,
    joint=3,
    alpha=0.1,
)


class Noise:
    """Random images, a pure function of the seed."""

    def batch(self, seed: int, n: int) -> torch.Tensor:
        return torch.rand(n, 3, 16, 16, generator=torch_stream(seed))


class Corner:
    """A box at the border."""

    name = "corner"
    version = "1"

    def __call__(self, height: int, width: int, seed: int) -> torch.Tensor:
        hole = torch.zeros(1, height, width, dtype=torch.bool)
        hole[:, : height // 2, width // 2 :] = True
        return hole


class Scattered:
    """Scattered pixels, as strokes leave them."""

    name = "scattered"
    version = "1"

    def __call__(self, height: int, width: int, seed: int) -> torch.Tensor:
        hole = torch.rand(1, height, width, generator=torch_stream(seed)) < 0.1
        hole[:, 3, 5] = True
        return hole


HOLES = (Corner(), Scattered())


def model(**changes) -> Glcic:
    return Glcic(dataclasses.replace(TINY, **changes), Noise(), HOLES, Process())


def weights(network: torch.nn.Module) -> dict[str, torch.Tensor]:
    return {name: p.detach().clone() for name, p in network.named_parameters()}


def changed(before: dict[str, torch.Tensor], network: torch.nn.Module) -> bool:
    return any(not torch.equal(before[name], p) for name, p in network.named_parameters())


@pytest.mark.parametrize(
    ("step", "name", "generator", "discriminator"),
    [(0, "completion", True, False), (2, "discrimination", False, True), (4, "joint", True, True)],
)
def test_each_phase_trains_its_networks(step, name, generator, discriminator):
    subject = model()
    before = weights(subject.generator), weights(subject.discriminator)
    assert phase_of(step, TINY).name == name
    losses = subject.step(step)
    assert changed(before[0], subject.generator) == generator
    assert changed(before[1], subject.discriminator) == discriminator
    assert all(bool(torch.isfinite(loss)) for loss in losses.values())


def test_phases_change_at_their_lengths():
    names = [phase_of(step, TINY).name for step in range(TINY.steps)]
    assert names == ["completion"] * 2 + ["discrimination"] * 2 + ["joint"] * 3
    with pytest.raises(IndexError):
        phase_of(TINY.steps, TINY)


@pytest.mark.parametrize("norm", ["batch", "spectral"])
def test_generators_step_leaves_no_gradient_in_the_discriminators(norm):
    subject = model(feature_matching=1.0, discriminator_norm=norm)
    batch = subject.batch(0)
    training.update_generator(subject, batch, subject.complete(batch))
    assert all(p.grad is None for p in subject.discriminator.parameters())
    assert all(p.requires_grad for p in subject.discriminator.parameters())
    assert all(p.grad is not None for p in subject.generator.parameters())


def test_adversarial_loss_reaches_the_generator():
    subject = model(alpha=1.0)
    plain = model(alpha=0.0)
    batch = subject.batch(0)
    for one in (subject, plain):
        training.update_generator(one, batch, one.complete(batch))
    pairs = zip(subject.generator.parameters(), plain.generator.parameters(), strict=True)
    assert any(not torch.allclose(a.grad, b.grad) for a, b in pairs)


def test_discriminators_gradients_are_cleared_before_their_step():
    subject, clean = model(), model()
    for parameter in subject.discriminator.parameters():
        parameter.grad = torch.full_like(parameter, 1e3)
    for one in (subject, clean):
        training.discrimination_step(one, one.batch(0))
    pairs = zip(subject.discriminator.parameters(), clean.discriminator.parameters(), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)


def test_discriminators_see_composed_images_and_the_crop_around_the_hole(monkeypatch):
    subject = model()
    seen = []
    original = subject.discriminator.forward

    def spy(image, crop):
        seen.append((image.detach().clone(), crop.detach().clone()))
        return original(image, crop)

    monkeypatch.setattr(subject.discriminator, "forward", spy)
    batch = subject.batch(0)
    training.joint_step(subject, batch)
    (both, both_crops), (fakes, fake_crops) = seen
    real, composited = both.chunk(2)
    assert batch.hole[:, 0].flatten(1).sum(dim=1).unique().numel() > 1  # both kinds of holes
    hole = batch.hole.expand_as(real)
    assert torch.equal(real, batch.target)
    for images, crops in ((composited, both_crops[4:]), (fakes, fake_crops)):
        assert torch.equal(images[~hole], batch.target[~hole])
        assert not torch.equal(images[hole], batch.target[hole])
        assert torch.equal(crops, local_crop(images, batch.hole))
    assert crops.shape[-2:] == (8, 8)


def test_killed_and_resumed_training_ends_with_the_same_bytes(tmp_path):
    whole, parted = tmp_path / "whole", tmp_path / "parted"
    config = dataclasses.replace(TINY, optimiser="adam", learning_rate=1e-3, decay=3)
    quiet = {"report": lambda line: None, "holes": HOLES}
    train(config, Noise(), whole, **quiet)
    for steps in (1, 3, 6, 7):
        train(config, Noise(), parted, steps=steps, **quiet)
    name = "weights.safetensors"
    assert (whole / name).read_bytes() == (parted / name).read_bytes()
    kept = [torch.load(d / "checkpoint.pt", weights_only=True)["parts"] for d in (whole, parted)]
    assert str(kept[0]) == str(kept[1])


def test_calibration_measures_the_statistics_of_the_weights_it_is_given():
    subject = model()
    network = subject.averaged()
    weights = {k: v.clone() for k, v in network.named_parameters()}
    inputs = [subject.batch(step).inputs for step in (0, 1)]
    calibrate(network, inputs)
    norm = network.norms[0]
    with torch.no_grad():
        maps = [network.convs[0](x) for x in inputs]
    mean = torch.stack([m.mean(dim=(0, 2, 3)) for m in maps]).mean(0)
    var = torch.stack([m.var(dim=(0, 2, 3)) for m in maps]).mean(0)
    torch.testing.assert_close(norm.running_mean, mean)
    torch.testing.assert_close(norm.running_var, var)
    assert not network.training
    assert norm.momentum == 0.1
    assert all(torch.equal(weights[k], v) for k, v in network.named_parameters())


def test_shipped_statistics_are_those_of_the_average_not_of_the_last_step(tmp_path):
    config = dataclasses.replace(TINY, learning_rate=1e-2, optimiser="adam")
    weights = train(config, Noise(), tmp_path, holes=HOLES, report=lambda line: None)
    shipped = load_generator(weights).norms[1]
    subject = model()
    last = torch.load(tmp_path / "checkpoint.pt", weights_only=True)["parts"]["ema"]
    subject.averaged().load_state_dict(last)
    subject.config = config
    subject.calibrate()
    assert not torch.allclose(shipped.running_mean, last["norms.1.running_mean"], atol=1e-3)
    torch.testing.assert_close(
        shipped.running_mean, subject.averaged().norms[1].running_mean, atol=1e-3, rtol=1e-2
    )


def test_trained_weights_load_with_their_mean_colour(tmp_path):
    weights = train(TINY, Noise(), tmp_path, holes=HOLES, report=lambda line: None)
    network = load_generator(weights)
    assert network.config.mean == pytest.approx((0.5, 0.5, 0.5), abs=0.02)
    assert network.config.width == 4


def test_a_run_begins_with_the_generator_it_is_given(tmp_path):
    quiet = {"holes": HOLES, "report": lambda line: None}
    start = train(TINY, Noise(), tmp_path / "first", **quiet)
    initial = load_generator(start)
    # The discriminators' phase alone leaves the generator as it is.
    config = dataclasses.replace(TINY, completion=0)
    begun = load_generator(
        train(config, Noise(), tmp_path / "second", steps=1, start=start, **quiet)
    )
    for name, parameter in initial.named_parameters():
        assert torch.equal(parameter, begun.get_parameter(name))
    assert begun.config == initial.config
    with pytest.raises(RequestError, match="start="):
        train(config, Noise(), tmp_path / "second", steps=2, **quiet)
    wider = dataclasses.replace(TINY, width=8)
    with pytest.raises(RequestError, match="give weights of this recipe"):
        train(wider, Noise(), tmp_path / "third", start=start, **quiet)


def test_another_recipe_in_the_same_folder_is_refused(tmp_path):
    subject = model()
    fit(subject, Plan(steps=1), tmp_path, Process(), report=lambda line: None)
    other = dataclasses.replace(TINY, alpha=0.5)
    with pytest.raises(RequestError, match=r"alpha=0\.1 \(now 0\.5\)"):
        train(other, Noise(), tmp_path, holes=HOLES, report=lambda line: None)


def test_a_grid_shows_inputs_outputs_and_originals():
    subject = model()
    state = copy.deepcopy(subject.generator.state_dict())
    images = subject.samples(0)
    assert images.shape == (24, 3, 16, 16)
    assert all(torch.equal(state[k], v) for k, v in subject.generator.state_dict().items())


def test_training_without_holes_or_in_unknown_precision_is_refused(tmp_path):
    with pytest.raises(RequestError, match="no holes"):
        train(TINY, Noise(), tmp_path, holes=[])
    with pytest.raises(RequestError, match="precision='fp8'"):
        train(TINY, Noise(), tmp_path, holes=HOLES, precision="fp8")


def test_recipes_name_mask_generators():
    for config in CONFIGS.values():
        assert all(name in MASKS for name in config.holes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"size": 20}, "size=20"),
        ({"completion": -1}, "completion=-1"),
        ({"batch": 1}, "batch=1"),
    ],
)
def test_impossible_recipes_are_refused(changes, message):
    with pytest.raises(RequestError, match=message):
        dataclasses.replace(TINY, **changes)


def test_the_papers_recipe_is_the_papers():
    paper = CONFIGS["paper"]
    assert (paper.completion, paper.discrimination, paper.joint) == (90_000, 10_000, 400_000)
    assert (paper.alpha, paper.batch, paper.width, paper.skips) == (4e-4, 96, 64, False)
    assert (paper.reconstruction, paper.adversarial, paper.optimiser) == ("mse", "bce", "adadelta")
