"""Find the folder of a dataset that does not ship with the project."""

from __future__ import annotations

import os
from pathlib import Path

from bench.api import DataNotFoundError, RequestError

VARIABLE = "INPAINT_BENCH_DATA"


def find_root(name: str, root: Path | None, advice: str, *defaults: Path) -> Path:
    """Return the folder of dataset `name`: `root`, else $INPAINT_BENCH_DATA/name, else a default.

    advice: where the data comes from and how the folder must look, for the error: RequestError
    for a `root` that is no folder, DataNotFoundError where none was given and none is found.
    """
    if root is not None:
        if root.is_dir():
            return root
        problem = "is a file" if root.exists() else "does not exist"
        raise RequestError(f"root={str(root)!r} {problem}. {advice}")
    parent = os.environ.get(VARIABLE)
    places = [Path(parent).expanduser() / name] if parent else []
    for place in [*places, *defaults]:
        if place.is_dir():
            return place
    searched = "".join(f" Looked in {str(place)!r}." for place in [*places, *defaults])
    raise DataNotFoundError(
        f"the images of {name} are not on this machine.{searched} {advice}"
        f" Then give root=DIR or set {VARIABLE} to the folder that holds {name!r}"
    )
