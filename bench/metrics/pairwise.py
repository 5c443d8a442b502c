"""What the metrics of single images share: inputs are checked, then scored pair by pair."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from bench.api.pairs import ImagePair
from bench.metrics.levels import pairs_of

if TYPE_CHECKING:
    import torch


class Pairwise:
    """An ImageMetric that scores each pair alone; its subclasses differ in `of_pair`."""

    def __call__(
        self, output: torch.Tensor, target: torch.Tensor, hole: torch.Tensor
    ) -> torch.Tensor:
        """Return float64 (N,).

        output, target: (N, 3, H, W), exact multiples of 1/255.  hole: bool (N, 1, H, W).
        Raises RequestError for other images, and what `of_pair` raises.
        """
        import torch

        return torch.tensor(self.of_pairs(pairs_of(output, target, hole)), dtype=torch.float64)

    def of_pairs(self, pairs: Sequence[ImagePair], device: str = "cpu") -> list[float]:
        """Return a number per pair; what is computed of them is shared with other metrics."""
        return [self.of_pair(pair) for pair in pairs]

    def of_pair(self, pair: ImagePair) -> float:
        """Return the number of one pair."""
        raise NotImplementedError
