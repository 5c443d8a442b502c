"""Make the committed reference results: results/leaderboards and their lines of published.csv.

    python tests/benchmarks/reference_results.py
    python tests/benchmarks/reference_results.py --suites free-256 --only patchmatch,telea

Runs the suites of SUITES whose images are on this machine (what is done is kept, so after new
weights only their method runs again), then writes for each

    results/leaderboards/FOLDER/leaderboard.{md,csv,tex,html}
    results/leaderboards/FOLDER/runs/RUN/{manifest.json,records.jsonl,scores.csv,summary.json}

without PNGs, and with only those facts of records that `bench verify` and the tables need.  Ends
with a count of bytes and an error if a file names this machine, its user or one of its paths.
"""

from __future__ import annotations

import argparse
import csv
import getpass
import io
import json
import os
import shutil
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Reference:
    """A suite's folder, how many pictures its page has, and whether `bench table` has it.

    pictures: 0 for images that may not be given away, which have no page.  All of
    results/leaderboards stays below 8 MB.
    """

    folder: str
    pictures: int
    published: bool = False


SUITES = {
    "reference-photos": Reference("photos", 50, published=True),
    "reference-fashion-mnist": Reference("fashion-mnist", 30, published=True),
    "free-256": Reference("free-photos-256", 42),
    "free-512": Reference("free-photos-512", 60),
    "reference-tiny-imagenet": Reference("tiny-imagenet", 0),
}
PUBLISHED = ROOT / "bench/report/published/published.csv"
FORMATS = {"md": "md", "csv": "csv", "latex": "tex", "html": "html"}
# Of committed scores and shares of holes; `bench verify` compares scores to 1e-4.
DIGITS = 7
KEPT = ("id", "source", "status", "hole_fraction", "pixels_sha256")
HASH_DIGITS = 16  # of pixels_sha256: the whole hashes were half of what the references take


def main() -> None:
    """Run what is missing, then write everything."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=Path, default=Path("results/runs"), help="where runs are")
    parser.add_argument("--out", type=Path, default=Path("results/leaderboards"))
    parser.add_argument(
        "--suites", help=f"of {','.join(SUITES)} (default: those whose images are on this machine)"
    )
    parser.add_argument("--skip", default="", help="methods to leave out for now, such as ddpm")
    parser.add_argument("--only", default="", help="methods to run and show, and no others")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--no-published", action="store_true", help="leave published.csv alone")
    options = parser.parse_args()
    os.environ.setdefault("GOMP_SPINCOUNT", "3000")  # as in bench.cli
    sys.path.insert(0, str(ROOT))
    # All runs first: what is written makes the checkout differ from its commit, which manifests
    # would say.
    suites = options.suites.split(",") if options.suites else with_images()
    made = {
        s: run_suite(s, options.runs, options.device, chosen(options.skip, options.only))
        for s in suites
    }
    for suite, paths in made.items():
        lines = write_references(suite, paths, options.out)
        if SUITES[suite].published and not options.no_published:
            replace_published(suite, lines)
    report_sizes(options.out)


def chosen(skip: str, only: str) -> Callable[[str], bool]:
    """Return a function that tells whether a method, by name, is left out."""
    skipped, requested = skip.split(","), only.split(",")
    return lambda name: name in skipped or (only != "" and name not in requested)


def with_images() -> list[str]:
    """Return the suites whose images are on this machine, and say which are left out."""
    from bench.api import DataNotFoundError
    from bench.plan import request

    found = []
    for suite in SUITES:
        requested = request.suite(suite)
        try:
            request.load_dataset(requested.dataset, requested.size)
        except DataNotFoundError as error:
            print(f"{suite} is left out: {error}")
        else:
            found.append(suite)
    return found


def run_suite(suite: str, out: Path, device: str, left_out: Callable[[str], bool]) -> list[Path]:
    """Make the suite's missing runs and return all run directories; exits when an image failed."""
    from bench.cli.progress import shown
    from bench.plan import request
    from bench.runner import benchmark
    from bench.runner.options import Options

    requested = request.suite(suite)
    runs = [run for run in request.runs(requested) if not left_out(run.method.name)]
    with shown(quiet=False) as progress:
        results = benchmark.run_all(
            runs, Options(out, device), metrics=requested.metrics, workers=1, progress=progress
        )
    failed = [str(r.path) for r in results if not (r.summary and r.summary.complete)]
    if failed:
        sys.exit(f"Images failed in {', '.join(failed)}.")
    return [result.path for result in results]


