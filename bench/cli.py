"""The command line: each command parses, makes one call and prints.

Nothing heavy is imported before the command that needs it: `bench --help` stays instant.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bench.api import RequestError

if TYPE_CHECKING:
    from bench.campaign import Result
    from bench.request import Request

RUNS = Path("results/runs")
FOLDER = click.Path(path_type=Path, file_okay=False)
FILE = click.Path(path_type=Path, dir_okay=False)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="inpaint-bench")
def cli() -> None:
    """Benchmark image inpainting: holes, methods, metrics, tables."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; a wrong request is one line on stderr and exit code 2."""
    try:
        code = cli.main(args=arguments, prog_name="bench", standalone_mode=False)
        sys.exit(code if isinstance(code, int) else 0)
    except click.exceptions.Abort:
        _fail("Interrupted; what was finished is kept. Run the same command to go on.", 130)
    except click.ClickException as error:
        _fail(" ".join(error.format_message().split()), 2)
    except RequestError as error:
        _fail(" ".join(str(error).split()), 2)


def _fail(message: str, code: int) -> None:
    click.echo(f"Error: {message}", err=True)
    sys.exit(code)


@cli.command()
@click.option("--suite", help="A named grid of runs; other options override its entries.")
@click.option("--method", "methods", multiple=True, help="NAME or NAME:key=value,... ; a list.")
@click.option("--mask", "masks", multiple=True, help="NAME or NAME:key=value,... ; a list.")
@click.option("--dataset", help="NAME, NAME:key=value or folder:PATH.  [default: photos]")
@click.option("--size", type=click.IntRange(1), help="Side of the images, pixels.")
@click.option("--limit", type=click.IntRange(1), help="Use the first N images.")
@click.option("--seed", "seeds", help="Seeds of the methods, such as 0,1,2.  [default: 0]")
@click.option("--mask-seed", type=click.IntRange(0), help="Seed of the holes.  [default: 0]")
@click.option("--samples", type=click.IntRange(1), help="Completions an image.  [default: 1]")
@click.option("--metrics", help="A list, or none.  [default: l1,psnr,ssim,lpips]")
@click.option("--precision", help="auto, fp32 or bf16, for methods that have it.  [default: auto]")
@click.option("--out", type=FOLDER, default=RUNS, show_default=True, help="Where runs are kept.")
@click.option("--device", default="cpu", show_default=True, help="cpu, cuda or cuda:N.")
@click.option("--batch-size", type=click.IntRange(1), default=8, show_default=True)
@click.option("--workers", type=click.IntRange(1), help="Processes.  [default: by method]")
@click.option("--timeout", type=click.FloatRange(0, min_open=True), help="Seconds an image.")
@click.option("--keep-raw", is_flag=True, help="Keep outputs as they were before composing.")
@click.option("--json", "as_json", is_flag=True, help="Print a summary as JSON on stdout.")
@click.option("--quiet", is_flag=True, help="Print nothing but errors.")
def run(
    *,
    suite: str | None,
    out: Path,
    device: str,
    batch_size: int,
    workers: int | None,
    timeout: float | None,
    keep_raw: bool,
    as_json: bool,
    quiet: bool,
    **asked: Any,
) -> int:
    """Run methods on holes of a dataset, score them, and compare; resumes by itself."""
    from bench import campaign, request
    from bench.runner import Options

    wanted = _request(suite, asked)
    options = Options(out, device, batch_size, timeout=timeout, keep_raw=keep_raw)
    with campaign.shown(quiet=quiet or as_json) as progress:
        results = campaign.run_all(
            request.runs(wanted),
            options,
            metrics=wanted.metrics,
            workers=workers,
            progress=progress,
        )
    if as_json:
        click.echo(json.dumps(_as_json(results), indent=2, allow_nan=False))
    elif not quiet:
        _print_results(results, out / "reports" / (suite or "latest"))
    return 1 if any(result.report.failed for result in results) else 0


