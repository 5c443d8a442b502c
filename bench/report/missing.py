"""Images that are left out of all scores because a compared run lacks them, and notes on them."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from bench.report.grouping import MethodRuns
    from bench.store.scored_run import ScoredRun

# How many missing images a note names.
NAMED = 5


def on_shared_images(methods: Sequence[MethodRuns]) -> tuple[list[MethodRuns], list[str]]:
    """Return the methods with the images that all runs have, and notes on the missing ones.

    A run without any image is left out of the comparison, so that the others lose no image.
    """
    runs = [run for method in methods for run in method.scored]
    own = {run.path: images_of(run) for run in runs}
    if not own:
        return list(methods), [_nothing(method) for method in methods]
    shared = frozenset(set.intersection(*own.values()))
    cut = [
        replace(method, runs=tuple(_cut(run, own.get(run.path), shared) for run in method.runs))
        for method in methods
    ]
    return cut, _notes(methods, own, shared)


def images_of(run: ScoredRun) -> set[str]:
    """Return the images of which a run has every sample."""
    samples = Counter(run.image_of(output_id) for output_id in run.scores.index)
    return {image for image, count in samples.items() if count == run.samples}


def _cut(run: ScoredRun, own: set[str] | None, shared: frozenset[str]) -> ScoredRun:
    """Return a run with the shared images alone; itself where it has no others."""
    return run if own is None or len(own) == len(shared) else replace(run, images=shared)


def _notes(
    methods: Sequence[MethodRuns], own: dict[Path, set[str]], shared: frozenset[str]
) -> list[str]:
    """Say which images are missing, from which methods and why; grouped by methods."""
    empty = [method for method in methods if not method.scored]
    compared = [method for method in methods if method.scored]
    failed = {run.path: _failed(run) for method in compared for run in method.scored}
    every_image = set().union(*own.values(), *failed.values())
    groups: dict[tuple[str, ...], list[str]] = {}
    for image in sorted(every_image - shared):
        groups.setdefault(_lacking(image, compared, own), []).append(image)
    reasons = _reasons(failed.values())
    notes = [
        _note(images, labels, len(every_image), every=len(labels) == len(compared), reasons=reasons)
        for labels, images in groups.items()
    ]
    return [*map(_nothing, empty), *notes]


def _lacking(
    image: str, methods: Sequence[MethodRuns], own: dict[Path, set[str]]
) -> tuple[str, ...]:
    """Return the labels of the methods of which a run lacks the image."""
    return tuple(
        method.label
        for method in methods
        if any(image not in own[run.path] for run in method.scored)
    )


def _reasons(failures: Iterable[dict[str, str]]) -> dict[str, str]:
    """Return image -> error of all runs' failures, of those that say why."""
    return {image: why for errors in failures for image, why in errors.items() if why}


def _note(
    images: Sequence[str],
    labels: Sequence[str],
    total: int,
    *,
    every: bool,
    reasons: dict[str, str],
) -> str:
    where = "every method" if every else ", ".join(labels)
    more = f" and {len(images) - NAMED} more" if len(images) > NAMED else ""
    why = next((reasons[image] for image in images if image in reasons), "")
    return (
        f"Warning: {len(images)} of {total} images are in no score, since they failed or are "
        f"missing in {where}: {', '.join(images[:NAMED])}{more}" + (f" ({why})." if why else ".")
    )


def _nothing(method: MethodRuns) -> str:
    return f"Warning: {method.label}: every image failed; it has no scores."


def _failed(run: ScoredRun) -> dict[str, str]:
    """Return image -> error of those that failed; "" where the record does not say why."""
    if not run.n_failed:
        return {}
    records = ((i, run.records.get(i)) for i in run.summary.failed)
    return {run.image_of(i): str(record.error or "") if record else "" for i, record in records}