def write_references(suite: str, paths: list[Path], out: Path) -> list[dict[str, object]]:
    """Write one suite's folder anew; return its lines of published.csv."""
    from bench.report import leaderboard
    from bench.report.boards import make_boards
    from bench.store.scored_run import load_runs

    folder = out / SUITES[suite].folder
    shutil.rmtree(folder, ignore_errors=True)
    for path in paths:
        copy_facts(path, folder / "runs" / path.name)
    # The tables are of the rounded scores that are committed; the page needs the runs' PNGs.
    runs = load_runs([folder / "runs" / path.name for path in paths])
    with_pictures = load_runs(paths)
    shown = {k: e for k, e in FORMATS.items() if SUITES[suite].pictures or k != "html"}
    for kind, ending in shown.items():
        chosen_runs = with_pictures if kind == "html" else runs
        text = leaderboard.render(chosen_runs, kind, pictures=SUITES[suite].pictures)
        data = text.encode() if isinstance(text, str) else text
        (folder / f"leaderboard.{ending}").write_bytes(data)
    return [line for board in make_boards(runs) for line in published_lines(suite, board)]


def copy_facts(run: Path, out: Path) -> None:
    """Copy a run without its PNGs, and with only the fields KEPT of its records."""
    out.mkdir(parents=True)
    shutil.copyfile(run / "manifest.json", out / "manifest.json")
    (out / "scores.csv").write_text(rounded((run / "scores.csv").read_text("utf-8")), "utf-8")
    compact = {"separators": (",", ":"), "allow_nan": False, "ensure_ascii": False}
    summary = json.loads((run / "summary.json").read_bytes())
    (out / "summary.json").write_text(json.dumps(summary, **compact) + "\n", "utf-8")
    records = [json.loads(line) for line in (run / "records.jsonl").read_bytes().splitlines()]
    kept = [kept_facts(record) for record in sorted(records, key=lambda r: r["id"])]
    text = "".join(json.dumps(record, **compact) + "\n" for record in kept)
    (out / "records.jsonl").write_text(text, "utf-8")


def rounded(scores: str) -> str:
    """Return the text of a scores.csv with its numbers at DIGITS significant digits."""
    head, *rows = scores.splitlines()
    cells = ((name, *map(shorter, numbers)) for name, *numbers in csv.reader(rows))
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(cells)
    return f"{head}\n{text.getvalue()}"


def shorter(number: str) -> str:
    """Return a number, as in a scores.csv, at DIGITS significant digits; an empty one as it is."""
    return f"{float(number):.{DIGITS}g}" if number else ""


def kept_facts(record: dict[str, Any]) -> dict[str, Any]:
    """Return the committed fields of a record; a source equal to the id is left out."""
    kept = {
        key: record[key]
        for key in KEPT
        if key in record and not (key == "source" and record[key] == record["id"])
    }
    if "pixels_sha256" in kept:
        kept["pixels_sha256"] = kept["pixels_sha256"][:HASH_DIGITS]
    if "hole_fraction" in kept:
        kept["hole_fraction"] = float(shorter(str(kept["hole_fraction"])))
    return kept


def published_lines(suite: str, board: Any) -> list[dict[str, object]]:
    """Return a board as lines of published.csv."""
    from bench.report.rounding import column, decimals

    return [
        {
            "paper": "inpaint-bench",
            "table": suite,
            "dataset": board.dataset,
            "size": board.size,
            "n_images": cell.n,
            "protocol": f"composed; mean over seeds {' '.join(map(str, row.seeds))}",
            "mask": board.mask,
            "method": row.method,
            "metric": metric.name,
            "value": f"{cell.value:.{decimals(column(board, metric))}f}",
            "provenance": f"this project, results/leaderboards/{board.dataset}",
        }
        for row in board.rows
        for metric in board.metrics
        if (cell := row.cells.get(metric.name)) is not None
    ]


def replace_published(suite: str, lines: list[dict[str, object]]) -> None:
    """Replace a suite's lines in published.csv, at its end; all others stay byte for byte."""
    head, *rest = PUBLISHED.read_bytes().splitlines(keepends=True)
    others = [line for line in rest if not line.startswith(f"inpaint-bench,{suite},".encode())]
    text = io.StringIO()
    ending = "\r\n" if head.endswith(b"\r\n") else "\n"
    writer = csv.DictWriter(text, head.decode().strip().split(","), lineterminator=ending)
    writer.writerows(lines)
    PUBLISHED.write_bytes(head + b"".join(others) + text.getvalue().encode())


def report_sizes(out: Path) -> None:
    """Print the bytes of each folder; exit with an error where a file names this machine."""
    private = {f'"{socket.gethostname()}"', str(ROOT), str(Path.home()), f"/{getpass.getuser()}/"}
    total = 0
    for path in sorted(p for p in out.rglob("*") if p.is_file()):
        data = path.read_bytes()
        total += len(data)
        if named := [text for text in private if text.encode() in data]:
            sys.exit(f"{path} names this machine: {named}.")
        if path.parent.parent == out:
            print(f"{path}: {len(data):,} bytes")
    print(f"{out}: {total:,} bytes")


if __name__ == "__main__":
    main()
