"""Paper tables: published and reproduced numbers, and differences between the settings."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bench import plugins
from bench.api import HasAssets, RequestError
from bench.plugins import parts
from bench.report.boards import make_boards
from bench.report.entries import interval_text
from bench.report.leaderboard import PAPER_FORMATS
from bench.report.markdown import escape
from bench.report.protocol import load_protocol, published
from bench.report.protocol_matrix import Line, one_table
from bench.report.rounding import decimals

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from bench.report.boards import Board, Row
    from bench.report.cells import Cell
    from bench.report.protocol import Counterpart, Protocol, PublishedNumber
    from bench.store.scored_run import ScoredRun


FORMATS = ("md", *(name for name in PAPER_FORMATS if name != "md"))


def render(
    name: str,
    runs: Sequence[ScoredRun] = (),
    format: str = "md",
    *,
    any_dataset: bool = False,
    bare: bool = False,
) -> str:
    """Return the table of protocol `name`, in one of FORMATS.

    Markdown has a table per mask, with differences; the other formats have one, with a group of
    columns per mask.  bare: that one alone, without caption and notes.  runs: only those on the
    protocol's masks and dataset are used; with any_dataset those on other datasets too, under a
    note that they are not comparable.  Without runs the table holds the published numbers and lists
    what is missing.  Raises RequestError for an unknown name or format.
    """
    if format not in FORMATS:
        raise RequestError(f"Unknown format {format!r}. Known: {', '.join(FORMATS)}.")
    protocol = load_protocol(name)
    chosen = [run for run in runs if _belongs(run, protocol, any_dataset)]
    boards = make_boards(chosen, _metrics(chosen, protocol)) if chosen else []
    numbers = published(protocol)
    lists = {
        "Not comparable": _differences(boards, chosen, protocol),
        "Missing": missing(protocol, chosen),
        "Notes": [*protocol.notes, *_sources(numbers)],
    }
    if format == "md":
        return _sections(protocol, boards, numbers, lists)
    notes = [f"{title}: {' '.join(items)}" for title, items in lists.items() if items]
    made = one_table(protocol, boards, lines_on, numbers)
    return PAPER_FORMATS[format](replace(made, notes=tuple(notes), bare=bare))


def _sections(
    protocol: Protocol,
    boards: Sequence[Board],
    numbers: Sequence[PublishedNumber],
    lists: Mapping[str, Sequence[str]],
) -> str:
    """Return the Markdown: a section per mask, then what is not comparable."""
    parts = [f"## {escape(protocol.title)}", _protocol_line(protocol)]
    for theirs, ours in protocol.masks.items():
        on_mask: list[Board | None] = [board for board in boards if board.mask == ours]
        parts += [_section(theirs, ours, b, numbers, protocol) for b in on_mask or [None]]
    for title, items in lists.items():
        parts += _listed(title, items)
    return "\n\n".join(part for part in parts if part) + "\n"


def missing(protocol: Protocol, runs: Sequence[ScoredRun]) -> list[str]:
    """Return a sentence for each run, dataset and checkpoint that a protocol lacks."""
    done = {run.mask for run in runs}
    without = [mask for mask in protocol.masks.values() if mask not in done]
    sentences = [f"No run on {', '.join(without)}."] if without else []
    try:
        plugins.dataset(protocol.dataset, size=protocol.size).ids()
    except RequestError as error:
        sentences.append(f"Dataset: {error}")
    for theirs, ours in protocol.counterparts.items():
        if not any(_is(run, ours) for run in runs):
            sentences.append(_missing_method(theirs, ours))
    return sentences


def _missing_method(theirs: str, ours: Counterpart) -> str:
    """Return that a counterpart was not run, which checkpoint it needs, and missing files."""
    try:
        plugin = plugins.method(ours.spec)
        if isinstance(plugin, HasAssets):
            plugin.assets()
        state = ""
    except (RequestError, OSError) as error:
        state = f" {error}"
    return f"{theirs}: no run of {ours.spec}; the paper's checkpoint is {ours.checkpoint}.{state}"


def _is(run: ScoredRun, ours: Counterpart) -> bool:
    """Return whether a run is of our counterpart of a published method, its weights and sampler."""
    method, counterpart = run.spec["method"], plugins.method(ours.spec)
    used, wanted = method.get("parameters") or {}, plugins.parameters(counterpart)
    keys = ("weights", *parts.choices(type(counterpart)))
    return method["name"] == ours.method and all(used.get(k) == wanted.get(k) for k in keys)


def _belongs(run: ScoredRun, protocol: Protocol, any_dataset: bool) -> bool:
    same = run.spec["dataset"]["name"] == protocol.dataset
    return run.mask in protocol.masks.values() and (same or any_dataset)


def _metrics(runs: Sequence[ScoredRun], protocol: Protocol) -> list[str]:
    """Return the protocol's metrics that some run has; raises RequestError when there is none."""
    scored = {name for run in runs for name in run.summary.metrics}
    shared = [name for name in protocol.metrics if name in scored]
    if not shared:
        raise RequestError(
            f"The runs have none of the table's metrics: {', '.join(protocol.metrics)}. "
            f"Score them: --metrics {','.join(protocol.metrics)}."
        )
    return shared


