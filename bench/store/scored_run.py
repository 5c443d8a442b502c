"""Run directories, read back: the facts and scores that every table, grid and page is made of."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from bench import plugins
from bench.api import RequestError
from bench.plan.ids import image_of
from bench.store.directory import RunDirectory
from bench.store.record import Record, read_records
from bench.store.state import read_state
from bench.store.summary import Summary, read_summary

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import pandas as pd

    from bench.plan.spec import Identity, Spec

DEFAULT_FOLDER = Path("results/runs")


class SkippedRunWarning(UserWarning):
    """A run directory that is not complete, not scored or not readable was left out."""


@dataclass(frozen=True)
class ScoredRun:
    """One scored run directory; scores and records are read when first asked for.

    spec, summary: as documented in results/README.md.  images: the ids of those that a table takes
    its scores from; None for all of the run's.
    """

    path: Path
    spec: Spec
    summary: Summary
    images: frozenset[str] | None = None

    @property
    def method(self) -> str:
        """The method's name with the parameters that differed from their defaults."""
        return self._label("method", self.spec["method"])

    @property
    def mask(self) -> str:
        """The mask's name with the parameters that differed from their defaults."""
        return self._label("mask", self.spec["mask"])

    @property
    def dataset(self) -> str:
        """The dataset's name with the parameters that differed from their defaults."""
        return self._label("dataset", self.spec["dataset"])

    @property
    def assets(self) -> str:
        """The method's weights and galleries, "name 8-hex", comma-separated; "" without any.

        Of weights that the method chose from, those that completed images, where it notes them.
        """
        hashes = self.spec["method"].get("assets") or {}
        used = self.summary.weights
        if used and set(used) <= {name.partition("/")[0] for name in hashes}:
            hashes = {k: v for k, v in hashes.items() if k.partition("/")[0] in used}
        return ", ".join(f"{name} {str(digest)[:8]}" for name, digest in sorted(hashes.items()))

    @property
    def licence(self) -> str:
        """The licence of the method and its weights, as its card or its user says it; "" if none.

        The card is that of a submission that was checked.
        """
        state = read_state(self.path)
        told = state.licence if state is not None else ""
        return told or str((self.summary.labels or {}).get("licence", ""))

    @property
    def samples(self) -> int:
        """Outputs per image."""
        return int(self.spec.get("samples") or 1)

    @property
    def complete(self) -> bool:
        """Whether every image was completed."""
        return self.summary.complete

    @property
    def n_images(self) -> int:
        """Images completed, whatever the number of samples; of those taken, where some are."""
        return self.summary.n // self.samples if self.images is None else len(self.images)

    @property
    def n_asked(self) -> int:
        """Images that the run was to complete."""
        return int(self.spec["dataset"].get("n") or self.n_images)

    @property
    def n_failed(self) -> int:
        """Outputs that failed."""
        return self.summary.n_failed

    @cached_property
    def scores(self) -> pd.DataFrame:
        """scores.csv: float64 metrics by output id, in the order of the file; of images taken."""
        import pandas as pd

        # As text first: an image may be called "NA", and float() is exact where the parser is not.
        text = pd.read_csv(self.path / "scores.csv", dtype=str, keep_default_na=False)
        table = text.set_index("id").replace("", "nan").astype("float64")
        if self.images is None:
            return table
        return table[[self.image_of(output_id) in self.images for output_id in table.index]]

    @cached_property
    def records(self) -> Mapping[str, Record]:
        """records.jsonl by output id; the later of two lines with one id counts."""
        return {record.id: record for record in read_records(self.path)}

    def image_of(self, output_id: str) -> str:
        """Return the id of the image that an output completes."""
        return image_of(output_id, self.samples)

    def source_of(self, output_id: str) -> str:
        """Return the photograph that an output is of: the image itself where none is recorded."""
        record = self.records.get(output_id)
        image = self.image_of(output_id)
        return image if record is None or record.source == output_id else record.source

    def png(self, kind: str, output_id: str) -> Path:
        """Return the path of a "target", "hole", "output" or "raw" PNG."""
        stem = output_id if kind in {"output", "raw"} else self.image_of(output_id)
        return RunDirectory(self.path).image_path(kind, stem)

    def _label(self, part: str, entry: Identity) -> str:
        """Return the label recorded when the run began; without one, all recorded parameters."""
        recorded = (self.summary.labels or {}).get(part)
        return str(recorded or plugins.name_with(entry["name"], entry.get("parameters") or {}))