def _request(suite: str | None, asked: dict[str, Any]) -> Request:
    """Return the suite's request, or the default one, with what was asked for on top."""
    from bench import plugins, request

    fields: dict[str, Any] = request.suite(suite) if suite else {}
    for key, value in asked.items():
        if value is None or value == ():
            continue
        if key in {"methods", "masks"}:
            value = tuple(plugins.split_list(value))
        elif key == "metrics":
            value = tuple(plugins.split_list([value]))
        elif key == "seeds":
            value = request.seeds(value)
        fields[key] = value
    return request.Request(**fields)


def _as_json(results: list[Result]) -> dict[str, Any]:
    runs = [
        {
            "path": str(r.report.path),
            "n": r.report.n,
            "n_new": r.report.n_new,
            "failed": r.report.failed,
            "remarks": r.report.remarks,
            "summary": r.summary or None,
        }
        for r in results
    ]
    return {"runs": runs}


def _print_results(results: list[Result], reports: Path) -> None:
    """Print what was done, the table, and where the leaderboard and the grid lie."""
    for result in results:
        report = result.report
        state = "nothing to do" if not report.n_new else f"{report.n_new} new"
        failed = f", {len(report.failed)} failed" if report.failed else ""
        remarks = "".join(f"; {remark}" for remark in report.remarks)
        click.echo(f"{report.path}: {report.n} images, {state}{failed}{remarks}")
        for image_id, error in list(report.failed.items())[:20]:
            click.echo(f"  failed: {image_id}: {error}", err=True)
    complete = [r.report.path for r in results if r.summary.get("complete")]
    if complete:
        _write_reports(complete, reports)


def _write_reports(paths: list[Path], reports: Path) -> None:
    from bench.report import grid, leaderboard
    from bench.report.runs import load_runs
    from bench.store import write_atomic

    loaded = load_runs(paths)
    table = leaderboard.render(loaded, "md")
    text = table if isinstance(table, str) else table.decode()
    write_atomic(reports / "leaderboard.md", text.encode())
    grid.draw_grid(loaded, out=reports / "grid.png")
    click.echo(f"\n{text}")
    click.echo(f"leaderboard: {reports / 'leaderboard.md'}")
    click.echo(f"grid:        {reports / 'grid.png'}")


