"""What a worker does with one batch: load, draw holes, hide, complete, compose, encode.

Runs in the parent or in another process; writes nothing.  Results are small: PNG bytes and facts.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import torch

from bench.api import Completion, Inpaint, Method, ReadsOutputs, RequestError, imaging
from bench.complete import memory
from bench.complete.batch import Batch, BatchResult, ImageResult
from bench.complete.masked_image import MaskedImage, one_line, prepare, strict_facts
from bench.plan.ids import record_id
from bench.store.manifest import Loading


def process(job: Batch) -> BatchResult:
    """Complete a batch; an image that fails is an error record and never stops the others.

    Raises RequestError when the request itself turns out wrong (weights that cannot be had).
    """
    torch.set_num_threads(job.threads)
    method = _load(job.run.method, job.device, job.threads)  # type: ignore[arg-type]  # hashable
    inpaint, first_batch = method.inpaint, not method.used
    method.used = True
    items = [prepare(job.run, image_id, sample) for image_id, sample in job.items]
    done = [item for item in items if isinstance(item, ImageResult)]
    for group in _same_shape([item for item in items if isinstance(item, MaskedImage)]):
        done += _complete(job, inpaint, group, halve=True)
    order = {record_id(job.run, *item): i for i, item in enumerate(job.items)}
    done.sort(key=lambda d: order[d.record.id])
    remark = _said(inpaint, "remark")
    if not first_batch:
        return BatchResult(done, remark=remark)
    done = [replace(d, record=replace(d.record, warm=False)) for d in done]
    first = sum(d.record.seconds or 0.0 for d in done if d.record.done)
    return BatchResult(done, Loading(method.load_seconds, first, _said(inpaint, "dtype")), remark)


def _said(inpaint: Inpaint, name: str) -> str | None:
    """Return a text that an Inpaint may have as an attribute; None without it."""
    value = getattr(inpaint, name, None)
    return value if isinstance(value, str) and value else None


@dataclass
class _LoadedMethod:
    """A method that this process has loaded.  used: whether it has completed a batch already."""

    inpaint: Inpaint
    load_seconds: float
    used: bool = False


@lru_cache(maxsize=2)
def _load(method: Method, device: str, threads: int) -> _LoadedMethod:
    """Load a method; the last two stay, so that a grid of runs loads each once per worker."""
    started = time.perf_counter()
    try:
        inpaint = method.load(device)
    except RequestError:
        raise
    except Exception as error:  # a plug-in may raise anything
        why = f"{type(error).__name__}: {one_line(error)}"
        raise RequestError(f"The method {method.name!r} cannot be loaded ({why}).") from error
    return _LoadedMethod(inpaint, time.perf_counter() - started)


def _same_shape(items: Sequence[MaskedImage]) -> list[list[MaskedImage]]:
    """Group the items of a batch by image size, in order of first appearance."""
    groups: dict[tuple[int, ...], list[MaskedImage]] = {}
    for item in items:
        groups.setdefault(tuple(item.target.shape), []).append(item)
    return list(groups.values())


def _complete(
    job: Batch, inpaint: Inpaint, items: list[MaskedImage], *, halve: bool
) -> list[ImageResult]:
    """Complete images of one shape; out of memory halves the batch, other errors single out."""
    try:
        return _attempt(job, inpaint, items)
    except RequestError:
        raise
    except (MemoryError, torch.OutOfMemoryError) as error:
        memory.free()
        if halve and len(items) > 1:
            middle = (len(items) + 1) // 2
            return [
                done
                for half in (items[:middle], items[middle:])
                for done in _complete(job, inpaint, half, halve=False)
            ]
        return [_failure(item, f"out of memory: {one_line(error)}") for item in items]
    except Exception as error:  # a plug-in may raise anything; the run goes on
        if len(items) > 1:
            return [d for item in items for d in _complete(job, inpaint, [item], halve=False)]
        return [_failure(items[0], f"{type(error).__name__}: {one_line(error)}")]


def _attempt(job: Batch, inpaint: Inpaint, items: list[MaskedImage]) -> list[ImageResult]:
    """Run the method on one batch and turn what it returns into records and PNGs."""
    targets = torch.stack([item.target for item in items]).float() / 255
    holes = torch.stack([item.hole for item in items])
    seeds = [item.record.seed or 0 for item in items]
    memory.reset_peak(job.device)
    started = time.perf_counter()
    if isinstance(job.run.method, ReadsOutputs):
        output, notes = _read(job.run.method, items, targets, holes)
    else:
        output, notes = _call(job.run.method, inpaint, targets, holes, seeds, job.device)
    seconds = (time.perf_counter() - started) / len(items)
    composed = imaging.compose(targets, output, holes)
    cost: tuple[float | None, int | None] = (seconds, memory.peak(job.device))
    if isinstance(job.run.method, ReadsOutputs):  # reading a file says nothing about the method
        cost = (None, None)
    return [
        _result(job, item, composed[i], output[i], cost, notes[i]) for i, item in enumerate(items)
    ]


def _call(
    method: Method,
    inpaint: Inpaint,
    targets: torch.Tensor,
    holes: torch.Tensor,
    seeds: list[int],
    device: str,
) -> tuple[torch.Tensor, Sequence[Mapping[str, Any]]]:
    """Hide the hole, pad, call, check the shape, crop back."""
    height, width = targets.shape[-2:]
    visible = imaging.pad_to_multiple(imaging.hide(targets, holes), method.multiple_of)
    padded_holes = imaging.pad_to_multiple(holes, method.multiple_of)
    # The method gets copies: whatever it does to them, the composed image stays right.
    with torch.no_grad():
        returned = inpaint(visible.to(device, copy=True), padded_holes.to(device, copy=True), seeds)
        made = returned if isinstance(returned, Completion) else Completion(returned)
        output = made.image.to("cpu", torch.float32) if torch.is_tensor(made.image) else made.image
    if not torch.is_tensor(output) or output.shape != visible.shape:
        given = tuple(output.shape) if torch.is_tensor(output) else type(output).__name__
        raise ValueError(f"returned {given}, not an image of shape {tuple(visible.shape)}")
    if not made.image.is_floating_point():
        raise ValueError(f"returned {made.image.dtype}, not float32 in [0, 1]")
    notes = made.notes or [{} for _ in seeds]
    return output[..., :height, :width], notes


def _read(
    method: ReadsOutputs, items: list[MaskedImage], targets: torch.Tensor, holes: torch.Tensor
) -> tuple[torch.Tensor, Sequence[Mapping[str, Any]]]:
    """Read outputs made elsewhere and note how far their known pixels are from the target's."""
    outputs = torch.stack([method.output(item.record.image_id) for item in items])
    if outputs.shape != targets.shape:
        (ours, theirs) = (f"{t.shape[-1]}x{t.shape[-2]}" for t in (targets, outputs))
        raise ValueError(f"the output is {theirs} pixels, its target {ours}")
    levels = ((outputs - targets).abs() * 255).round().masked_fill(holes, 0).flatten(1).amax(1)
    return outputs, [{"known_pixels_off_by": int(level)} for level in levels]


