"""Completion (Wexler et al. 2007): coarse to fine, search and vote in turn at every level."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from methods.patchmatch import nnf, patches, pyramid, vote
from methods.patchmatch.stripes import Stripe, Threads, split

SMOOTH_PASSES = 10
SOFTNESS = 0.1  # a match of this share of the mean cost has half the weight of a perfect one
SETTLED = (
    0.05  # a level is done when the hole changes by less than this many grey levels on average
)
# The first level matched has at least this many sources (or 1/16 of the finest's): with fewer,
# parts from far away are pasted because nothing better is there.
SOURCES = 1600
REACH = 8  # pixels; what a finer level corrects of the coarser one's matches
GOLDEN, MIX, LIMIT = 0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, (1 << 64) - 1


@dataclass(frozen=True)
class Settings:
    """The parameters of `PatchMatch`, where they are described."""

    patch: int = 5
    levels: int | None = None
    iterations: int = 2
    locality: float = 2000.0


@dataclass(frozen=True)
class Step:
    """What an observer sees after a search and its vote; arrays are views, copy what is kept.

    level: 0 is the finest.  before, after: the field's cost before and after the search.
    """

    level: int
    iteration: int
    scene: patches.Patches
    field: nnf.Field
    hole: np.ndarray
    before: int
    after: int


Observer = Callable[[Step], None]


@dataclass(frozen=True)
class Ground:
    """A level prepared for matching."""

    index: int
    level: pyramid.Level
    scene: patches.Patches
    sources: np.ndarray
    depth: np.ndarray
    patch_stripes: list[Stripe]
    pixel_stripes: list[Stripe]


def complete(
    rgb: np.ndarray,
    hole: np.ndarray,
    seed: int,
    settings: Settings,
    *,
    threads: int = 1,
    observe: Observer | None = None,
) -> np.ndarray:
    """Return uint8 (H, W, 3) with the hole filled; known pixels are not changed.

    rgb: uint8 (H, W, 3), any values in the hole.  hole: bool (H, W), True = missing.
    Raises ValueError when no pixel is known.
    """
    levels = pyramid.build(np.where(hole[:, :, None], np.uint8(0), rgb), hole)
    size, matched = choose_levels(levels, settings)
    field: tuple[nnf.Field, np.ndarray] | None = None
    pool = Threads(threads)
    for index in range(len(levels) - 2, -1, -1):
        level = levels[index]
        if field is None or index not in matched:
            below = levels[index + 1].pixels
            pyramid.fill_smoothly(level.pixels, level.hole, below, SMOOTH_PASSES)
        if index in matched:
            ground = prepare(index, level, size, settings.locality)
            first = index == matched[-1]
            start = start_field(ground, None if first else field, seed)
            rounds = settings.iterations * (6 if first else 3 if index else 1)
            refine(ground, start, rounds, seed, pool, observe, voted=first)
            field = start, ground.scene.known
    return levels[0].pixels[:, : hole.shape[1]].copy()


def choose_levels(levels: list[pyramid.Level], settings: Settings) -> tuple[int, list[int]]:
    """Return the patch size and the levels to match at, finest first.

    Levels without a known patch, and those past the first with few, are only filled smoothly.  The
    patch shrinks to what the image or, when no level has a wholly known one, the hole leaves.
    """
    size, counts = _patch_size(levels, min(settings.patch, *levels[0].hole.shape))
    usable = [i for i, level in enumerate(levels) if level.hole.any() and counts[i]]
    if not usable:
        return size, []
    enough = min(SOURCES, max(1, counts[usable[0]] // 16))
    coarsest = max(i for i in usable if counts[i] >= enough)
    if settings.levels is not None:
        coarsest = min(coarsest, usable[0] + settings.levels - 1)
    return size, [i for i in usable if i <= coarsest]


def _patch_size(levels: list[pyramid.Level], largest: int) -> tuple[int, list[int]]:
    """Return the largest patch that a level has wholly known, and how many each level has."""
    for size in range(largest, 0, -1):
        counts = [_sources(level, size) for level in levels]
        if any(counts):
            return size, counts
    raise ValueError("no pixel of any level is known")


def _sources(level: pyramid.Level, size: int) -> int:
    """Count the wholly known patches of a level."""
    if min(level.hole.shape) < size:
        return 0
    return int(np.count_nonzero(patches.known_patches(level.hole, size)))


def prepare(index: int, level: pyramid.Level, size: int, locality: float) -> Ground:
    """Find a level's known patches, the depth of its hole and the stripes it is worked on in."""
    known = patches.known_patches(level.hole, size)
    pull = int(locality * 1024 * 3 * size * size / max(known.shape) ** 2)
    middle = (size - 1) // 2
    rows, columns = known.shape
    return Ground(
        index,
        level,
        patches.Patches(level.pixels, known, size, patches.lane_masks(size), pull),
        np.flatnonzero(known),
        pyramid.depth_of(level.hole)[middle : middle + rows, middle : middle + columns],
        split(~known),
        split(level.hole),
    )


