"""What the best of k of a method's samples scores: an oracle's choice, which no method can make."""

from __future__ import annotations

import math
from collections.abc import Sequence


def best_of(scores: Sequence[float], *, higher_is_better: bool = False) -> list[float]:
    """Return the expected best of k of these K scores, for k = 1 (the mean) to K (the best).

    The k are drawn without replacement: the i-th best is the best with C(K - i, k - 1) / C(K, k).
    """
    ordered, total = sorted(scores, reverse=higher_is_better), len(scores)
    return [
        sum(
            score * math.comb(total - i, k - 1) / math.comb(total, k)
            for i, score in enumerate(ordered, start=1)
        )
        for k in range(1, total + 1)
    ]
