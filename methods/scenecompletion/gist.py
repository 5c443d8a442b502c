"""The scene descriptor: gist (Oliva and Torralba 2001) and colour on a 4x4 grid, hole left out.

Hays and Efros (2007), section 3: every grid cell of the query is weighted by its share of known
pixels, so that the hole takes no part in retrieval.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import cv2
import numpy as np
from scipy import fft

from methods.common.duplicates import shrink

Array = np.ndarray[Any, np.dtype[Any]]

GRID = 4
ORIENTATIONS = 6
SCALES = 5
SIDE = 64  # the descriptor's image, in pixels; a cell is 16x16
MARGIN = 16  # reflected border, so that filters do not wrap around
GIST = ORIENTATIONS * SCALES * GRID * GRID
COLOUR = 3 * GRID * GRID
LENGTH = GIST + COLOUR
HIGHEST = 0.35  # cycles a pixel of the finest filter; each scale is an octave's 0.7 below
RATIO = 1.7


@dataclass(frozen=True)
class Descriptor:
    """Features of a scene and how far each may be trusted.

    features: float32 (528,): gist (30, 4, 4) row-major, then L*a*b* (3, 4, 4).
    cells: float32 (16,), each cell's share of known pixels in [0, 1].
    """

    features: Array
    cells: Array


def describe(image: Array, known: Array | None = None) -> Descriptor:
    """Return the descriptor of an RGB image.

    image: float32 (H, W, 3) in [0, 1].  known: bool (H, W); values where it is False are not read.
    """
    if known is None:
        known = np.ones(image.shape[:2], dtype=bool)
    filled = shrink(image if known.all() else fill_smoothly(image, known), (SIDE, SIDE))
    lab = cv2.cvtColor(filled, cv2.COLOR_RGB2LAB)
    trust = np.clip(shrink(known.astype(np.float32), (SIDE, SIDE)), 0, 1)
    cells = _cell_means(trust[None])[0]
    layers = np.concatenate([_gabor_energy(lab[:, :, 0] / 100), lab.transpose(2, 0, 1)])
    means = _cell_means(layers * trust) / np.maximum(cells, 1e-6)
    return Descriptor(means.astype(np.float32).ravel(), cells.astype(np.float32).ravel())


def fill_smoothly(image: Array, known: Array) -> Array:
    """Fill unknown pixels from the known ones, coarse to fine (push-pull), without new edges.

    image: float32 (H, W, C).  known: bool (H, W) with at least one True.
    """
    weight = known.astype(np.float32)[:, :, None]
    return _push_pull(np.where(known[:, :, None], image, 0).astype(np.float32), weight)


def _push_pull(premultiplied: Array, weight: Array) -> Array:
    """Return the weighted image where weight is 1 and coarser levels where it is 0."""
    height, width = weight.shape[:2]
    average = premultiplied / np.maximum(weight, 1e-6)
    if weight.min() > 0 or (height == 1 and width == 1):
        return average
    half = ((height + 1) // 2, (width + 1) // 2)
    small = shrink(premultiplied, half).reshape(*half, -1)
    below = _push_pull(small, shrink(weight, half).reshape(*half, 1))
    up = cv2.resize(below, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(np.where(weight > 0, average, up.reshape(average.shape)))


def _cell_means(layers: Array) -> Array:
    """Average (K, 64, 64) over the cells of the grid: (K, 4, 4)."""
    cell = SIDE // GRID
    return np.asarray(layers.reshape(-1, GRID, cell, GRID, cell).mean(axis=(2, 4)))


def _gabor_energy(luminance: Array) -> Array:
    """Return the energy of the 30 filters: (30, 64, 64), orientation before scale."""
    padded = np.pad(luminance, MARGIN, mode="symmetric")
    spectrum = fft.fft2(padded - padded.mean())
    responses = np.abs(fft.ifft2(spectrum * _gabor_filters()))
    inner = slice(MARGIN, MARGIN + SIDE)
    return np.asarray(responses[:, inner, inner])


@cache
def _gabor_filters() -> Array:
    """Return one-sided log-Gabor filters in the frequency domain: float32 (30, 96, 96)."""
    frequencies = np.fft.fftfreq(SIDE + 2 * MARGIN)
    fy, fx = np.meshgrid(frequencies, frequencies, indexing="ij")
    radius = np.hypot(fy, fx)
    radius[0, 0] = 1.0
    angle = np.arctan2(fy, fx)
    filters = []
    for orientation in range(ORIENTATIONS):
        turn = np.angle(np.exp(1j * (angle - np.pi * orientation / ORIENTATIONS)))
        across = np.exp(-(turn**2) / (2 * (np.pi / ORIENTATIONS / 1.5) ** 2))
        for scale in range(SCALES):
            octaves = np.log(radius * RATIO**scale / HIGHEST)
            filters.append(across * np.exp(-(octaves**2) / (2 * np.log(0.65) ** 2)))
    stack = np.stack(filters).astype(np.float32)
    stack[:, 0, 0] = 0
    return stack