def _section(
    theirs: str,
    ours: str,
    board: Board | None,
    numbers: Sequence[PublishedNumber],
    protocol: Protocol,
) -> str:
    """Return one mask's table: a row per method, published, reproduced and difference."""
    lines = lines_on(ours, board, numbers, protocol)
    if not lines:
        return ""
    name = escape(theirs) if theirs == ours else f"{escape(theirs)} (here {escape(ours)})"
    head = ["method"]
    for metric in protocol.metrics:
        head += [f"{metric} published", "reproduced", "difference"]
    head += ["n", "dataset"]
    body = [_text(line, board, protocol) for line in lines]
    table = [head, ["---", *["---:"] * (len(head) - 2), "---"], *body]
    return f"### {name}\n\n" + "\n".join(f"| {' | '.join(row)} |" for row in table)


def lines_on(
    mask: str, board: Board | None, numbers: Sequence[PublishedNumber], protocol: Protocol
) -> list[Line]:
    """Return the published methods, each with its counterpart's row, then our other rows."""
    values: dict[str, dict[str, str]] = {}
    for number in (n for n in numbers if n.mask == mask):
        values.setdefault(number.method, {})[number.metric] = number.text
    left = list(board.rows) if board else []
    lines = []
    for method, theirs in values.items():
        row = next((row for row in left if _repeats(row, method, protocol)), None)
        if row is not None:
            left.remove(row)
        lines.append(Line(method, theirs, row))
    return [*lines, *(Line(row.method, {}, row) for row in left)]


def _repeats(row: Row, published_method: str, protocol: Protocol) -> bool:
    """Return whether a row is a published method's counterpart or has its name."""
    ours = protocol.counterparts.get(published_method)
    return row.method == published_method or (ours is not None and _is(row.runs[0], ours))


def _text(line: Line, board: Board | None, protocol: Protocol) -> list[str]:
    here = "" if line.row is None or line.method == line.row.method else line.row.method
    cells = [escape(f"{line.method} (here {here})" if here else line.method)]
    for metric in protocol.metrics:
        theirs = line.published.get(metric)
        cells += _compared(theirs, line.row.cells.get(metric) if line.row else None)
    n = str(line.row.n) if line.row else "–"
    return [*cells, n, escape(board.dataset) if board and line.row else "–"]


def _compared(theirs: str | None, cell: Cell | None) -> list[str]:
    """Return published (as printed), reproduced with its interval, and difference."""
    if cell is None:
        return [theirs or "–", "–", "–"]
    places = max(decimals([cell.value]), len((theirs or "").partition(".")[2]))
    ours = f"{cell.value:.{places}f} {interval_text(cell, places)}".rstrip()
    if theirs is None:
        return ["–", ours, "–"]
    difference = round(cell.value - float(theirs), places)
    return [theirs, ours, f"{difference:+.{places}f}" if difference else "0"]


def _differences(
    boards: Iterable[Board], runs: Sequence[ScoredRun], protocol: Protocol
) -> list[str]:
    """Return a sentence for each difference between the runs and the protocol."""
    sentences = []
    for board in boards:
        if board.rows[0].runs[0].spec["dataset"]["name"] != protocol.dataset:
            sentences.append(f"Dataset: {board.dataset} here, {protocol.dataset} in the paper.")
        if board.size != protocol.size:
            sentences.append(f"Size: {board.size} here, {protocol.size} in the paper.")
        if board.n != protocol.n:
            sentences.append(f"n = {board.n:,} here, {protocol.n:,} in the paper.")
        sentences += board.notes
    for theirs, ours in protocol.counterparts.items():
        for run in runs:
            if _is(run, ours):
                sentences += _differences_of(run, theirs, ours)
    return list(dict.fromkeys(sentences))


def _differences_of(run: ScoredRun, theirs: str, ours: Counterpart) -> list[str]:
    """Return a sentence for the weights of a run and for each other value of a parameter."""
    used = run.spec["method"]["parameters"]
    return [
        f"Weights of {theirs}: {run.assets} here, {ours.checkpoint} in the paper.",
        *(
            f"{theirs}: {key}={used.get(key)} here, {value} in the paper."
            for key, value in ours.parameters.items()
            if used.get(key) != value
        ),
    ]


def _protocol_line(protocol: Protocol) -> str:
    return (
        f"{escape(protocol.dataset)}, {protocol.size} px, {protocol.n:,} images, "
        f"{escape(', '.join(protocol.metrics))}."
    )


def _sources(numbers: Sequence[PublishedNumber]) -> list[str]:
    where = dict.fromkeys(number.provenance for number in numbers)
    return [f"Published numbers: {', '.join(where)}."] if where else ["Nothing is published."]


def _listed(title: str, items: Sequence[str]) -> list[str]:
    return [f"{title}:\n\n" + "\n".join(f"- {escape(item)}" for item in items)] if items else []