def start_field(
    ground: Ground, coarse: tuple[nnf.Field, np.ndarray] | None, seed: int
) -> nnf.Field:
    """Return the random field of the first level, or the enlarged one of the coarser level."""
    field = nnf.empty_field(ground.scene.known.shape)
    key = key_of(seed, ground.index, 0)
    if coarse is None:
        nnf.draw_field(field, ground.scene, ground.sources, key)
    else:
        nnf.enlarge_field(field, ground.scene, *coarse, ground.sources, key)
    return field


def refine(
    ground: Ground,
    field: nnf.Field,
    rounds: int,
    seed: int,
    pool: Threads,
    observe: Observer | None,
    *,
    voted: bool,
) -> None:
    """Search and vote in turn until the hole settles, `rounds` times at most.

    voted: the hole holds an estimate already; otherwise the field gives the first one.
    """
    if not voted:
        cast_votes(ground, field, 1.0, pool)
    touching = ground.scene.known.size - len(ground.sources)
    for iteration in range(rounds):
        key = key_of(seed, ground.index, iteration + 1)
        wide = iteration < (4 if voted else 1)
        reach = max(ground.scene.known.shape) if wide else REACH
        before, after = search(ground, field, reach, key, pool)
        changed = cast_votes(ground, field, SOFTNESS * after / touching + 1.0, pool)
        if observe is not None:
            hole = ground.level.hole
            observe(Step(ground.index, iteration, ground.scene, field, hole, before, after))
        if changed < SETTLED:
            break


def search(
    ground: Ground, field: nnf.Field, reach: int, key: np.uint64, pool: Threads
) -> tuple[int, int]:
    """Improve the whole field; return its cost before and after."""
    searched = pool.run(
        lambda stripe: nnf.search_rows(field, ground.scene, reach, key, stripe),
        ground.patch_stripes,
    )
    for (begin, end), (rows, _, _) in zip(ground.patch_stripes, searched, strict=True):
        for whole, part in zip(field, rows, strict=True):
            whole[begin:end] = part
    return sum(before for _, before, _ in searched), sum(after for _, _, after in searched)


def cast_votes(ground: Ground, field: nnf.Field, typical: float, pool: Threads) -> float:
    """Vote for every pixel of the hole; return the mean absolute change in grey levels."""
    scene, hole = ground.scene, ground.level.hole
    weight = vote.weights(field.cost, scene.known, ground.depth, vote.TRUST, typical)
    votes = pool.run(
        lambda stripe: vote.vote_rows(scene, hole, field, weight, stripe), ground.pixel_stripes
    )
    for (begin, end), (voted, _) in zip(ground.pixel_stripes, votes, strict=True):
        scene.pixels[begin:end] = voted
    return sum(changed for _, changed in votes) / (3 * np.count_nonzero(hole))


def key_of(seed: int, level: int, iteration: int) -> np.uint64:
    """Hash what a round's random numbers belong to."""
    key = seed & LIMIT
    for part in (level, iteration):
        key = ((key ^ (key >> 29)) * MIX + (part + 1) * GOLDEN) & LIMIT
    return np.uint64(key ^ (key >> 32))
