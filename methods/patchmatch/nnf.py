"""The nearest-neighbour field (Barnes et al. 2009, section 3): random field, propagation, search.

Rows are worked on in stripes (begin, end) that depend on the hole alone, and every random number is
a hash of (key, patch, draw): the result does not depend on the number of threads.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from methods.patchmatch.compiled import kernel
from methods.patchmatch.patches import Scene, matching_cost

GOLDEN = np.uint64(0x9E3779B97F4A7C15)
MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
MIX_2 = np.uint64(0x94D049BB133111EB)
S27, S30, S31, S32 = np.uint64(27), np.uint64(30), np.uint64(31), np.uint64(32)
LOW = np.uint64(0xFFFFFFFF)
FAR = 1 << 40  # more than any cost
SWEEPS = 2  # one forwards, one backwards


class Field(NamedTuple):
    """Where every patch that touches the hole comes from; the other entries are not used.

    source_y, source_x: int32 over the patches, top left pixel of the matched patch.
    cost: int32, `matching_cost` of the match at the last search.
    """

    source_y: np.ndarray
    source_x: np.ndarray
    cost: np.ndarray


def empty_field(shape: tuple[int, ...]) -> Field:
    """Return a field of zeros."""
    return Field(np.zeros(shape, np.int32), np.zeros(shape, np.int32), np.zeros(shape, np.int32))


@kernel(inline="always")
def scramble(x: np.uint64) -> np.uint64:
    """Hash 64 bits without collisions: the finaliser of splitmix64 (Steele et al. 2014)."""
    x = (x ^ (x >> S30)) * MIX_1
    x = (x ^ (x >> S27)) * MIX_2
    return x ^ (x >> S31)


@kernel(inline="always")
def below(bits: np.uint64, count: int) -> int:
    """Turn 32 random bits into an int in [0, count)."""
    return int(np.int64(((bits & LOW) * np.uint64(count)) >> S32))


@kernel()
def random_rows(
    field: Field, scene: Scene, sources: np.ndarray, key: np.uint64, stripe: tuple[int, int]
) -> None:
    """Give every patch of a stripe that touches the hole a source drawn uniformly (section 3.1).

    sources: int64 (n,), flat indices of the known patches.
    """
    for y in range(stripe[0], stripe[1]):
        for x in range(scene.known.shape[1]):
            if not scene.known[y, x]:
                field.source_y[y, x], field.source_x[y, x] = _drawn(scene, sources, key, y, x)


@kernel()
def enlarge_rows(
    field: Field,
    scene: Scene,
    coarse: Field,
    coarse_known: np.ndarray,
    sources: np.ndarray,
    key: np.uint64,
    stripe: tuple[int, int],
) -> None:
    """Take a stripe of the field from the next coarser level's, offsets doubled.

    The middle pixel of a patch stands for it.  Where the coarse hole was not touched or the source
    is not wholly known at this level, one is drawn.
    """
    rows, columns = scene.known.shape
    last_y, last_x = coarse_known.shape[0] - 1, coarse_known.shape[1] - 1
    middle = (scene.size - 1) // 2
    for y in range(stripe[0], stripe[1]):
        above = min(max((y + middle) // 2 - middle, 0), last_y)
        for x in range(columns):
            if scene.known[y, x]:
                continue
            beside = min(max((x + middle) // 2 - middle, 0), last_x)
            a = y + 2 * (coarse.source_y[above, beside] - above)
            b = x + 2 * (coarse.source_x[above, beside] - beside)
            a, b = min(max(a, 0), rows - 1), min(max(b, 0), columns - 1)
            if coarse_known[above, beside] or not scene.known[a, b]:
                a, b = _drawn(scene, sources, key, y, x)
            field.source_y[y, x], field.source_x[y, x] = a, b


@kernel()
def _drawn(scene: Scene, sources: np.ndarray, key: np.uint64, y: int, x: int) -> tuple[int, int]:
    """Draw a known patch for the patch at (y, x)."""
    columns = scene.known.shape[1]
    bits = scramble(key + np.uint64(y * columns + x) * GOLDEN)
    chosen = sources[below(bits, len(sources))]
    return chosen // columns, chosen % columns


@kernel()
def search_rows(
    field: Field,
    scene: Scene,
    edges: np.ndarray,
    reach: int,
    key: np.uint64,
    stripe: tuple[int, int],
) -> tuple[int, int]:
    """Improve a stripe by propagation (3.2) and random search (3.3); return its cost before, after.

    edges: int32 (2, 2, columns): (source_y, source_x) of the rows above and below the stripe as
    they were before the search, so that stripes do not wait for each other.  reach: radius in
    pixels of the first random draw, halved down to 1.  No match ever gets worse.
    """
    # Unpacked once: numba counts references at every access of a tuple's field.
    source_y, source_x, cost = field
    pixels, known, size, masks, pull = scene
    begin, end = stripe
    rows, columns = known.shape
    before, after = 0, 0
    for y in range(begin, end):
        for x in range(columns):
            if not known[y, x]:
                there = int(source_y[y, x]), int(source_x[y, x])
                cost[y, x] = matching_cost(pixels, size, masks, pull, (y, x), there, FAR)
                before += cost[y, x]
    for sweep in range(SWEEPS):
        step = 1 if sweep % 2 == 0 else -1
        sweep_key = scramble(key + np.uint64(sweep))
        for i in range(end - begin):
            y = begin + i if step == 1 else end - 1 - i
            edge = y - step < begin or y - step >= end
            for j in range(columns):
                x = j if step == 1 else columns - 1 - j
                if known[y, x]:
                    continue
                best_y, best_x = int(source_y[y, x]), int(source_x[y, x])
                best = int(cost[y, x])
                bits = scramble(sweep_key + np.uint64(y * columns + x) * GOLDEN)
                radius = reach
                attempt = 0
                # Attempts 0 and 1 propagate, the later ones draw from ever smaller windows.
                while best > 0 and radius >= 1:
                    if attempt == 0:
                        a, b = best_y, best_x
                        if 0 <= x - step < columns and not known[y, x - step]:
                            a = int(source_y[y, x - step])
                            b = int(source_x[y, x - step]) + step
                    elif attempt == 1:
                        a, b = best_y, best_x
                        if 0 <= y - step < rows and not known[y - step, x]:
                            if edge:
                                a = int(edges[sweep % 2, 0, x]) + step
                                b = int(edges[sweep % 2, 1, x])
                            else:
                                a = int(source_y[y - step, x]) + step
                                b = int(source_x[y - step, x])
                    else:
                        bits = scramble(bits + GOLDEN)
                        top, left = max(best_y - radius, 0), max(best_x - radius, 0)
                        bottom = min(best_y + radius, rows - 1)
                        right = min(best_x + radius, columns - 1)
                        a = top + below(bits, bottom - top + 1)
                        b = left + below(bits >> S32, right - left + 1)
                        radius //= 2
                    attempt += 1
                    if a == best_y and b == best_x:
                        continue
                    if 0 <= a < rows and 0 <= b < columns and known[a, b]:
                        found = matching_cost(pixels, size, masks, pull, (y, x), (a, b), best)
                        if found < best:
                            best, best_y, best_x = found, a, b
                source_y[y, x], source_x[y, x], cost[y, x] = best_y, best_x, best
                after += best if sweep == SWEEPS - 1 else 0
    return before, after
