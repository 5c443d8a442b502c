"""Reuse outputs of an earlier run after an image file was added, removed or repaired.

A completion is a function of the method, the image, the hole and the seed.  Where all four are the
same it is not made again, although the run differs: its data has another hash.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from bench.complete.masked_image import ImageError, mask_image
from bench.plan.ids import record_id
from bench.plan.spec import Run, Spec, canonical_json, hole_seed, method_seed
from bench.store.directory import RunDirectory
from bench.store.record import Record


def take_over(
    run: Run,
    spec: Spec,
    ids: Sequence[str],
    directory: RunDirectory,
    *,
    on_progress: Callable[[int, int], None],
) -> int:
    """Copy outputs of the same images and holes from runs beside the directory; return how many.

    directory: of a new run, owned by this process.  A record that is taken over names the run that
    made it.
    """
    taken = 0
    for other in _others(directory.path, spec):
        records = {r.id: r for r in other.each_record() if r.done}
        reusable = [i for i in ids if _same_seeds(run, i, records)]
        for done, image_id in enumerate(reusable, start=1):
            taken += _take_image(run, image_id, records, other, directory)
            on_progress(done, len(reusable))
        if taken:
            break
    return taken


def _others(path: Path, spec: Spec) -> Iterator[RunDirectory]:
    """Yield the runs beside a directory that differ from it in their data only, newest first."""
    ours = _without_data(spec)
    manifests = [p for p in path.parent.glob("*/manifest.json") if p.parent != path]
    for file in sorted(manifests, key=lambda p: p.stat().st_mtime, reverse=True):
        try:
            theirs = json.loads(file.read_bytes())["spec"]
            same = _without_data(theirs) == ours
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            continue  # not a manifest of ours
        if same:
            yield RunDirectory(file.parent)


def _without_data(spec: Spec) -> bytes:
    """Return the parts of a spec that decide a completion, besides image and hole."""
    dataset, mask = spec["dataset"], spec["mask"]
    kept = {k: v for k, v in dataset.items() if k not in {"content_sha256", "n"}}
    drawn = {k: v for k, v in mask.items() if k != "assets"}
    return canonical_json({**spec, "limit": None, "dataset": kept, "mask": drawn})


def _same_seeds(run: Run, image_id: str, records: Mapping[str, Record]) -> bool:
    """Return whether every sample of an image was made with the seeds of this run."""
    names = [record_id(run, image_id, k) for k in range(run.samples)]
    return all(
        name in records
        and records[name].mask_seed == hole_seed(run, image_id)
        and records[name].seed == method_seed(run, image_id, k)
        for k, name in enumerate(names)
    )


def _take_image(
    run: Run,
    image_id: str,
    records: Mapping[str, Record],
    other: RunDirectory,
    directory: RunDirectory,
) -> int:
    """Copy an image's outputs if its pixels and hole are the other run's; return how many."""
    taken = [records[record_id(run, image_id, k)] for k in range(run.samples)]
    try:
        image = mask_image(run, image_id)
    except ImageError:
        return 0  # the run will report it
    same = all(
        (record.target_sha256, record.hole_sha256) == (image.sha256["target"], image.sha256["hole"])
        and other.is_done(record)
        for record in taken
    )
    if not same:
        return 0
    for kind, png in image.pngs.items():
        directory.write_image(kind, image_id, png)
    for record in taken:
        directory.write_image(
            "output", record.id, other.image_path("output", record.id).read_bytes()
        )
    kept = [replace(r, notes={**r.notes, "taken_from": other.path.name}) for r in taken]
    directory.seal(kept)
    directory.append(kept)
    return len(kept)
