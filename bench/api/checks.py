"""Every contract as a check, for tests and authors: ContractError names the rule that is broken."""

from __future__ import annotations

import hashlib
import math
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch

from bench.api import (
    Completion,
    Dataset,
    ImageMetric,
    ImageSet,
    Inpaint,
    MaskGenerator,
    Method,
    PosteriorMetric,
    SampleMetric,
    SetMetric,
)
from bench.api.imaging import hide, to_uint8
from bench.api.seeds import NoiseStreams, derive_seed


class ContractError(AssertionError):
    """A plug-in breaks the contract of bench.api."""


def check(plugin: object) -> None:
    """Check any plug-in against the contract of its kind; raises ContractError.

    A method is checked as one without a network: its batches must equal its single images.  For a
    network call `check_method` with a tolerance.  Raises TypeError for anything that is not a
    plug-in.
    """
    if isinstance(plugin, Method):
        check_method(plugin)
    elif isinstance(plugin, Dataset):
        check_dataset(plugin)
    elif isinstance(plugin, SetMetric):
        check_set_metric(plugin, NoisySet)
    elif isinstance(plugin, SampleMetric | PosteriorMetric):
        check_sample_metric(plugin)
    elif isinstance(plugin, ImageMetric):
        check_image_metric(plugin)
    elif isinstance(plugin, MaskGenerator):
        check_mask(plugin)
    else:
        raise TypeError(f"{plugin!r} has the members of no contract in bench.api")


def check_method(
    method: Method, *, size: int = 32, tolerance: float = 0.0, device: str = "cpu"
) -> None:
    """Check shape, range, finiteness, repetition, batches, inputs left alone, and no peeking.

    size: side of the random test images, a multiple of the method's multiple_of.
    tolerance: how far a batch may be from its single images; 0 for methods without a network.
    """
    _identity(method)
    inpaint = method.load(device)
    visible, hole, seeds = _example(size)
    first = _call(inpaint, visible, hole, seeds)
    _require(first.shape == visible.shape, f"returned {tuple(first.shape)}")
    _require(first.dtype == torch.float32, f"returned {first.dtype}, not float32")
    inside = first[hole.expand_as(first)]
    _require(bool(torch.isfinite(inside).all()), "the output is not finite")
    _require(-1e-3 <= float(inside.min()) <= float(inside.max()) <= 1.001, "outside [0, 1]")
    _require(torch.equal(first, _call(inpaint, visible, hole, seeds)), "a second call differs")
    for i in range(len(seeds)):
        row = _call(inpaint, visible[i : i + 1], hole[i : i + 1], seeds[i : i + 1])
        off = float((row[0] - first[i]).abs().max())
        _require(off <= tolerance, f"row {i} of a batch differs from the image alone by {off:.2g}")
    secret = torch.where(hole, NoiseStreams(list(seeds)).uniform(visible.shape[1:]), visible)
    peeked = inpaint(secret.clone(), hole.clone(), seeds)
    peeked_image = peeked.image if isinstance(peeked, Completion) else peeked
    off = float((peeked_image - first)[hole.expand_as(first)].abs().max())
    _require(off == 0, f"the output depends on pixels under the hole (by {off:.2g})")


def check_mask(mask: MaskGenerator, *, sizes: Sequence[tuple[int, int]] = ((64, 64),)) -> None:
    """Check shape, type, never empty or full, and the same bytes again."""
    _identity(mask)
    for height, width in sizes:
        holes = [mask(height, width, seed) for seed in range(8)]
        for hole in holes:
            _require(hole.shape == (1, height, width), f"returned {tuple(hole.shape)}")
            _require(hole.dtype == torch.bool, f"returned {hole.dtype}, not bool")
            _require(0 < int(hole.sum()) < height * width, "a hole is empty or full")
        again = [mask(height, width, seed) for seed in range(8)]
        _require(all(map(torch.equal, holes, again)), "the same seed gave another hole")


def check_masks_elsewhere(masks: Sequence[MaskGenerator]) -> None:
    """Check that another process draws the same holes; one process for all, since it is slow."""
    code = (
        "import sys, pickle, hashlib, bench\n"  # bench first: it finds its own masks
        "for mask in pickle.load(sys.stdin.buffer):\n"
        "    print(hashlib.sha256(mask(64, 64, 3).numpy().tobytes()).hexdigest())"
    )
    data = pickle.dumps(list(masks))
    other = subprocess.run([sys.executable, "-c", code], input=data, capture_output=True)
    theirs = other.stdout.decode().split()
    ours = [hashlib.sha256(mask(64, 64, 3).numpy().tobytes()).hexdigest() for mask in masks]
    _require(len(theirs) == len(ours), f"another process failed: {other.stderr.decode()[-300:]}")
    for mask, here, there in zip(masks, ours, theirs, strict=True):
        _require(here == there, f"another process drew another hole ({mask.name})")


def check_dataset(dataset: Dataset, *, count: int = 4) -> None:
    """Check ids, shapes, ranges, sources and fingerprints of the first images."""
    _identity(dataset)
    ids = dataset.ids()
    _require(bool(ids) and len(set(ids)) == len(ids), "ids are missing or not unique")
    _require(ids == dataset.ids(), "ids come in another order the second time")
    for image_id in ids[:count]:
        image = dataset.load(image_id)
        _require(image.dtype == torch.float32, f"load returned {image.dtype}, not float32")
        side = dataset.size or image.shape[-1]
        height = dataset.size or image.shape[-2]
        _require(image.shape == (3, height, side), f"load returned {tuple(image.shape)}")
        _require(bool(torch.isfinite(image).all()), "an image is not finite")
        _require(float(image.min()) >= 0 and float(image.max()) <= 1, "an image leaves [0, 1]")
        _require(torch.equal(image, dataset.load(image_id)), "the second load differs")
        _require(len(dataset.fingerprint(image_id)) == 64, "a fingerprint is no sha256")
        _require(bool(dataset.source(image_id)), "an image has no source")


