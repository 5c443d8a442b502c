"""Local context matching: where a scene's surroundings of the hole agree with the photograph's.

Hays and Efros (2007), section 4: SSD in L*a*b* over the known pixels near the hole, for every
translation that covers the hole, times the size of the offset.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import cv2
import numpy as np
from scipy import fft

from methods.scenecompletion.query import Query, texture

Array = np.ndarray[Any, np.dtype[Any]]

SCALES = (0.81, 0.90, 1.0)


def scene_sizes(scene: tuple[int, int], query: Query) -> list[tuple[float, int, int]]:
    """Return (scale, height, width) of a scene for the query, those that can cover the hole.

    Scale 1 has the query's short side, or the scene's own pixels if those are fewer.  When no scale
    covers the hole, the one that just does.
    """
    (height, width), (r0, r1, c0, c1) = scene, query.core
    base = min(1.0, min(query.known.shape) / min(scene))
    sizes = [(s, round(height * base * s), round(width * base * s)) for s in SCALES]
    fitting = [size for size in sizes if size[1] >= r1 - r0 and size[2] >= c1 - c0]
    if fitting:
        return fitting
    scale = max((r1 - r0) / (height * base), (c1 - c0) / (width * base))
    grown = max(r1 - r0, round(height * base * scale)), max(c1 - c0, round(width * base * scale))
    return [(scale, *grown)]


def transform_size(height: int, width: int, radius: int) -> tuple[int, int]:
    """Return the size of the Fourier transforms for scenes up to (height, width)."""
    return tuple(fft.next_fast_len(n + 2 * radius, real=True) for n in (height, width))  # type: ignore[return-value]


def spectra(scene_lab: Array, size: tuple[int, int]) -> Array:
    """Return the transforms of L*, a*, b* and of their squares' sum: complex64 (4, F, F/2+1)."""
    squares = np.square(scene_lab).sum(axis=2, keepdims=True)
    layers = np.concatenate([scene_lab, squares], axis=2).transpose(2, 0, 1)
    return np.asarray(fft.rfft2(layers, size))


@dataclass(frozen=True)
class Places:
    """Places of scenes of one size.  charge, factor: (tops, lefts), see `Correlator.costs`."""

    tops: Array
    lefts: Array
    charge: Array
    factor: Array


@dataclass(frozen=True)
class Correlator:
    """Transforms of a query's context, for scenes whose transforms have one size."""

    query: Query
    size: tuple[int, int]

    @cached_property
    def _kernel(self) -> Array:
        """The conjugate transforms of -2 w q and of w."""
        r0, r1, c0, c1 = self.query.frame
        weight = self.query.context[r0:r1, c0:c1, None].astype(np.float32)
        colours = self.query.lab[r0:r1, c0:c1] * weight
        layers = np.concatenate([-2 * colours, weight], axis=2).transpose(2, 0, 1)
        return np.conj(fft.rfft2(layers, self.size))

    @cached_property
    def _energy(self) -> float:
        return float(np.square(self.query.context_lab).sum())

    @cached_property
    def _charges(self) -> Array:
        """Integral image of what each context pixel adds when the scene misses it.

        `_energy` counts every context pixel, so a missed one takes its own part out again.
        """
        query = self.query
        charge = query.uncovered_cost - np.square(query.lab).sum(axis=2)
        return cv2.integral((query.context * charge).astype(np.float64))

    def costs(self, scenes: Array, places: Places) -> Array:
        """Return the cost of every place for scenes of one size: (B, tops, lefts).

        scenes: (B, 4, ...) from `spectra`.  Mean SSD over the context, uncovered pixels charged,
        times 1 + |offset| / diagonal (the paper's factor is |offset| itself, which would make a
        centred scene free of cost whatever it shows).
        """
        r0, _, c0, _ = self.query.frame
        rows, columns = (r0 - places.tops) % self.size[0], (c0 - places.lefts) % self.size[1]
        summed = fft.irfft2(np.einsum("kij,bkij->bij", self._kernel, scenes), self.size)
        ssd = summed[:, rows[:, None], columns] + self._energy
        return np.maximum(ssd + places.charge, 0) * places.factor

    def places(self, height: int, width: int) -> Places:
        """Return every place of a (height, width) scene that covers the hole."""
        core = self.query.core
        tops = np.arange(core[1] - height, core[0] + 1)
        lefts = np.arange(core[3] - width, core[2] + 1)
        total = len(self.query.context_lab)
        factor = _offset_factor(self.query, tops[:, None], lefts, height, width) / max(total, 1)
        charge = self._charges[-1, -1] - self._covered_charge(tops, lefts, height, width)
        return Places(tops, lefts, charge.astype(np.float32), factor.astype(np.float32))

    def _covered_charge(self, tops: Array, lefts: Array, height: int, width: int) -> Array:
        """Return the sum of the charges under a scene at each place."""
        rows, columns = self.query.known.shape
        top, bottom = tops.clip(0, rows)[:, None], (tops + height).clip(0, rows)[:, None]
        left, right = lefts.clip(0, columns), (lefts + width).clip(0, columns)
        table = self._charges
        return np.asarray(
            table[bottom, right] - table[top, right] - table[bottom, left] + table[top, left]
        )


def place_cost(query: Query, scene_lab: Array, top: int, left: int) -> float:
    """Return the same cost of one place, computed directly."""
    height, width = scene_lab.shape[:2]
    inside, places = _covered(query, top, left, height, width)
    difference = query.context_lab[inside] - scene_lab.reshape(-1, 3).take(places, axis=0)
    total = len(inside)
    ssd = float(np.square(difference).sum()) + (total - len(places)) * query.uncovered_cost
    return float(
        ssd
        / max(total, 1)
        * _offset_factor(query, np.asarray(top), np.asarray(left), height, width)
    )


def texture_cost(query: Query, scene_lab: Array, top: int, left: int) -> float:
    """Return the mean SSD of the textures over the context that the scene covers."""
    inside, places = _covered(query, top, left, *scene_lab.shape[:2])
    if not len(places):
        return 0.0
    difference = query.texture[query.context][inside] - texture(scene_lab).ravel().take(places)
    return float(np.square(difference).mean())


def _covered(query: Query, top: int, left: int, height: int, width: int) -> tuple[Array, Array]:
    """Return which pixels of the context lie under a scene, bool (n,), and where in its rows."""
    rows, columns = query.context_places
    inside = (rows >= top) & (rows < top + height) & (columns >= left) & (columns < left + width)
    return inside, (rows[inside] - top) * width + (columns[inside] - left)


def _offset_factor(query: Query, top: Array, left: Array, height: int, width: int) -> Array:
    """Return 1 + |offset| / diagonal, the offset from centre to centre."""
    rows, columns = query.known.shape
    offset = np.hypot(top + height / 2 - rows / 2, left + width / 2 - columns / 2)
    return np.asarray(1 + offset / np.hypot(rows, columns))
