"""The loop: plan what is not yet done, hand batches to an executor, store what comes back.

Knows no method, mask or dataset by name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from bench.api import ChecksDevice, PairedMasks, RequestError
from bench.complete.batch import Batch, BatchResult, ImageResult, failed_batch, single_items
from bench.complete.masked_image import check_first_hole
from bench.complete.worker import process
from bench.execute import TIMED_OUT, Executor, Lost
from bench.execute.devices import check_device, cores
from bench.plan import spec as specs
from bench.plan.ids import record_id, safe_id
from bench.plan.spec import Run, Spec
from bench.store import manifest as manifests
from bench.store.directory import RunDirectory
from bench.store.manifest import BatchPlan, Manifest


@dataclass(frozen=True)
class Options:
    """How to run; nothing here changes what is computed (a network's last bits apart).

    timeout: seconds an image may take, None = for ever.  threads: torch threads a worker.
    executor: "local" processes or "dask"; scheduler: the address of Dask's, None = start one here.
    """

    out: Path
    device: str = "cpu"
    batch_size: int = 8
    threads: int = 1
    timeout: float | None = None
    keep_raw: bool = False
    executor: str = "local"
    scheduler: str | None = None


@dataclass
class Report:
    """What a run came to."""

    path: Path
    n: int
    n_new: int = 0
    failed: dict[str, str] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)


def check(run: Run, options: Options) -> None:
    """Raise RequestError for what can be known to be impossible before anything runs."""
    specs.check(run)
    if options.batch_size < 1:
        raise RequestError(f"batch-size={options.batch_size}: give at least 1.")
    if options.timeout is not None and not options.timeout > 0:  # NaN is refused too
        raise RequestError(f"timeout={options.timeout}: give seconds above 0.")
    if options.scheduler is not None and options.executor != "dask":
        raise RequestError(f"--scheduler {options.scheduler} needs --executor dask.")
    check_device(options.device, here=options.scheduler is None)
    if isinstance(run.method, ChecksDevice) and options.scheduler is None:
        run.method.check_device(options.device)


def execute(
    run: Run,
    options: Options,
    executor: Executor,
    *,
    on_progress: Callable[[int, int], None],
    hashes: specs.Hashes | None = None,
) -> Report:
    """Bring a run to completion in its directory; what is there and hashes right is kept.

    on_progress is called with (done, total) images.  hashes: shared by the runs of a grid.
    Raises RequestError when the request is wrong.
    """
    ids = _checked(run.ids())
    if isinstance(run.mask, PairedMasks):
        run.mask.check_ids(ids)
    check_first_hole(run, ids)
    spec = specs.describe(run, ids, hashes)
    directory = RunDirectory(options.out / specs.directory_name(spec))
    with directory.owned():
        manifest = _open(directory, run, spec, ids, options)
        remarks = ["a torn last record was dropped"] if directory.drop_torn_line() else []
        plan = manifest.plan
        if plan.batch_size != options.batch_size:
            remarks.append(f"kept the batch size it began with, {plan.batch_size}")
        wanted = [(i, k) for i in ids for k in range(run.samples)]
        jobs, missing = _plan(run, directory, wanted, options, plan)
        report = Report(directory.path, len(wanted), remarks=remarks)
        try:
            _work(jobs, missing, options, executor, directory, report, on_progress)
        except RequestError:  # weights that cannot be loaded
            directory.remove_if_nothing_was_done()
            raise
        report.failed = _failures(directory)
        return report


def _checked(ids: list[str]) -> list[str]:
    """Return the ids; raises RequestError for one that is no file name, or that comes twice."""
    for image_id in ids:
        safe_id(image_id)
    if len(set(ids)) != len(ids):
        twice = next(i for i in ids if ids.count(i) > 1)
        raise RequestError(f"The dataset has two images with the id {twice!r}; rename one.")
    return ids


def _open(
    directory: RunDirectory, run: Run, spec: Spec, ids: list[str], options: Options
) -> Manifest:
    """Return the directory's manifest, written now when the run is new."""
    manifest = directory.manifest()
    if manifest is None:
        manifest = manifests.new(
            spec,
            ids,
            specs.labels(run),
            device=_device_in_words(options),
            batch_size=options.batch_size,
            threads=options.threads,
        )
        directory.write_manifest(manifest)
    if manifest.spec != spec:
        raise RequestError(
            f"{directory.path} belongs to another run (its spec differs: other plug-in versions, "
            "weights or data). Give another folder with --out."
        )
    return manifest


def _plan(
    run: Run,
    directory: RunDirectory,
    wanted: list[tuple[str, int]],
    options: Options,
    plan: BatchPlan,
) -> tuple[list[Batch], set[str]]:
    """Cut the run into its batches; return those with something left to do, and what that is.

    A batch is always the plan's batch, also when only one of its images is missing: a network's
    last bits depend on the batch.
    """
    names = [record_id(run, image_id, sample) for image_id, sample in wanted]
    everything = frozenset(names)
    missing = set(names)
    for record in directory.each_record():
        if record.id in everything:
            (missing.discard if directory.is_done(record) else missing.add)(record.id)
    size, threads = plan.batch_size, plan.threads
    jobs = []
    for start in range(0, len(wanted), size):
        if not missing.isdisjoint(names[start : start + size]):
            items = tuple(wanted[start : start + size])
            jobs.append(Batch(run, items, options.device, threads, options.keep_raw))
    return jobs, missing


def _work(
    jobs: list[Batch],
    missing: set[str],
    options: Options,
    executor: Executor,
    directory: RunDirectory,
    report: Report,
    on_progress: Callable[[int, int], None],
) -> None:
    """Run the jobs and store what was missing, as it comes."""
    tried = 0
    on_progress(report.n - len(missing), report.n)
    for outcome in _outcomes(jobs, options, executor):
        if outcome.loading is not None:
            directory.add_loading(outcome.loading)
        done = [d for d in outcome.done if d.record.id in missing]
        _remark(outcome.remark, done, report)
        _store(directory, done)
        report.n_new += sum(item.record.done for item in done)
        tried += len(done)
        on_progress(report.n - len(missing) + tried, report.n)


def _outcomes(jobs: list[Batch], options: Options, executor: Executor) -> Iterator[BatchResult]:
    """Yield every job's outcome; images of a lost batch run alone, and are lost alone.

    A batch whose worker died is first tried again whole: another may be to blame (kill -9, memory
    that ran out), and a network's last bits depend on the batch.
    """

    def timeout(job: Batch) -> float | None:
        return options.timeout and options.timeout * len(job.items)

    died: list[Batch] = []
    alone: list[Batch] = []
    for job, result in executor.map(process, jobs, timeout=timeout):
        if not isinstance(result, Lost):
            yield result
        elif result == TIMED_OUT:
            alone += single_items(job)
        else:
            died.append(job)
    for job, result in executor.map(process, died, timeout=timeout):
        if isinstance(result, Lost):
            alone += single_items(job)
        else:
            yield result
    for job, result in executor.map(process, alone, timeout=timeout):
        if isinstance(result, Lost):
            yield failed_batch(job, _lost_message(result, options))
        else:
            yield result


def _lost_message(lost: Lost, options: Options) -> str:
    limit = f" after {options.timeout:g} s (--timeout)" if lost == TIMED_OUT else ""
    return lost.reason + limit


def _remark(remark: str | None, done: list[ImageResult], report: Report) -> None:
    """Note what a method remarks about its machine: once a run, with the first record."""
    if remark is not None and done and remark not in report.remarks:
        report.remarks.append(remark)
        record = done[0].record
        done[0].record = replace(record, notes={**record.notes, "remark": remark})


def _store(directory: RunDirectory, done: list[ImageResult]) -> None:
    """Write PNGs first, then the records that vouch for them.

    Samples of one image share target and hole, which are written once.
    """
    written = set()
    for item in done:
        for kind, png in item.pngs.items():
            shared = kind in {"target", "hole"}
            file = (kind, item.record.image_id if shared else item.record.id)
            if file not in written:
                directory.write_image(*file, png)
                written.add(file)
        directory.seal([item.record])
    directory.append([item.record for item in done])


def _failures(directory: RunDirectory) -> dict[str, str]:
    """Return id -> error of the images that failed and were not done later."""
    failed: dict[str, str] = {}
    for record in directory.each_record():
        failed.pop(record.id, None)
        if not record.done:
            failed[record.id] = str(record.error)
    return failed


def _device_in_words(options: Options) -> str:
    device = options.device
    if options.scheduler is not None:
        return f"{device} (workers of a Dask scheduler)"
    if device.startswith("cuda"):
        import torch

        return f"{device} ({torch.cuda.get_device_name(device)})"
    return f"{device} ({cores()} cores)"
