from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from bench import plugins
from bench.api import RequestError
from bench.metrics.pixels import L1, PSNR, L1Hole, L1Relative, PSNRHole
from bench.metrics.ssim import SSIM, SSIMUniform


def pair(height=37, width=45, n=3, seed=0):
    stream = np.random.default_rng(seed)
    target = stream.integers(0, 256, (n, 3, height, width))
    output = np.clip(target + stream.integers(-40, 41, target.shape), 0, 255)
    hole = torch.zeros(n, 1, height, width, dtype=torch.bool)
    hole[:, :, 5:20, 8:30] = True
    return as_image(output), as_image(target), hole


def as_image(levels):
    return torch.from_numpy(np.asarray(levels)).float() / 255


def hwc(image):
    return (image * 255).round().to(torch.uint8).permute(1, 2, 0).numpy()


def hand_worked():
    """Two 1x2 images: the first is off by 51, 0, 102 in the hole, the second is identical."""
    target = as_image(np.zeros((2, 3, 1, 2), dtype=int))
    output = target.clone()
    output[0, :, 0, 1] = torch.tensor([51, 0, 102]) / 255
    hole = torch.tensor([[[[False, True]]], [[[False, True]]]])
    return output, target, hole


def test_l1_by_hand():
    assert L1()(*hand_worked()).tolist() == pytest.approx([153 / 6 / 255 * 100, 0])


def test_l1_hole_by_hand():
    assert L1Hole()(*hand_worked()).tolist() == pytest.approx([20, 0])


def test_psnr_by_hand_and_infinite_when_identical():
    first, second = PSNR()(*hand_worked()).tolist()
    assert first == pytest.approx(10 * math.log10(255**2 / ((51**2 + 102**2) / 6)))
    assert second == math.inf


def test_psnr_hole_by_hand_and_infinite_when_identical():
    first, second = PSNRHole()(*hand_worked()).tolist()
    assert first == pytest.approx(10 * math.log10(255**2 / ((51**2 + 102**2) / 3)))
    assert second == math.inf


def test_psnr_agrees_with_scikit_image():
    output, target, hole = pair()
    ours = PSNR()(output, target, hole)
    for score, x, y in zip(ours, output, target, strict=True):
        theirs = peak_signal_noise_ratio(hwc(y), hwc(x), data_range=255)
        assert float(score) == pytest.approx(theirs, abs=1e-6)


@pytest.mark.parametrize("size", [(11, 11), (32, 32), (37, 45)])
def test_ssim_agrees_with_scikit_image(size):
    output, target, hole = pair()
    output, target, hole = (x[..., : size[0], : size[1]] for x in (output, target, hole))
    ours = SSIM()(output, target, hole)
    for score, x, y in zip(ours, output, target, strict=True):
        theirs = structural_similarity(
            hwc(y),
            hwc(x),
            data_range=255,
            channel_axis=-1,
            gaussian_weights=True,
            sigma=1.5,
            use_sample_covariance=False,
        )
        assert float(score) == pytest.approx(theirs, abs=1e-6)


def test_ssim_of_identical_images_is_one():
    output, _, hole = pair()
    assert SSIM()(output, output, hole).tolist() == pytest.approx([1, 1, 1], abs=1e-12)


@pytest.mark.parametrize("name", ["l1", "l1_hole", "psnr", "psnr_hole", "ssim"])
def test_scores_are_float64_and_do_not_depend_on_the_batch(name):
    metric = plugins.metric(name)
    output, target, hole = pair()
    copies = [x.clone() for x in (output, target, hole)]
    together = metric(output, target, hole)
    alone = [metric(output[i : i + 1], target[i : i + 1], hole[i : i + 1]) for i in range(3)]
    assert together.dtype == torch.float64
    assert together.tolist() == torch.cat(alone).tolist()
    assert all(map(torch.equal, copies, (output, target, hole)))


@pytest.mark.parametrize("metric", [L1Hole(), PSNRHole()])
def test_an_empty_hole_is_refused(metric):
    output, target, hole = pair()
    hole[1] = False
    with pytest.raises(RequestError, match="hole is empty"):
        metric(output, target, hole)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda x, y, h: (x[:, :1], y, h), r"not \(3, 1, 37, 45\)"),
        (lambda x, y, h: (x, y[:2], h), "one shape"),
        (lambda x, y, h: (x, y, h.float()), "hole is bool"),
        (lambda x, y, h: (x, y, h[:, :, 1:]), "hole is bool"),
        (lambda x, y, h: (x * torch.nan, y, h), "multiples of 1/255"),
        (lambda x, y, h: (x + 0.3 / 255, y, h), "multiples of 1/255"),
        (lambda x, y, h: (x + 1, y, h), "outside"),
    ],
)
def test_bad_batches_are_refused(spoil, message):
    with pytest.raises(RequestError, match=message):
        L1()(*spoil(*pair()))


def test_ssim_refuses_images_below_its_window():
    output, target, hole = pair(height=10)
    with pytest.raises(RequestError, match=r"10x45 .* at least 11 pixels"):
        SSIM()(output, target, hole)


def test_l1_relative_is_aots_mae():
    output, target, hole = pair()
    expected = [
        100 * np.abs(hwc(a).astype(float) - hwc(b)).sum() / (hwc(a).astype(float) + hwc(b)).sum()
        for a, b in zip(output, target, strict=True)
    ]
    assert L1Relative()(output, target, hole).tolist() == pytest.approx(expected)
    # By hand: 153 levels off, of 153 levels in both; nothing of nothing is 0.
    assert L1Relative()(*hand_worked()).tolist() == [100, 0]


def test_l1_relative_is_no_l1():
    """The factor between them depends on the brightness alone: .88 to 2.03 on one set of images."""
    output, target, hole = pair()
    ratio = L1Relative()(output, target, hole) / L1()(output, target, hole)
    brightness = (output + target).flatten(1).mean(dim=1).double()
    assert (ratio * brightness).tolist() == pytest.approx([1, 1, 1], rel=1e-6)


def test_ssim_uniform_is_scikit_images_default():
    output, target, hole = pair()
    expected = [
        structural_similarity(hwc(a), hwc(b), channel_axis=-1)
        for a, b in zip(output, target, strict=True)
    ]
    assert SSIMUniform()(output, target, hole).tolist() == pytest.approx(expected, abs=1e-12)
    assert (
        abs(float((SSIMUniform()(output, target, hole) - SSIM()(output, target, hole)).min()))
        > 1e-4
    )
    with pytest.raises(RequestError, match="7x7"):
        SSIMUniform()(output[..., :6], target[..., :6], hole[..., :6])
