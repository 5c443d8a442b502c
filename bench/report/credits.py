"""The credits of the photographs on a page, as their licences require."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from bench import plugins
from bench.api import Dataset, HasCredits, RequestError
from bench.plan.ids import image_of

if TYPE_CHECKING:
    from bench.report.boards import Board


def credits(board: Board, shown: Iterable[str]) -> dict[str, str]:
    """Return the credit of each output shown, by its id; {} for a dataset that states none.

    Datasets that are not registered state none: a run's text must not decide what is imported.
    """
    dataset = _registered(board)
    if not isinstance(dataset, HasCredits):
        return {}
    samples = max(run.samples for row in board.rows for run in row.runs)
    images = {name: image_of(name, samples) or name for name in shown}
    ids = set(dataset.ids())
    return {name: dataset.credit(image) for name, image in images.items() if image in ids}


def _registered(board: Board) -> Dataset | None:
    """Return the board's dataset, of the version that was run, if it is registered here."""
    named = board.rows[0].runs[0].spec["dataset"]
    if named["name"] not in plugins.registry("dataset"):
        return None
    try:
        dataset = plugins.dataset(named["name"])
    except RequestError:  # it needs a path
        return None
    return dataset if dataset.version == named.get("version") else None