def load_runs(paths: Iterable[str | Path] = (), *, failed: bool = False) -> list[ScoredRun]:
    """Return the complete runs among `paths`: run directories or folders of them.

    Without paths, results/runs.  failed: return those too of which every image that is not
    completed has failed.
    A run that is not complete, not scored or not readable is skipped with a SkippedRunWarning that
    names it.  Raises RequestError when no complete run is left.
    """
    folders = [Path(path) for path in paths] or [DEFAULT_FOLDER]
    loaded = [run for folder in folders for run in _runs_in(folder, failed)]
    unique = {run.path.resolve(): run for run in loaded}
    if not any(run.complete or (failed and run.summary.n) for run in unique.values()):
        listed = ", ".join(map(str, folders))
        raise RequestError(
            f"No complete run in {listed}: give a run directory or a folder of runs made by "
            "`bench run` and scored."
        )
    return list(unique.values())


def scores_frame(runs: Sequence[ScoredRun]) -> pd.DataFrame:
    """Return all scores as one table: a row per output, for notebooks.

    Columns: method, mask, dataset, size, seed, id, image, source, hole_fraction, seconds,
    evaluations, gradients, run (the directory's name), then a column per metric (NaN where not
    computed).
    """
    import pandas as pd

    return pd.concat([_scores_of(run) for run in runs], ignore_index=True)


def run_folders(paths: Iterable[Path]) -> list[Path]:
    """Return the run directories among `paths`, and those inside folders among them, by name.

    What is not a run, such as reports/ beside them, is skipped.  Raises RequestError for a path
    that is not a folder.
    """
    return list(dict.fromkeys(run for path in paths for run in _folders_in(path)))


def _folders_in(folder: Path) -> list[Path]:
    """Return the run that `folder` is, or the runs directly inside it, by name."""
    if not folder.is_dir():
        raise RequestError(f"{folder} is not a folder: give a run directory or a folder of runs.")
    return [folder] if _is_run(folder) else sorted(filter(_is_run, folder.iterdir()))


def _runs_in(folder: Path, failed: bool) -> list[ScoredRun]:
    read = (_read_run(candidate, failed) for candidate in _folders_in(folder))
    return [run for run in read if run is not None]


def _is_run(folder: Path) -> bool:
    return (folder / "manifest.json").is_file() or (folder / "summary.json").is_file()


def _read_run(folder: Path, failed: bool) -> ScoredRun | None:
    """Return the run, or None after a warning that says what it lacks."""
    try:
        summary = read_summary(folder)
    except FileNotFoundError:
        return _skip(folder, "it has no summary.json; finish it with `bench run`")
    except (OSError, ValueError) as error:
        return _skip(folder, f"its summary.json is not readable ({error})")
    run = ScoredRun(folder, summary.spec, summary)
    ended = run.summary.n + run.n_failed >= run.n_asked * run.samples
    if not (run.complete or (failed and run.n_failed and ended)):
        why = f" ({run.n_failed} images failed: repair them or take them out)"
        why = why if run.n_failed else ""
        return _skip(folder, f"it is not complete{why}; finish it with `bench run`")
    if not (folder / "scores.csv").is_file():
        return _skip(folder, "it has no scores.csv; score it again")
    return run


def _skip(folder: Path, reason: str) -> ScoredRun | None:
    warnings.warn(f"Run {folder.name} is left out: {reason}.", SkippedRunWarning, stacklevel=4)
    return None


def _scores_of(run: ScoredRun) -> pd.DataFrame:
    frame = run.scores.reset_index()
    ids = list(frame.pop("id"))
    records = [run.records.get(output_id) for output_id in ids]
    facts: dict[str, object] = {
        "method": run.method,
        "mask": run.mask,
        "dataset": run.dataset,
        "size": run.spec.get("size"),
        "seed": run.spec.get("seed"),
        "id": ids,
        "image": [run.image_of(output_id) for output_id in ids],
        "source": [run.source_of(output_id) for output_id in ids],
        **{
            key: [record and getattr(record, key) for record in records]
            for key in ("hole_fraction", "seconds", "evaluations", "gradients")
        },
        "run": run.path.name,
    }
    for position, (name, values) in enumerate(facts.items()):
        frame.insert(position, name, values)  # type: ignore[arg-type]
    return frame
