"""GLCIC's networks: counts, shapes, receptive field, crops, spectral norm."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional

from bench.api.seeds import torch_stream
from methods.glcic.discriminators import (
    Branch,
    Discriminator,
    SpectralNorm,
    local_crop,
    strided_convolutions,
)
from methods.glcic.networks import (
    Generator,
    GeneratorConfig,
    generator_input,
    initialise,
)


def count(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def test_paper_width_without_skips_has_the_papers_parameters():
    with torch.device("meta"):
        assert count(Generator(GeneratorConfig(width=64, skips=False))) == 6_072_131


def test_skips_widen_two_convolutions_only():
    with torch.device("meta"):
        with_skips = Generator(GeneratorConfig(width=64, skips=True))
        without = Generator(GeneratorConfig(width=64, skips=False))
    assert count(with_skips) - count(without) == 9 * 128 * 128 + 9 * 64 * 32


def test_convolutions_are_those_of_the_papers_table():
    with torch.device("meta"):
        convs = Generator(GeneratorConfig(skips=False)).convs
    layers = [
        (type(c).__name__, c.in_channels, c.out_channels, *c.kernel_size[:1], *c.stride[:1],
         *c.dilation[:1])
        for c in convs
    ]  # fmt: skip
    same = ("Conv2d", 256, 256, 3, 1)
    assert layers == [
        ("Conv2d", 4, 64, 5, 1, 1),
        ("Conv2d", 64, 128, 3, 2, 1),
        ("Conv2d", 128, 128, 3, 1, 1),
        ("Conv2d", 128, 256, 3, 2, 1),
        *[(*same, dilation) for dilation in (1, 1, 2, 4, 8, 16, 1, 1)],
        ("ConvTranspose2d", 256, 128, 4, 2, 1),
        ("Conv2d", 128, 128, 3, 1, 1),
        ("ConvTranspose2d", 128, 64, 4, 2, 1),
        ("Conv2d", 64, 32, 3, 1, 1),
        ("Conv2d", 32, 3, 3, 1, 1),
    ]


@pytest.mark.parametrize("skips", [True, False])
@pytest.mark.parametrize("size", [(16, 16), (20, 36)])
def test_output_has_the_inputs_size_and_range(skips, size):
    network = initialise(Generator(GeneratorConfig(width=4, skips=skips)), 0).eval()
    out = network(torch.rand(2, 4, *size))
    assert out.shape == (2, 3, *size)
    assert bool(((out > 0) & (out < 1)).all())


def receptive_field(skips: bool, size: int = 352) -> tuple[int, int]:
    """Height and width of the input pixels that one output pixel's gradient reaches."""
    network = Generator(GeneratorConfig(width=2, skips=skips, output="clamp")).eval()
    for parameter in network.parameters():
        parameter.data.fill_(1e-2)  # positive everywhere: nothing cancels, ReLU passes all
    x = torch.zeros(1, 4, size, size, dtype=torch.float64, requires_grad=True)
    network.double()(x)[0, 0, size // 2, size // 2].backward()
    reached = x.grad[0].abs().sum(dim=0) > 0
    rows, columns = reached.any(dim=1).nonzero(), reached.any(dim=0).nonzero()
    return int(rows.max() - rows.min()) + 1, int(columns.max() - columns.min()) + 1


@pytest.mark.parametrize("skips", [True, False])
def test_receptive_field_is_about_303_pixels(skips):
    height, width = receptive_field(skips)
    assert height == width
    assert abs(height - 303) <= 4


def test_generator_input_fills_the_hole_with_the_mean():
    visible = torch.full((1, 3, 4, 4), 0.25)
    hole = torch.zeros(1, 1, 4, 4, dtype=torch.bool)
    hole[..., 1, 2] = True
    inputs = generator_input(visible, hole, torch.tensor([0.1, 0.5, 0.9]))
    assert inputs[0, :, 1, 2].tolist() == pytest.approx([0.1, 0.5, 0.9, 1])
    assert inputs[0, :, 0, 0].tolist() == pytest.approx([0.25, 0.25, 0.25, 0])


def test_initialise_depends_on_the_seed_alone():
    first, again, other = (
        initialise(Generator(GeneratorConfig(width=4)), seed).state_dict() for seed in (3, 3, 4)
    )
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["convs.0.weight"], other["convs.0.weight"])