def check_image_metric(metric: ImageMetric, *, size: int = 64) -> None:
    """Check shape, type, batches, inputs left alone, and that a worse image scores worse."""
    _identity(metric)
    visible, hole, seeds = _example(size)
    target = NoiseStreams(list(seeds)).uniform(visible.shape[1:]).mul(255).round() / 255
    near, far = (_disturbed(target, hole, amount) for amount in (0.05, 0.5))
    kept = [tensor.clone() for tensor in (near, target, hole)]
    values = metric(near, target, hole)
    _require(all(map(torch.equal, kept, (near, target, hole))), "the inputs were changed")
    _require(values.shape == (len(seeds),), f"returned {tuple(values.shape)}")
    _require(values.dtype == torch.float64, f"returned {values.dtype}, not float64")
    _require(bool(torch.isfinite(values).all()), "a value is not finite")
    for i in range(len(seeds)):
        row = metric(near[i : i + 1], target[i : i + 1], hole[i : i + 1])
        _require(float(row[0]) == float(values[i]), "a batch differs from its single images")
    worse = metric(far, target, hole)
    sign = 1 if metric.higher_is_better else -1
    _require(bool((sign * (values - worse) > 0).all()), "a worse image does not score worse")


def check_set_metric(metric: SetMetric, sets: Callable[[float], ImageSet]) -> None:
    """Check that `metric` prefers the nearer set; sets(amount) gives a disturbed ImageSet."""
    _identity(metric)
    targets = sets(0.0)
    near = metric.over_sets(sets(0.05), targets)
    far = metric.over_sets(sets(0.5), targets)
    _require(near == near and far == far, "a value is NaN")
    _require((near > far) == metric.higher_is_better, "a worse set does not score worse")


def check_sample_metric(metric: SampleMetric | PosteriorMetric) -> None:
    """Check that K samples of an image get one finite number, the same one again."""
    _identity(metric)
    target, hole, seeds = _example(64)
    target, hole = target[0], hole[0]
    noise = NoiseStreams(seeds).uniform(target.shape)
    samples = (torch.where(hole, noise, target) * 255).round() / 255

    def number() -> float:
        if isinstance(metric, SampleMetric):
            return metric.over_samples(samples)
        return metric.over_posterior(samples, target, hole)

    value = number()
    _require(isinstance(value, float) and math.isfinite(value), f"returned {value!r}")
    _require(value == number(), "a second call differs")


@dataclass(frozen=True)
class NoisySet:
    """An ImageSet of 64 smooth images of 64x64, noisy by an amount: 0 is the clean set."""

    amount: float

    @property
    def content_hash(self) -> str:
        """Return a name: the images depend on the amount alone."""
        return f"contract-{self.amount}"

    def __len__(self) -> int:
        return 64

    def __iter__(self) -> Iterator[torch.Tensor]:
        for i in range(len(self)):
            streams = NoiseStreams([derive_seed("set", i)])
            smooth = torch.nn.functional.interpolate(streams.uniform((3, 4, 4)), size=(64, 64))
            noise = streams.uniform((3, 64, 64)) - 0.5
            yield to_uint8((smooth + 2 * self.amount * noise)[0].clamp(0, 1))


def _example(size: int) -> tuple[torch.Tensor, torch.Tensor, list[int]]:
    """Return three smooth random images with different holes hidden, the holes, and seeds."""
    seeds = [derive_seed("contract", i) for i in range(3)]
    coarse = NoiseStreams(seeds).uniform((3, size // 8, size // 8))
    image = torch.nn.functional.interpolate(coarse, size=(size, size), mode="bilinear")
    image = (image * 255).round() / 255
    hole = torch.zeros(3, 1, size, size, dtype=torch.bool)
    quarter = size // 4
    hole[0, :, quarter : 3 * quarter, quarter : 3 * quarter] = True
    hole[1, :, :quarter, : 2 * quarter] = True
    hole[2, :, ::8] = True
    return hide(image, hole), hole, seeds


def _call(
    inpaint: Inpaint, visible: torch.Tensor, hole: torch.Tensor, seeds: Sequence[int]
) -> torch.Tensor:
    """Call a method and check that it left its arguments alone."""
    arguments = visible.clone(), hole.clone()
    with torch.no_grad():
        returned = inpaint(*arguments, seeds)
    untouched = torch.equal(arguments[0], visible) and torch.equal(arguments[1], hole)
    _require(untouched, "the inputs were changed")
    image = returned.image if isinstance(returned, Completion) else returned
    _require(torch.is_tensor(image), f"returned {type(image).__name__}, not a tensor")
    return image


def _disturbed(target: torch.Tensor, hole: torch.Tensor, amount: float) -> torch.Tensor:
    seeds = [derive_seed("disturb", i) for i in range(len(target))]
    noise = NoiseStreams(seeds).uniform(target.shape[1:]) - 0.5
    noisy = (target + 2 * amount * noise).clamp(0, 1)
    return torch.where(hole, (noisy * 255).round() / 255, target)


def _identity(plugin: object) -> None:
    """Check name, version, and that the plug-in can be sent to a worker."""
    for attribute in ("name", "version"):
        _require(bool(getattr(plugin, attribute, "")), f"the plug-in has no {attribute}")
    _require(pickle.loads(pickle.dumps(plugin)) == plugin, "it does not survive pickling")


def _require(holds: bool, message: str) -> None:
    if not holds:
        raise ContractError(message)
