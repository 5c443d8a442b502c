"""What a loaded method may offer besides completing images: to show them while it works.

The harness asks `isinstance(inpaint, ShowsSteps)`.  Imported from bench.api.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    import torch

    from bench.api import Inpaint


class WatchSteps(Protocol):
    """What is called with the images of a batch as they are after a step."""

    def __call__(self, level: int, levels: int, images: torch.Tensor, /) -> None:
        """Look at a step.

        level: of the images, from `levels` (noise) to 0 (done); a method may go back up.
        images: (N, 3, H, W) in [0, 1], not to be changed.
        """
        ...


@runtime_checkable
class ShowsSteps(Protocol):
    """An Inpaint that works in steps and can show each."""

    def watched(self, watch: WatchSteps) -> Inpaint:
        """Return the same loaded method, which calls `watch` after every step.

        What it returns stays the same to the byte.
        """
        ...
