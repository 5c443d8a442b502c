"""GLCIC's losses, worked by hand."""

from __future__ import annotations

import math

import pytest
import torch

from methods.glcic.losses import (
    adversarial_loss,
    discriminator_loss,
    feature_matching_loss,
    reconstruction_loss,
)


@pytest.mark.parametrize(("kind", "expected"), [("mse", 0.25), ("l1", 0.5)])
def test_reconstruction_counts_hole_pixels_only(kind, expected):
    target = torch.zeros(1, 3, 4, 4)
    output = torch.full_like(target, 9.0)
    hole = torch.zeros(1, 1, 4, 4, dtype=torch.bool)
    hole[..., :2, :2] = True
    output[..., :2, :2] = 0.5
    assert float(reconstruction_loss(output, target, hole, kind)) == pytest.approx(expected)


def test_cross_entropy_is_the_papers():
    real, fake = torch.tensor([2.0]), torch.tensor([-1.0])
    d_real, d_fake = 1 / (1 + math.exp(-2)), 1 / (1 + math.exp(1))
    expected = -math.log(d_real) - math.log(1 - d_fake)
    assert float(discriminator_loss(real, fake, "bce")) == pytest.approx(expected)
    assert float(adversarial_loss(fake, "bce")) == pytest.approx(-math.log(d_fake))


def test_hinge():
    real, fake = torch.tensor([2.0, 0.5]), torch.tensor([-3.0, 0.0])
    assert float(discriminator_loss(real, fake, "hinge")) == pytest.approx(0.25 + 0.5)
    assert float(adversarial_loss(fake, "hinge")) == pytest.approx(1.5)


def test_feature_matching_sends_no_gradient_to_the_true_images_maps():
    fake = [torch.zeros(1, 2, 2, 2, requires_grad=True), torch.zeros(1, 1, 1, 1)]
    real = [torch.ones(1, 2, 2, 2, requires_grad=True), torch.full((1, 1, 1, 1), 3.0)]
    loss = feature_matching_loss(fake, real)
    loss.backward()
    assert float(loss.detach()) == pytest.approx(2.0)
    assert fake[0].grad is not None
    assert real[0].grad is None
