"""Run directories, read back: the facts and scores that every table, grid and page is made of."""

from __future__ import annotations

import json
import warnings
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench import plugins
from bench.api import RequestError
from bench.store.directory import RunDirectory

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import pandas as pd

DEFAULT_FOLDER = Path("results/runs")


class SkippedRunWarning(UserWarning):
    """A run directory that is not complete, not scored or not readable was left out."""


@dataclass(frozen=True)
class Run:
    """One scored run directory; scores and records are read when first asked for.

    spec, summary: as documented in results/README.md.
    """

    path: Path
    spec: Mapping[str, Any]
    summary: Mapping[str, Any]

    @property
    def method(self) -> str:
        """The method's name with the parameters that differed from their defaults."""
        return self._label("method")

    @property
    def mask(self) -> str:
        """The mask's name with the parameters that differed from their defaults."""
        return self._label("mask")

    @property
    def dataset(self) -> str:
        """The dataset's name with the parameters that differed from their defaults."""
        return self._label("dataset")

    @property
    def assets(self) -> str:
        """The method's weights and galleries, "name 8-hex", comma-separated; "" without any."""
        found = self.spec["method"].get("assets") or {}
        return ", ".join(f"{name} {str(digest)[:8]}" for name, digest in sorted(found.items()))

    @property
    def samples(self) -> int:
        """Outputs per image."""
        return int(self.spec.get("samples") or 1)

    @property
    def complete(self) -> bool:
        """Whether every image was completed: only then do its scores enter a table."""
        return bool(self.summary.get("complete"))

    @property
    def n_images(self) -> int:
        """Images completed, whatever the number of samples."""
        return int(self.summary["n"]) // self.samples

    @property
    def n_failed(self) -> int:
        """Outputs that failed."""
        return int(self.summary.get("n_failed") or 0)

    @cached_property
    def scores(self) -> pd.DataFrame:
        """scores.csv: float64 metrics by output id, in the order of the file."""
        import pandas as pd

        # As text first: an image may be called "NA", and float() is exact where the parser is not.
        text = pd.read_csv(self.path / "scores.csv", dtype=str, keep_default_na=False)
        return text.set_index("id").replace("", "nan").astype("float64")

    @cached_property
    def records(self) -> Mapping[str, Mapping[str, Any]]:
        """records.jsonl by output id; the later of two lines with one id counts."""
        records = {}
        for line in (self.path / "records.jsonl").read_bytes().splitlines():
            try:
                record = json.loads(line)
            except (
                ValueError
            ):  # the torn last line of a killed run; bench.store.directory drops it as well
                continue
            records[record["id"]] = record
        return records

    def image_of(self, output_id: str) -> str:
        """Return the id of the image that an output completes: "<id>@<k>" without its sample."""
        return output_id.rpartition("@")[0] if self.samples > 1 else output_id

    def png(self, kind: str, output_id: str) -> Path:
        """Return the path of a "target", "hole", "output" or "raw" PNG."""
        stem = output_id if kind in {"output", "raw"} else self.image_of(output_id)
        return RunDirectory(self.path).image_path(kind, stem)

    def _label(self, part: str) -> str:
        """Return the label recorded when the run began; without one, all recorded parameters."""
        entry = self.spec[part]
        recorded = (self.summary.get("labels") or {}).get(part)
        return str(recorded or plugins.name_with(entry["name"], entry.get("parameters") or {}))


def load_runs(paths: Iterable[str | Path] = (), *, failed: bool = False) -> list[Run]:
    """Return the complete runs among `paths`: run directories or folders of them.

    Without paths, results/runs.  failed: return those with failed images too, for tables to name.
    A run that is not complete, not scored or not readable is skipped with a SkippedRunWarning that
    names it.  Raises RequestError when no complete run is left.
    """
    folders = [Path(path) for path in paths] or [DEFAULT_FOLDER]
    found = [run for folder in folders for run in _runs_in(folder, failed)]
    unique = {run.path.resolve(): run for run in found}
    if not any(run.complete for run in unique.values()):
        listed = ", ".join(map(str, folders))
        raise RequestError(
            f"No complete run in {listed}: give a run directory or a folder of runs made by "
            "`bench run` and scored."
        )
    return list(unique.values())


def scores_frame(runs: Sequence[Run]) -> pd.DataFrame:
    """Return all scores as one table: a row per output, for notebooks.

    Columns: method, mask, dataset, size, seed, id, image, source, hole_fraction, seconds,
    evaluations, run (the directory's name), then a column per metric (NaN where not computed).
    """
    import pandas as pd

    return pd.concat([_scores_of(run) for run in runs], ignore_index=True)


def _runs_in(folder: Path, failed: bool) -> list[Run]:
    """Return the run that `folder` is, or the runs directly inside it, by name."""
    if not folder.is_dir():
        raise RequestError(f"{folder} is not a folder: give a run directory or a folder of runs.")
    candidates = [folder] if _is_run(folder) else sorted(filter(_is_run, folder.iterdir()))
    read = (_read_run(candidate, failed) for candidate in candidates)
    return [run for run in read if run is not None]


def _is_run(folder: Path) -> bool:
    return (folder / "manifest.json").is_file() or (folder / "summary.json").is_file()


def _read_run(folder: Path, failed: bool) -> Run | None:
    """Return the run, or None after a warning that says what it lacks."""
    try:
        summary = json.loads((folder / "summary.json").read_bytes())
        run = Run(folder, summary["spec"], summary)
        readable = all(run.spec[part]["name"] for part in ("method", "mask", "dataset"))
    except FileNotFoundError:
        return _skip(folder, "it has no summary.json; finish it with `bench run`")
    except (OSError, ValueError, KeyError, TypeError) as error:
        return _skip(folder, f"its summary.json is not readable ({error!r})")
    if not readable or not (run.complete or (failed and run.n_failed)):
        why = f" ({run.n_failed} images failed: repair them or take them out)"
        why = why if run.n_failed else ""
        return _skip(folder, f"it is not complete{why}; finish it with `bench run`")
    if not (folder / "scores.csv").is_file():
        return _skip(folder, "it has no scores.csv; score it again")
    return run


def _skip(folder: Path, reason: str) -> Run | None:
    warnings.warn(f"Run {folder.name} is left out: {reason}.", SkippedRunWarning, stacklevel=4)
    return None


def _scores_of(run: Run) -> pd.DataFrame:
    frame = run.scores.reset_index()
    records = [run.records.get(output_id, {}) for output_id in frame["id"]]
    images = [run.image_of(output_id) for output_id in frame["id"]]
    facts: dict[str, object] = {
        "method": run.method,
        "mask": run.mask,
        "dataset": run.dataset,
        "size": run.spec.get("size"),
        "seed": run.spec.get("seed"),
        "id": frame.pop("id"),
        "image": images,
        "source": [
            record.get("source", image) for record, image in zip(records, images, strict=True)
        ],
        **{
            key: [record.get(key) for record in records]
            for key in ("hole_fraction", "seconds", "evaluations")
        },
        "run": run.path.name,
    }
    for position, (name, values) in enumerate(facts.items()):
        frame.insert(position, name, values)  # type: ignore[arg-type]
    return frame
