"""What workers send back to scoring, or one line that says why it did not arrive."""

from __future__ import annotations

from bench.api import RequestError
from bench.execute import Lost, Result


def arrived(result: Result | Lost) -> Result:
    """Return a worker's result; raises RequestError when it was lost."""
    if isinstance(result, Lost):
        raise RequestError(f"Scoring stopped: {result.reason}. Run it again to go on.")
    return result
