"""Ranks of methods over masks or datasets: Friedman's test and Nemenyi's critical difference."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

# Nemenyi's q at alpha = .05 for k = 2..20 methods: the studentized range at infinite degrees of
# freedom over sqrt(2) (Demsar 2006, table 5; beyond 10 from scipy.stats.studentized_range).
NEMENYI_05 = (
    *(1.960, 2.344, 2.569, 2.728, 2.850, 2.948, 3.031, 3.102, 3.164, 3.219),
    *(3.268, 3.313, 3.354, 3.391, 3.426, 3.458, 3.489, 3.517, 3.544),
)


@dataclass(frozen=True)
class Ranks:
    """Friedman's mean ranks (1 = best) over n blocks, and Nemenyi's critical difference.

    Two methods whose mean ranks differ by less than `critical_difference` are not distinguished at
    the 5% level.
    """

    mean_ranks: tuple[float, ...]
    n: int
    chi_square: float
    p_value: float
    critical_difference: float


def friedman_ranks(scores: np.ndarray, *, higher_is_better: bool) -> Ranks:
    """Rank methods over masks or datasets (Friedman 1937; Nemenyi's difference, Demsar 2006).

    scores: (blocks, methods), 2 to 20 methods, no nan; ties share their mean rank, and chi square
    is corrected for them.
    """
    from scipy.special import chdtrc

    blocks, methods = scores.shape
    if not 2 <= methods <= len(NEMENYI_05) + 1 or not blocks or np.isnan(scores).any():
        raise ValueError(f"friedman_ranks needs (blocks, 2..20) scores, not {scores.shape} or nan.")
    keys = -scores if higher_is_better else scores
    below = (keys[:, None, :] < keys[:, :, None]).sum(axis=2)
    equal = (keys[:, None, :] == keys[:, :, None]).sum(axis=2)
    ranks = below + (equal + 1) / 2
    mean = ranks.mean(axis=0)
    spread = ((ranks - (methods + 1) / 2) ** 2).sum() / (methods - 1)
    chi = float(blocks**2 * ((mean - (methods + 1) / 2) ** 2).sum() / spread) if spread else 0.0
    critical = NEMENYI_05[methods - 2] * math.sqrt(methods * (methods + 1) / (6 * blocks))
    return Ranks(tuple(map(float, mean)), blocks, chi, float(chdtrc(methods - 1, chi)), critical)
