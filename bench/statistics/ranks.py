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

    Two methods whose mean ranks differ by less than `critical_difference` are not told apart at
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
    return Ranks(tuple(map(float, mean)), blocks, chi, chi_square_tail(chi, methods - 1), critical)


def chi_square_tail(x: float, freedom: int) -> float:
    """Return P(X > x) of a chi-square variable, by the recurrence of the incomplete gamma.

    Q(a + 1, y) = Q(a, y) + y^a e^-y / Gamma(a + 1) with y = x / 2, from Q(1, y) = e^-y or
    Q(1/2, y) = erfc(sqrt(y)).
    """
    y = x / 2
    a, tail = (1.0, math.exp(-y)) if freedom % 2 == 0 else (0.5, math.erfc(math.sqrt(y)))
    while a < freedom / 2:
        tail += y**a * math.exp(-y) / math.gamma(a + 1)
        a += 1
    return tail
