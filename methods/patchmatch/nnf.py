"""The nearest-neighbour field (Barnes et al. 2009, section 3): random field, propagation, search.

Rows are worked on in stripes (begin, end) that depend on the hole alone, and every random number is
a hash of (key, patch, draw): the result does not depend on the number of threads.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from methods.patchmatch.compiled import kernel
from methods.patchmatch.patches import Patches, matching_cost
from methods.patchmatch.stripes import Stripe

Bits = np.uint64
GOLDEN = np.uint64(0x9E3779B97F4A7C15)
MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
MIX_2 = np.uint64(0x94D049BB133111EB)
S27, S30, S31, S32 = np.uint64(27), np.uint64(30), np.uint64(31), np.uint64(32)
LOW = np.uint64(0xFFFFFFFF)
FAR = 1 << 40  # more than any cost
SWEEPS = 2  # one forwards, one backwards

ThreeRows = tuple[np.ndarray, np.ndarray, np.ndarray]


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
def scramble(x: Bits) -> Bits:
    """Hash 64 bits without collisions: the finaliser of splitmix64 (Steele et al. 2014)."""
    x = (x ^ (x >> S30)) * MIX_1
    x = (x ^ (x >> S27)) * MIX_2
    return x ^ (x >> S31)


@kernel(inline="always")
def below(bits: Bits, count: int) -> int:
    """Turn 32 random bits into an int in [0, count)."""
    return int(np.int64(((bits & LOW) * np.uint64(count)) >> S32))


@kernel()
def draw_field(field: Field, scene: Patches, sources: np.ndarray, key: Bits) -> None:
    """Give every patch that touches the hole a source drawn uniformly (section 3.1).

    sources: int64 (n,), flat indices of the known patches.
    """
    for y in range(scene.known.shape[0]):
        for x in range(scene.known.shape[1]):
            if not scene.known[y, x]:
                field.source_y[y, x], field.source_x[y, x] = _drawn(scene, sources, key, y, x)


@kernel()
def enlarge_field(
    field: Field,
    scene: Patches,
    coarse: Field,
    coarse_known: np.ndarray,
    sources: np.ndarray,
    key: Bits,
) -> None:
    """Take the field from the next coarser level's, offsets doubled.

    The middle pixel of a patch stands for it.  Where the coarse hole was not touched or the source
    is not wholly known at this level, one is drawn.
    """
    rows, columns = scene.known.shape
    last_y, last_x = coarse_known.shape[0] - 1, coarse_known.shape[1] - 1
    middle = (scene.size - 1) // 2
    for y in range(rows):
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
def _drawn(scene: Patches, sources: np.ndarray, key: Bits, y: int, x: int) -> tuple[int, int]:
    """Draw a known patch for the patch at (y, x)."""
    columns = scene.known.shape[1]
    bits = scramble(key + np.uint64(y * columns + x) * GOLDEN)
    chosen = sources[below(bits, len(sources))]
    return chosen // columns, chosen % columns


@kernel()
def search_rows(
    field: Field, scene: Patches, reach: int, key: Bits, stripe: Stripe
) -> tuple[Field, int, int]:
    """Improve a stripe by propagation (3.2) and random search (3.3), in a copy of its rows.

    reach: radius in pixels of the first random draw, halved down to 1.  Returns the stripe's new
    rows and their cost before and after; no match ever gets worse.  Beyond the stripe the field is
    read as it was, so that stripes do not wait for each other.
    """
    begin, end = stripe
    rows = Field(
        field.source_y[begin:end].copy(),
        field.source_x[begin:end].copy(),
        field.cost[begin:end].copy(),
    )
    before, after = _price_rows(rows, scene, stripe), 0
    for sweep in range(SWEEPS):
        sweep_key = scramble(key + np.uint64(sweep))
        step = 1 - 2 * (sweep % 2)
        after = _sweep_rows(rows, field, scene, reach, sweep_key, stripe, step)
    return rows, before, after


@kernel()
def _price_rows(rows: Field, scene: Patches, stripe: Stripe) -> int:
    """Compute the cost of every match of a stripe for the present pixels; return the sum."""
    source_y, source_x, cost = rows
    pixels, known, size, masks, pull = scene
    total = 0
    for y in range(stripe[0], stripe[1]):
        row = y - stripe[0]
        for x in range(known.shape[1]):
            if not known[y, x]:
                there = int(source_y[row, x]), int(source_x[row, x])
                cost[row, x] = matching_cost(pixels, size, masks, pull, (y, x), there, FAR)
                total += cost[row, x]
    return total


@kernel()
def _sweep_rows(
    rows: Field, field: Field, scene: Patches, reach: int, key: Bits, stripe: Stripe, step: int
) -> int:
    """Improve every match of a stripe once, row by row; return the sum of their costs.

    rows: of the stripe, changed.  field: all rows, as they were before the search.
    step: 1, or -1 from the last row up and from right to left.
    """
    known = scene.known
    begin, end = stripe
    outside = np.ones(known.shape[1], np.bool_)
    total = 0
    for i in range(end - begin):
        y = begin + i if step > 0 else end - 1 - i
        other = y - step
        if begin <= other < end:
            before = (rows.source_y[other - begin], rows.source_x[other - begin], known[other])
        elif 0 <= other < len(known):
            before = (field.source_y[other], field.source_x[other], known[other])
        else:
            before = (field.source_y[y], field.source_x[y], outside)
        own = (rows.source_y[y - begin], rows.source_x[y - begin], rows.cost[y - begin])
        total += _sweep_row(own, before, scene, reach, key, y, step)
    return total


@kernel()
def _sweep_row(
    own: ThreeRows, before: ThreeRows, scene: Patches, reach: int, key: Bits, y: int, step: int
) -> int:
    """Improve every match of row y once; return the sum of their costs.

    own: source_y, source_x, cost, changed.  before: source_y, source_x, known of the row before.
    """
    # Unpacked once: numba counts references at every access of a tuple's field.
    source_y, source_x, cost = own
    before_y, before_x, before_known = before
    pixels, known, size, masks, pull = scene
    height, columns = known.shape
    total = 0
    for j in range(columns):
        x = j if step > 0 else columns - 1 - j
        if known[y, x]:
            continue
        best_y, best_x, best = int(source_y[x]), int(source_x[x]), int(cost[x])
        bits = scramble(key + np.uint64(y * columns + x) * GOLDEN)
        span, attempt = reach, 0
        # One loop for all attempts: matching_cost called for each kind would cost a third more.
        while best > 0 and span >= 1:
            a, b = best_y, best_x
            if attempt == 0:
                if 0 <= x - step < columns and not known[y, x - step]:
                    a, b = int(source_y[x - step]), int(source_x[x - step]) + step
            elif attempt > 1:
                bits = scramble(bits + GOLDEN)
                a, b = _near(bits, best_y, span, height), _near(bits >> S32, best_x, span, columns)
                span //= 2
            elif not before_known[x]:
                a, b = int(before_y[x]) + step, int(before_x[x])
            attempt += 1
            if (a != best_y or b != best_x) and _is_source(known, a, b):
                price = matching_cost(pixels, size, masks, pull, (y, x), (a, b), best)
                if price < best:
                    best, best_y, best_x = price, a, b
        source_y[x], source_x[x], cost[x] = best_y, best_x, best
        total += best
    return total


@kernel(inline="always")
def _near(bits: Bits, place: int, span: int, count: int) -> int:
    """Draw from 0..count - 1, at most `span` away from a place (3.3)."""
    low = max(place - span, 0)
    return low + below(bits, min(place + span, count - 1) - low + 1)


@kernel(inline="always")
def _is_source(known: np.ndarray, y: int, x: int) -> bool:
    """Return whether there is a patch at (y, x), known as a whole."""
    return 0 <= y < known.shape[0] and 0 <= x < known.shape[1] and bool(known[y, x])