@pytest.mark.parametrize(("side", "convs"), [(16, 2), (32, 3), (64, 4), (128, 5), (256, 6)])
def test_discriminators_halve_down_to_four_pixels(side, convs):
    assert strided_convolutions(side) == convs
    vector, maps = Branch(side, 2, 16, "batch").eval()(torch.rand(2, 3, side, side))
    assert [len(maps), *maps[-1].shape[-2:]] == [convs, 4, 4]
    assert vector.shape == (2, 16)


def test_discriminators_at_256_are_the_papers():
    with torch.device("meta"):
        both = Discriminator(256)
    assert [c.out_channels for c in both.whole.convs] == [64, 128, 256, 512, 512, 512]
    assert [c.out_channels for c in both.crop.convs] == [64, 128, 256, 512, 512]
    assert both.logit.in_features == 2048


def test_discriminator_gives_one_logit_an_image():
    both = initialise(Discriminator(32, 4, 16, "spectral"), 0)
    image = torch.rand(3, 3, 32, 32)
    logit, maps = both(image, image[..., 8:24, 8:24])
    assert logit.shape == (3,)
    assert len(maps) == 3 + 2


def test_a_discriminator_takes_images_larger_than_its_own_size():
    both = Discriminator(32, 4, 16, "batch").eval()
    image = torch.rand(2, 3, 64, 64)
    logit, maps = both(image, image[..., 16:48, 16:48])
    assert logit.shape == (2,)
    assert [len(maps), *maps[2].shape[-2:]] == [3 + 2, 8, 8]
    assert not torch.equal(logit, both(image.flip(2), image[..., 16:48, 16:48])[0])


def hole_of(rows: slice, columns: slice, side: int = 16) -> torch.Tensor:
    hole = torch.zeros(1, 1, side, side, dtype=torch.bool)
    hole[..., rows, columns] = True
    return hole


@pytest.mark.parametrize(
    ("rows", "columns", "top", "left"),
    [
        (slice(4, 12), slice(4, 12), 4, 4),  # the centred box fills the crop
        (slice(0, 2), slice(14, 16), 0, 8),  # a corner: clamped inside the image
        (slice(6, 8), slice(9, 11), 3, 6),  # a small hole in its crop's middle
        (slice(0, 16), slice(0, 16), 4, 4),  # larger than the crop: its middle
    ],
)
def test_local_crop_is_centred_on_the_hole_and_inside(rows, columns, top, left):
    image = torch.arange(256.0).view(1, 1, 16, 16)
    crop = local_crop(image, hole_of(rows, columns))
    assert torch.equal(crop, image[..., top : top + 8, left : left + 8])


def test_local_crop_takes_each_images_own_window():
    image = torch.rand(2, 3, 16, 16)
    scattered = torch.zeros(1, 1, 16, 16, dtype=torch.bool)
    scattered[0, 0, [2, 5, 9], [15, 12, 14]] = True  # free-form: box rows 2-9, columns 12-15
    crops = local_crop(image, torch.cat([hole_of(slice(0, 3), slice(0, 3)), scattered]))
    assert torch.equal(crops[0], image[0, :, 0:8, 0:8])
    assert torch.equal(crops[1], image[1, :, 2:10, 8:16])


def test_spectral_norm_brings_the_largest_singular_value_to_one():
    norm = SpectralNorm(6)
    weight = torch.randn(6, 4, 3, 3, generator=torch.Generator().manual_seed(0))
    for _ in range(50):
        normed = norm(weight)
    assert float(torch.linalg.svdvals(normed.flatten(1))[0]) == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize(("norm", "slope"), [("batch", 0.0), ("spectral", 0.2)])
def test_the_papers_discriminators_have_relus_as_both_reimplementations(norm, slope):
    both = initialise(Discriminator(32, 4, 16, norm), 0).eval()
    x = torch.randn(2, 3, 32, 32, generator=torch_stream(1))
    with torch.no_grad():
        vector, maps = both.whole(x)
        expected = x
        for conv, after in zip(both.whole.convs, both.whole.norms, strict=True):
            expected = functional.leaky_relu(after(conv(expected)), slope)
    assert torch.equal(maps[-1], expected)
    assert (float(maps[-1].min()) == 0) == (norm == "batch")
    assert (float(vector.min()) == 0) == (norm == "batch")
