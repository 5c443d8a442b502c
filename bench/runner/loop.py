"""Make one run: plan the missing images, complete them batch by batch, store the results.

Knows no method, mask or dataset by name.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace

from bench.api import PairedMasks, RequestError
from bench.complete.batch import Batch, BatchResult, ImageResult
from bench.complete.masked_image import check_first_hole
from bench.execute import Executor
from bench.plan import naming
from bench.plan import spec as specs
from bench.plan.ids import record_id, safe_id
from bench.plan.spec import Run, Spec
from bench.runner.data_remarks import remarks_on
from bench.runner.options import Options, device_in_words, for_run
from bench.runner.result import RunResult
from bench.runner.retries import complete_all
from bench.runner.takeover import take_over
from bench.store import manifest as manifests
from bench.store.directory import RunDirectory
from bench.store.manifest import BatchPlan, Manifest

# How many batches may wait to be stored: more would only take memory.
AHEAD = 2
# The folders of PNGs (target, hole, output) that are written at once: a file system, above all one
# on a network, takes longer than the parent's own work, and a folder's files wait for each other.
FOLDERS_AT_ONCE = 3


def execute(
    run: Run,
    options: Options,
    executor: Executor,
    *,
    on_progress: Callable[[int, int], None],
    hashes: specs.Hashes | None = None,
) -> RunResult:
    """Complete a run in its directory; files there that have the recorded hashes are kept.

    on_progress is called with (done, total) images.  hashes: shared by the runs of a grid.
    Raises RequestError if the request is wrong.
    """
    options = for_run(run, options)
    ids = _checked(run.ids())
    if isinstance(run.mask, PairedMasks):
        run.mask.check_ids(ids)
    check_first_hole(run, ids)
    spec = specs.describe(run, ids, hashes)
    directory = RunDirectory(naming.directory(options.out, spec, naming.labels(run)))
    with directory.owned():
        plan = _open(directory, run, spec, ids, options).plan
        result = RunResult(directory.path, len(ids) * run.samples)
        if directory.drop_torn_line():
            result.remarks.append("a torn last record was dropped")
        if plan.batch_size != options.batch_size:
            result.remarks.append(f"kept the batch size it began with, {plan.batch_size}")
        if not directory.has_records() and not options.keep_raw:
            taken = take_over(run, spec, ids, directory, on_progress=on_progress)
            result.remarks += [f"{taken} taken over from a run on other data"] if taken else []
        batches, missing = _plan(run, directory, ids, options, plan)
        try:
            outcomes = complete_all(batches, executor, options.timeout)
            _store_all(outcomes, missing, directory, result, on_progress)
        except RequestError:  # weights that cannot be loaded
            directory.remove_if_nothing_was_done()
            raise
        result.failed = _failures(directory)
        result.remarks += remarks_on(directory.each_record())
        return result


def _checked(ids: list[str]) -> list[str]:
    """Return the ids; raises RequestError for one that is no valid file name, or occurs twice."""
    for image_id in ids:
        safe_id(image_id)
    if len(set(ids)) != len(ids):
        twice = next(i for i in ids if ids.count(i) > 1)
        raise RequestError(f"The dataset has two images with the id {twice!r}; rename one.")
    return ids


def _open(
    directory: RunDirectory, run: Run, spec: Spec, ids: list[str], options: Options
) -> Manifest:
    """Return the directory's manifest; write it when the run is new."""
    manifest = directory.manifest()
    if manifest is None:
        manifest = manifests.new(
            spec,
            ids,
            naming.labels(run),
            device=device_in_words(options),
            batch_size=options.batch_size,
            threads=options.threads,
        )
        directory.write_manifest(manifest)
    if manifest.spec != spec:
        raise RequestError(
            f"{directory.path} belongs to another run (its spec differs: other plug-in versions, "
            "weights or data). Give another folder with --out."
        )
    return _renamed(directory, manifest, run)


def _renamed(directory: RunDirectory, manifest: Manifest, run: Run) -> Manifest:
    """Return the manifest with the names that the user gives this time, in the file too."""
    names = {part: name for part, name in vars(run.names).items() if name is not None}
    called = {**naming.labels(run), **(manifest.labels or {}), **names}
    if called == manifest.labels or not names:
        return manifest
    manifest = replace(manifest, labels=called)
    directory.write_manifest(manifest)
    return manifest


