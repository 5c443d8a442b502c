"""What a worker does with a batch: load, draw holes, hide, complete, composite, encode.

It runs in the parent or in another process and writes nothing: it returns PNG bytes and records.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import torch

from bench.api import (
    Inpaint,
    Json,
    Method,
    ReadsOutputs,
    RequestError,
    ShowsSteps,
    WatchSteps,
    imaging,
    is_seeded,
)
from bench.complete import memory
from bench.complete.batch import Batch, BatchResult, ImageResult
from bench.complete.call import call_method, for_images, read_outputs
from bench.complete.masked_image import (
    ImageError,
    MaskedImage,
    mask_image,
    one_line,
    strict_facts,
)
from bench.plan.ids import record_id
from bench.plan.spec import Run, hole_seed, method_seed
from bench.store.manifest import Loading
from bench.store.record import Record


@dataclass(frozen=True)
class _Task:
    """One completion to make.  record: what it will say once the image is completed."""

    image: MaskedImage
    record: Record


def process(batch: Batch, watch: WatchSteps | None = None) -> BatchResult:
    """Complete a batch; an image that fails is an error record and never stops the others.

    watch: is shown the steps of a method that has any; what is made stays the same.
    Raises RequestError if the request itself turns out to be wrong (weights that cannot be had).
    """
    torch.set_num_threads(batch.threads)
    method = _load(batch.run.method, batch.device, batch.threads)  # type: ignore[arg-type]
    inpaint, first_batch = method.inpaint, not method.used
    method.used = True
    if watch is not None and isinstance(inpaint, ShowsSteps):
        inpaint = inpaint.watched(watch)
    tasks, done = _prepare(batch)
    for group in _same_shape(tasks):
        done += _complete_once(batch, inpaint, group)
    order = {record_id(batch.run, *item): i for i, item in enumerate(batch.items)}
    done.sort(key=lambda result: order[result.record.id])
    remark = _text_attribute(method.inpaint, "remark")
    if not first_batch:
        return BatchResult(done, remark=remark)
    done = [replace(d, record=replace(d.record, warm=False)) for d in done]
    seconds = sum(d.record.seconds or 0.0 for d in done if d.record.done)
    dtype = _text_attribute(method.inpaint, "dtype")
    return BatchResult(done, Loading(method.load_seconds, seconds, dtype), remark)


def _prepare(batch: Batch) -> tuple[list[_Task], list[ImageResult]]:
    """Load each image and draw its hole once, however many samples; return tasks and failures."""
    run = batch.run
    images: dict[str, MaskedImage | ImageError] = {}
    tasks, failures = [], []
    for image_id, sample in batch.items:
        if image_id not in images:
            images[image_id] = _try_mask_image(run, image_id)
        image = images[image_id]
        record = Record(
            record_id(run, image_id, sample),
            image_id,
            image.source,
            status="ok",
            mask_seed=hole_seed(run, image_id),
            seed=method_seed(run, image_id, sample),
        )
        if isinstance(image, ImageError):
            failures.append(_failure(record, str(image)))
        else:
            tasks.append(_Task(image, _with_facts(record, image)))
    return tasks, failures


def _try_mask_image(run: Run, image_id: str) -> MaskedImage | ImageError:
    try:
        return mask_image(run, image_id)
    except ImageError as error:
        return error


def _with_facts(record: Record, image: MaskedImage) -> Record:
    """Return a record with what is known of its image and hole."""
    height, width = image.target.shape[-2:]
    return replace(
        record,
        height=height,
        width=width,
        hole_fraction=image.hole_fraction,
        notes=image.notes,
    )


def _text_attribute(inpaint: Inpaint, name: str) -> str | None:
    """Return an attribute that an Inpaint may have; None if there is none, or if it is not text."""
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


def _same_shape(tasks: Sequence[_Task]) -> list[list[_Task]]:
    """Group the tasks of a batch by image size, in order of first appearance."""
    groups: dict[tuple[int, ...], list[_Task]] = {}
    for task in tasks:
        groups.setdefault(tuple(task.image.target.shape), []).append(task)
    return list(groups.values())


def _complete_once(batch: Batch, inpaint: Inpaint, tasks: list[_Task]) -> list[ImageResult]:
    """Complete images of one size; once for all samples of an image where seeds change nothing."""
    if is_seeded(batch.run.method):
        return _complete(batch, inpaint, tasks, halve=True)
    first = {task.image.image_id: task for task in reversed(tasks)}
    made = _complete(batch, inpaint, list(reversed(first.values())), halve=True)
    by_image = {result.record.image_id: result for result in made}
    return [
        replace(result, record=replace(result.record, id=task.record.id, seed=task.record.seed))
        for task in tasks
        for result in (by_image[task.image.image_id],)
    ]


def _complete(
    batch: Batch, inpaint: Inpaint, tasks: list[_Task], *, halve: bool
) -> list[ImageResult]:
    """Complete images of one size; halve them if memory runs out, try each alone if one fails."""
    try:
        return _attempt(batch, inpaint, tasks)
    except RequestError:
        raise
    except (MemoryError, torch.OutOfMemoryError) as error:
        memory.free()
        size = (len(tasks) + 1) // 2 if halve else len(tasks)
        message = f"out of memory: {one_line(error)}"
    except Exception as error:  # a plug-in may raise anything; the run goes on
        size = 1
        message = f"{type(error).__name__}: {one_line(error)}"
    if len(tasks) <= size:
        return [_failure(task.record, message) for task in tasks]
    parts = (tasks[start : start + size] for start in range(0, len(tasks), size))
    return [done for part in parts for done in _complete(batch, inpaint, part, halve=False)]


def _attempt(batch: Batch, inpaint: Inpaint, tasks: list[_Task]) -> list[ImageResult]:
    """Run the method on images of one size; return what it made as records and PNGs."""
    targets = torch.stack([task.image.target for task in tasks]).float().div_(255)
    holes = torch.stack([task.image.hole for task in tasks])
    method = batch.run.method
    memory.reset_peak(batch.device)
    started = time.perf_counter()
    if isinstance(method, ReadsOutputs):
        ids = [task.record.id for task in tasks]
        output, notes = read_outputs(method, ids, targets, holes)
    else:
        seeds = [task.record.seed or 0 for task in tasks]
        inpaint = for_images(inpaint, [task.image.image_id for task in tasks])
        output, notes = call_method(method, inpaint, targets, holes, seeds, batch.device)
    seconds: float | None = (time.perf_counter() - started) / len(tasks)
    composited = imaging.composite(targets, output, holes)
    peak: int | None = memory.peak(batch.device)
    if isinstance(method, ReadsOutputs):  # reading a file says nothing about the method
        seconds = peak = None
    results = []
    for i, task in enumerate(tasks):
        record = replace(_with_notes(task.record, notes[i]), seconds=seconds, peak_memory=peak)
        raw = output[i] if batch.keep_raw else None
        results.append(_result(task, record, composited[i], raw))
    return results


def _with_notes(record: Record, notes: Mapping[str, Json]) -> Record:
    """Return a record with a method's notes; two of them have fields of their own."""
    facts = strict_facts(notes)
    evaluations, gradients = facts.pop("evaluations", None), facts.pop("gradients", None)
    both = {**record.notes, **facts}
    return replace(record, evaluations=evaluations, gradients=gradients, notes=both)


def _result(
    task: _Task, record: Record, composited: torch.Tensor, raw: torch.Tensor | None
) -> ImageResult:
    """Encode a completion and put the hashes into its record."""
    if not imaging.all_finite(composited):
        return _failure(task.record, "the output holds values that are not finite")
    pixels = imaging.to_uint8(composited)
    output = imaging.encode_png(pixels)
    pngs = {**task.image.pngs, "output": output}
    if raw is not None:
        pngs["raw"] = imaging.encode_png(imaging.to_uint8(torch.nan_to_num(raw)))
    record = replace(
        record,
        sha256=hashlib.sha256(output).hexdigest(),
        pixels_sha256=hashlib.sha256(pixels.contiguous().numpy().data).hexdigest(),
        target_sha256=task.image.sha256["target"],
        hole_sha256=task.image.sha256["hole"],
    )
    return ImageResult(record, pngs)


def _failure(record: Record, message: str) -> ImageResult:
    return ImageResult(replace(record, status="error", error=message))
