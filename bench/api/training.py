"""What a method offers that can be trained: recipes, the function that trains, the size it saw."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    import torch

    from bench.api import MaskGenerator


class ImageSource(Protocol):
    """Where training images come from."""

    def batch(self, seed: int, n: int) -> torch.Tensor:
        """Return float32 (n, 3, H, W) in [0, 1]: a pure function of (seed, n)."""
        ...


class Train(Protocol):
    """The function that trains."""

    def __call__(
        self,
        recipe: Any,
        source: ImageSource,
        out: Path,
        /,
        *,
        holes: Sequence[MaskGenerator],
        start: Path | None,
        steps: int | None,
        minutes: float | None,
        device: str,
        seed: int,
        precision: str,
    ) -> Path:
        """Train in the folder `out`, or go on there; return the file of weights.

        holes: what to train on.  start: weights to begin with; None = random ones.  steps, minutes:
        when to stop; None leaves it to the recipe.
        Raises RequestError for what cannot be trained.
        """
        ...


@dataclass(frozen=True)
class Trainer:
    """How a method is trained.

    recipes: name -> a frozen dataclass; `--set key=value` replaces its fields.  size: the side of
    a recipe's training images.  holes: the names of a recipe's masks; a recipe with a field
    `holes` gets the names that replace them.  train: see Train.  default: the recipe
    taken when none is named, the first where this is empty.
    """

    recipes: Mapping[str, Any]
    size: Callable[[Any], int]
    holes: Callable[[Any], Sequence[str]]
    train: Train
    default: str = ""


@runtime_checkable
class Trains(Protocol):
    """A method with weights that can be trained, for `bench train`; `path=FILE` then takes them."""

    @classmethod
    def trainer(cls) -> Trainer:
        """Return how; heavy imports happen here."""
        ...


@runtime_checkable
class TrainedAt(Protocol):
    """A method whose network was trained on squares of one size: large images are cut for it."""

    def trained_at(self) -> int:
        """Return the side of the squares, in pixels."""
        ...