@cli.command()
@click.argument("runs", nargs=-1, type=click.Path(path_type=Path))
@click.option("--outputs", type=FOLDER, help="A folder of outputs made elsewhere.")
@click.option("--name", default="outputs", show_default=True, help="Their method's name in tables.")
@click.option("--layout", help="Their file names, with {id}.  [default: detected]")
@click.option("--dataset", default="photos", show_default=True)
@click.option("--mask", default="center-box", show_default=True)
@click.option("--size", type=click.IntRange(1))
@click.option("--limit", type=click.IntRange(1))
@click.option("--mask-seed", type=click.IntRange(0), default=0, show_default=True)
@click.option("--metrics", help="A list.  [default: l1,psnr,ssim,lpips]")
@click.option("--out", type=FOLDER, default=RUNS, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print a summary as JSON on stdout.")
@click.option("--quiet", is_flag=True)
def score(
    *,
    runs: tuple[Path, ...],
    outputs: Path | None,
    metrics: str | None,
    out: Path,
    as_json: bool,
    quiet: bool,
    **asked: Any,
) -> int:
    """Score outputs made elsewhere (--outputs), or run directories again with other metrics."""
    from bench import campaign, plugins, rescore

    names = tuple(plugins.split_list([metrics])) if metrics else None
    with campaign.shown(quiet=quiet or as_json) as progress:
        if outputs is None:
            results = rescore.runs(runs, metrics=names, progress=progress)
        else:
            results = rescore.outputs(outputs, asked, out=out, metrics=names, progress=progress)
    if as_json:
        click.echo(json.dumps(_as_json(results), indent=2, allow_nan=False))
    elif not quiet:
        _print_results(results, out / "reports" / "scored")
    return 1 if any(result.report.failed for result in results) else 0


@cli.command("list")
@click.argument(
    "kind", required=False, type=click.Choice(["methods", "masks", "datasets", "metrics", "suites"])
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_plugins(*, kind: str | None, as_json: bool) -> None:
    """List methods, masks, datasets, metrics and suites, with their parameters."""
    from bench import listing

    entries = listing.everything(kind)
    click.echo(json.dumps(entries, indent=2) if as_json else listing.as_text(entries))


@cli.command()
@click.argument("kind")
@click.option("--count", type=click.IntRange(1), default=64, show_default=True)
@click.option("--size", type=click.IntRange(8), default=256, show_default=True)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
@click.option("--out", type=FOLDER, required=True, help="Folder of the pack.")
@click.option("--quiet", is_flag=True)
def masks(*, kind: str, count: int, size: int, seed: int, out: Path, quiet: bool) -> None:
    """Draw a checksummed pack of masks, its statistics and a contact sheet."""
    from bench import campaign, plugins
    from masks.pack import write_pack

    generator = plugins.mask(kind)
    with campaign.shown(quiet=quiet) as progress:
        on_progress = progress.stage(f"masks {generator.name}")
        summary = write_pack(
            generator,
            count=count,
            size=size,
            seed=seed,
            out=out,
            on_progress=lambda done: on_progress(done, count),
        )
    if not quiet:
        ratios = summary.statistics
        click.echo(
            f"{summary.path}: {count} masks of {size}x{size}, hole ratio mean {ratios.mean:.3f}, "
            f"5th to 95th percentile {ratios.p5:.3f} to {ratios.p95:.3f}\n"
            f"sha256 {summary.sha256}\ncontact sheet {summary.sheet}"
        )


@cli.command()
@click.argument("runs", nargs=-1, type=click.Path(path_type=Path))
@click.option("--format", "kind", default="md", show_default=True, help="md, csv, latex, html ...")
@click.option("--metrics", help="A list.  [default: all that were computed]")
@click.option("--out", type=FILE, help="Write to a file instead of stdout.")
def leaderboard(
    *, runs: tuple[Path, ...], kind: str, metrics: str | None, out: Path | None
) -> None:
    """Compare complete runs in one table (default: all under results/runs)."""
    from bench import plugins
    from bench.report import leaderboard as report
    from bench.report.runs import load_runs

    names = plugins.split_list([metrics]) if metrics else None
    _emit(report.render(load_runs(runs or (RUNS,)), kind, metrics=names), out)


@cli.command()
@click.argument("runs", nargs=-1, type=click.Path(path_type=Path))
@click.option("--count", type=click.IntRange(1), default=8, show_default=True, help="Images.")
@click.option("--out", type=FILE, default=Path("grid.png"), show_default=True)
def grid(*, runs: tuple[Path, ...], count: int, out: Path) -> None:
    """Draw a comparison grid: rows are images; columns target, hole, each method."""
    from bench.report import grid as report
    from bench.report.runs import load_runs

    report.draw_grid(load_runs(runs or (RUNS,)), count=count, out=out)
    click.echo(str(out))


@cli.command()
@click.argument("name", required=False)
@click.option("--fetch", is_flag=True, help="Fetch NAME, or everything that is missing.")
def weights(*, name: str | None, fetch: bool) -> None:
    """List every file of weights: what for, where it is, its hash; or fetch them."""
    from bench import campaign, listing

    with campaign.shown(quiet=not fetch) as progress:
        click.echo(listing.weights(name, fetch=fetch, progress=progress))


def _emit(content: str | bytes, out: Path | None) -> None:
    """Print a report, or write it to a file."""
    from bench.store import write_atomic

    data = content.encode() if isinstance(content, str) else content
    if out is None:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        return
    write_atomic(out, data)
    click.echo(str(out))
