"""What stands behind a run that came in: state.json beside its manifest.  Runs made here have none.

claimed: schema, hashes of images and holes, and arithmetic hold; no pixels were seen.
re-scored: its PNGs are those of its records, and every score was computed again to the bit.
re-run: somebody else ran the named files, and `bench verify` passed.
unreliable: a flag over any of them, with a reason: shown, but never best.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal, get_args

from bench.api.files import write_atomic
from bench.store.strict_json import indented

FILE = "state.json"
Verification = Literal["claimed", "re-scored", "re-run"]
STATES: tuple[str, ...] = get_args(Verification)


@dataclass(frozen=True)
class State:
    """A run's state.  unreliable: why, "" when it is not flagged.  told: who, when, on what.

    licence: of code and weights, as the submission's card says.
    """

    state: Verification
    unreliable: str = ""
    told: str = ""
    licence: str = ""

    @property
    def word(self) -> str:
        """What a table says of it."""
        return f"{self.state}, unreliable" if self.unreliable else self.state


def read_state(run: Path) -> State | None:
    """Return a run's state, None without a readable one."""
    try:
        loaded = json.loads((run / FILE).read_bytes())
        state = State(**loaded)
    except (OSError, ValueError, TypeError):
        return None
    return state if state.state in STATES else None


def write_state(run: Path, state: State) -> None:
    """Write a run's state."""
    write_atomic(run / FILE, indented(asdict(state)))


def is_unreliable(run: Path) -> bool:
    """Return whether a run is flagged: a table shows it, and never as the best."""
    state = read_state(run)
    return state is not None and bool(state.unreliable)
