"""GLCIC trained with a perceptual loss, and on images of several sizes."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from bench.api import RequestError
from bench.api.seeds import torch_stream
from methods.common.distributed import Process
from methods.common.images import MixedSizes
from methods.glcic import phases as training
from methods.glcic.perceptual import Vgg16, load_vgg16, perceptual_loss
from methods.glcic.trainee import Glcic
from tests.methods.test_glcic_training import HOLES, TINY, Noise, model


@pytest.fixture(scope="module")
def vgg16(tmp_path_factory) -> Path:
    """A file of VGG-16's shape with random weights."""
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("vgg") / "vgg16.safetensors"
    save_file(Vgg16().state_dict(), path)
    return path


def test_vgg16_gives_the_maps_of_torchvisions_network(vgg16):
    network = load_vgg16(vgg16)
    torchvision = pytest.importorskip("torchvision")
    theirs = torchvision.models.vgg16(weights=None).features[:16].eval()
    tensors = {name.removeprefix("features."): t for name, t in load_file(vgg16).items()}
    theirs.load_state_dict(tensors)
    image = torch.rand(2, 3, 16, 24)
    x = (image - network.mean) / network.std
    for index, ours in zip((3, 8, 15), network(image), strict=True):
        torch.testing.assert_close(ours, theirs[: index + 1](x), rtol=1e-4, atol=1e-5)


def test_the_perceptual_loss_pulls_the_generator(vgg16):
    subject = model(perceptual=1.0, perceptual_weights=str(vgg16))
    plain = model()
    batch = subject.batch(0)
    losses = training.update_generator(subject, batch, subject.complete(batch))
    assert losses["perceptual"] > 0
    without = training.update_generator(plain, batch, plain.complete(batch))
    assert without["perceptual"] == 0
    pairs = zip(subject.generator.parameters(), plain.generator.parameters(), strict=True)
    assert any(not torch.equal(a, b) for a, b in pairs)
    assert all(p.grad is None for p in subject.perceptual.parameters())


def test_images_are_no_perceptual_distance_from_themselves(vgg16):
    network = load_vgg16(vgg16)
    image = torch.rand(1, 3, 16, 16)
    assert perceptual_loss(network(image), network(image)) == 0
    assert perceptual_loss(network(image), network(1 - image)) > 0


def test_a_recipe_with_a_perceptual_loss_names_its_network(tmp_path, vgg16):
    with pytest.raises(RequestError, match="without perceptual_weights"):
        dataclasses.replace(TINY, perceptual=1.0)
    other = tmp_path / "other.safetensors"
    other.write_bytes(b"no tensors")
    with pytest.raises(RequestError, match="allowed: torchvision's VGG-16"):
        model(perceptual=1.0, perceptual_weights=str(other))
    recipe = model(perceptual=1.0, perceptual_weights=str(vgg16)).identity()
    assert recipe["perceptual"] == 1.0
    assert "perceptual_weights" not in recipe
    assert "perceptual" not in model().identity()


class Large:
    """Random images of 32x32."""

    def batch(self, seed: int, n: int) -> torch.Tensor:
        return torch.rand(n, 3, 32, 32, generator=torch_stream(seed))


def test_sizes_can_be_mixed():
    source = MixedSizes((Noise(), Large()), (1, 1))
    batches = [source.batch(seed, 8) for seed in range(12)]
    assert {tuple(batch.shape) for batch in batches} == {(8, 3, 16, 16), (2, 3, 32, 32)}
    assert all(torch.equal(a, source.batch(seed, 8)) for seed, a in enumerate(batches))
    subject = Glcic(TINY, source, HOLES, Process())
    sizes = {step: subject.batch(step).hole.shape[-1] for step in range(12)}
    assert set(sizes.values()) == {16, 32}
    losses = subject.step(4 + next(k for k, size in sizes.items() if size == 32) % 3)
    assert all(bool(torch.isfinite(loss)) for loss in losses.values())
    with pytest.raises(RequestError, match="a positive share for each"):
        MixedSizes((Noise(),), (0,))