def _result(
    job: Batch,
    item: MaskedImage,
    composed: torch.Tensor,
    raw: torch.Tensor,
    cost: tuple[float | None, int | None],
    notes: Mapping[str, Any],
) -> ImageResult:
    """Make the record and the PNGs of one completion; cost: seconds and peak memory."""
    if not bool(torch.isfinite(composed).all()):
        return _failure(item, "the output holds values that are not finite")
    pixels = imaging.to_uint8(composed)
    pngs = {
        "target": imaging.encode_png(item.target),
        "hole": imaging.encode_png(item.hole),
        "output": imaging.encode_png(pixels),
    }
    if job.keep_raw:
        pngs["raw"] = imaging.encode_png(imaging.to_uint8(torch.nan_to_num(raw)))
    facts = strict_facts(notes)
    seconds, peak_memory = cost
    record = replace(
        item.record,
        status="ok",
        seconds=seconds,
        evaluations=facts.pop("evaluations", None),
        gradients=facts.pop("gradients", None),
        peak_memory=peak_memory,
        notes={**item.record.notes, **facts},
        sha256=_sha256(pngs["output"]),
        pixels_sha256=_sha256(pixels.contiguous().numpy().tobytes()),
        target_sha256=_sha256(pngs["target"]),
        hole_sha256=_sha256(pngs["hole"]),
    )
    return ImageResult(record, pngs)


def _failure(item: MaskedImage, message: str) -> ImageResult:
    return ImageResult(replace(item.record, status="error", error=message))


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
