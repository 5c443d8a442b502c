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
    return np.int64(((bits & LOW) * np.uint64(count)) >> S32)


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
    begin, end = stripe
    columns = scene.known.shape[1]
    before = 0
    after = 0
    for y in range(begin, end):
        for x in range(columns):
            if not scene.known[y, x]:
                a, b = field.source_y[y, x], field.source_x[y, x]
                field.cost[y, x] = matching_cost(scene, y, x, a, b, 1 << 40)
                before += field.cost[y, x]
    for sweep in range(SWEEPS):
        sweep_key = scramble(key + np.uint64(sweep))
        for i in range(end - begin):
            y = begin + i if sweep % 2 == 0 else end - 1 - i
            for j in range(columns):
                x = j if sweep % 2 == 0 else columns - 1 - j
                if not scene.known[y, x]:
                    _propagate(field, scene, edges, sweep % 2, y, x, begin, end)
                    bits = scramble(sweep_key + np.uint64(y * columns + x) * GOLDEN)
                    _search_randomly(field, scene, bits, reach, y, x)
                    if sweep == SWEEPS - 1:
                        after += field.cost[y, x]
    return before, after


@kernel()
def _propagate(
    field: Field,
    scene: Scene,
    edges: np.ndarray,
    backwards: int,
    y: int,
    x: int,
    begin: int,
    end: int,
) -> None:
    """Try the offsets of the neighbours that this sweep has already improved."""
    rows, columns = scene.known.shape
    step = -1 if backwards else 1
    beside, above = x - step, y - step
    if 0 <= beside < columns and not scene.known[y, beside]:
        _improve(field, scene, y, x, field.source_y[y, beside], field.source_x[y, beside] + step)
    if 0 <= above < rows and not scene.known[above, x]:
        if begin <= above < end:
            a, b = field.source_y[above, x], field.source_x[above, x]
        else:
            a, b = edges[backwards, 0, x], edges[backwards, 1, x]
        _improve(field, scene, y, x, a + step, b)


@kernel()
def _search_randomly(
    field: Field, scene: Scene, bits: np.uint64, reach: int, y: int, x: int
) -> None:
    """Try one source drawn from each window around the match: radius reach, reach / 2, ... 1."""
    rows, columns = scene.known.shape
    radius = reach
    while radius >= 1 and field.cost[y, x] > 0:
        bits = scramble(bits + GOLDEN)
        top = max(field.source_y[y, x] - radius, 0)
        left = max(field.source_x[y, x] - radius, 0)
        bottom = min(field.source_y[y, x] + radius, rows - 1)
        right = min(field.source_x[y, x] + radius, columns - 1)
        a = top + below(bits, bottom - top + 1)
        b = left + below(bits >> S32, right - left + 1)
        _improve(field, scene, y, x, a, b)
        radius //= 2


@kernel()
def _improve(field: Field, scene: Scene, y: int, x: int, a: int, b: int) -> None:
    """Match the patch at (y, x) with that at (a, b) if this is a known patch and costs less."""
    rows, columns = scene.known.shape
    if not (0 <= a < rows and 0 <= b < columns) or not scene.known[a, b]:
        return
    if a == field.source_y[y, x] and b == field.source_x[y, x]:
        return
    best = np.int64(field.cost[y, x])
    found = matching_cost(scene, y, x, a, b, best)
    if found < best:
        field.source_y[y, x], field.source_x[y, x], field.cost[y, x] = a, b, found