def _plan(
    run: Run, directory: RunDirectory, ids: list[str], options: Options, plan: BatchPlan
) -> tuple[list[Batch], set[str]]:
    """Cut the run into batches; return the incomplete batches, and the missing ids.

    A batch is always the plan's whole batch, even if only one of its images is missing: a network's
    last bits depend on the batch.
    """
    items = [(image_id, sample) for image_id in ids for sample in range(run.samples)]
    names = [record_id(run, image_id, sample) for image_id, sample in items]
    everything = frozenset(names)
    missing = set(names)
    for record in directory.each_record():
        if record.id in everything:
            (missing.discard if directory.is_done(record) else missing.add)(record.id)
    batches = []
    for start in range(0, len(items), plan.batch_size):
        end = start + plan.batch_size
        if not missing.isdisjoint(names[start:end]):
            chosen = tuple(items[start:end])
            batches.append(Batch(run, chosen, options.device, plan.threads, options.keep_raw))
    return batches, missing


def _store_all(
    outcomes: Iterable[BatchResult],
    missing: set[str],
    directory: RunDirectory,
    result: RunResult,
    on_progress: Callable[[int, int], None],
) -> None:
    """Store the missing images as they come, and count them in the result."""
    finished = result.n - len(missing)
    on_progress(finished, result.n)

    def missing_results() -> Iterator[list[ImageResult]]:
        for outcome in outcomes:
            if outcome.loading is not None:
                directory.add_loading(outcome.loading)
            done = [item for item in outcome.done if item.record.id in missing]
            _remark(outcome.remark, done, result)
            yield done

    for done in _stored(missing_results(), directory):
        result.n_new += sum(item.record.done for item in done)
        finished += len(done)
        on_progress(finished, result.n)


def _stored(
    batches: Iterable[list[ImageResult]], directory: RunDirectory
) -> Iterator[list[ImageResult]]:
    """Yield each batch when it is stored: in order, by a thread, while the next ones are computed.

    A batch that was received is stored even when the next one raises.
    """
    waiting: deque[tuple[Future[None], list[ImageResult]]] = deque()
    with (
        ThreadPoolExecutor(FOLDERS_AT_ONCE, "png") as folders,
        ThreadPoolExecutor(1, "store") as writer,
    ):
        for done in batches:
            waiting.append((writer.submit(_store, directory, done, folders), done))
            while waiting and (len(waiting) > AHEAD or waiting[0][0].done()):
                yield _finished(*waiting.popleft())
        while waiting:
            yield _finished(*waiting.popleft())


def _finished(storing: Future[None], done: list[ImageResult]) -> list[ImageResult]:
    """Return the stored batch; raises the error of storing it."""
    storing.result()
    return done


def _remark(remark: str | None, done: list[ImageResult], result: RunResult) -> None:
    """Note a method's remark about its machine: once per run, with the first record."""
    if remark is not None and done and remark not in result.remarks:
        result.remarks.append(remark)
        record = done[0].record
        done[0].record = replace(record, notes={**record.notes, "remark": remark})


def _store(directory: RunDirectory, done: list[ImageResult], folders: ThreadPoolExecutor) -> None:
    """Write PNGs first, all of them, then the records with their hashes.

    Samples of one image share target and hole, which are written once.
    """
    files: dict[str, dict[str, bytes]] = {}
    for item in done:
        for kind, png in item.pngs.items():
            shared = kind in {"target", "hole"}
            image_id = item.record.image_id if shared else item.record.id
            files.setdefault(kind, {}).setdefault(image_id, png)

    def write(kind: str) -> None:
        for image_id, png in files[kind].items():
            directory.write_image(kind, image_id, png)

    list(folders.map(write, files))  # raises the error of the first that could not be written
    directory.seal(item.record for item in done)
    directory.append([item.record for item in done])


def _failures(directory: RunDirectory) -> dict[str, str]:
    """Return id -> error of the images that failed and were not done later."""
    failed: dict[str, str] = {}
    for record in directory.each_record():
        failed.pop(record.id, None)
        if not record.done:
            failed[record.id] = str(record.error)
    return failed
