"""Score the outputs returned for a handout; more outputs may be added later."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bench.api import RequestError
from bench.handout.manifest import Handout, read_handout
from bench.handout.returned import ReturnedOutputs
from bench.handout.write import run_of
from bench.plan import naming, spec
from bench.plan.spec import Run
from bench.runner import benchmark
from bench.runner.options import Options
from bench.runner.progress import Progress
from bench.runner.remarks import with_remarks
from bench.runner.result import RunResult
from bench.store.directory import RunDirectory
from bench.store.record import read_records


@dataclass(frozen=True)
class ReturnedRequest:
    """A folder of outputs, and the folder of the handout that they were made from.

    name, licence: the method's, for tables.  dataset: where the images are now, None = as in the
    handout.
    """

    folder: Path
    like: Path
    name: str
    dataset: str | None = None
    licence: str | None = None


def score_returned(
    asked: ReturnedRequest, *, out: Path, metrics: Sequence[str] | None, progress: Progress
) -> list[RunResult]:
    """Score the outputs as a run; a missing output is an error of its image.

    Outputs that changed since they were last read are read again.  Raises RequestError where the
    images or the holes are not those of the handout.
    """
    run, method = returned_run(asked)
    described = spec.describe(run, run.ids())
    path = naming.directory(out, described, naming.labels(run))
    if (path / "records.jsonl").exists():
        forget_changed(RunDirectory(path), method)
    results = benchmark.run_all([run], Options(out), metrics=metrics, workers=1, progress=progress)
    return with_remarks(results)


def returned_run(asked: ReturnedRequest) -> tuple[Run, ReturnedOutputs]:
    """Return the outputs as a run, and its method.

    Raises RequestError if images or holes are not those of the handout, or without any output.
    """
    if not asked.folder.is_dir():
        raise RequestError(f"--outputs {asked.folder}: no such folder.")
    handout = read_handout(asked.like)
    request = (
        handout.asked if asked.dataset is None else replace(handout.asked, dataset=asked.dataset)
    )
    method = ReturnedOutputs(asked.name, asked.folder, asked.like)
    handed_out = run_of(request)
    names = replace(handed_out.names, licence=asked.licence)
    run = replace(handed_out, method=method, names=names)
    if not _any_output(method, handout):
        first = handout.layout.output_files(handout.images[0].name)[0]
        raise RequestError(
            f"--outputs {asked.folder}: no output of {asked.like} is in it. Its README says how "
            f"they are to be called, the first {first}."
        )
    _check_same(run, handout)
    return run, method


def forget_changed(directory: RunDirectory, method: ReturnedOutputs) -> None:
    """Mark records as not done when the file of their output has changed."""
    with directory.owned():
        last = {record.id: record for record in read_records(directory.path)}
        changed = [
            replace(record, status="error", error="its file changed; it is read again")
            for record in last.values()
            if record.done and method.output_sha256(record.id) != record.notes.get("output_sha256")
        ]
        directory.append(changed)


def _any_output(method: ReturnedOutputs, handout: Handout) -> bool:
    several = handout.asked.samples > 1
    ids = (f"{image.id}@0" if several else image.id for image in handout.images)
    return any(method.output_sha256(output_id) is not None for output_id in ids)


def _check_same(run: Run, handout: Handout) -> None:
    """Raise RequestError unless this machine has the handout's images and draws its holes."""
    here = spec.describe(run, run.ids())
    if here["dataset"]["content_sha256"] != handout.dataset["content_sha256"]:
        raise RequestError(
            f"The images of {run.dataset.name!r} are not those that were handed out "
            f"({handout.dataset['n']} then, {here['dataset']['n']} now); give their folder as "
            "--dataset, or hand out again."
        )
    if here["mask"] != handout.mask:
        raise RequestError(
            f"The holes of {run.mask.name!r} are not those that were handed out (version "
            f"{handout.mask['version']} then, {here['mask']['version']} now); hand out again."
        )
