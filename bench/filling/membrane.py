"""Fit a filling to its border: continue the known colours smoothly into the hole.

The result is the membrane of the known border plus the difference between the filling and the
membrane of its own border: Poisson blending of the filling's gradients (Perez, Gangnet and Blake
2003, eq. 5), except that the gradients fade in over the first pixels, about which a network that
saw a smaller image knows nothing.
"""

from __future__ import annotations

import cv2
import numpy as np
from scipy.ndimage import distance_transform_edt

SWEEPS = 24
COARSEST = 8


def fitted(filling: np.ndarray, known: np.ndarray, hole: np.ndarray, fade: float) -> np.ndarray:
    """Return a filling that meets the known pixels at the hole's border.

    filling, known: float32 (H, W, C).  hole: bool (H, W); the filling reaches at least a pixel
    beyond it.  fade: the filling's weight grows over so many pixels from the border, to 1.  A hole
    of all pixels has no border: the filling is returned.
    """
    plain = hole.astype(np.uint8)
    ring = cv2.dilate(plain, np.ones((3, 3), np.uint8)).astype(bool) & ~hole
    if not ring.any():
        return filling
    both = harmonic(np.concatenate([known, filling], axis=2), ring, hole)
    of_known, of_filling = np.split(both, 2, axis=2)
    share = np.clip(cv2.distanceTransform(plain, cv2.DIST_L2, 5) / fade, 0, 1)[..., None]
    result: np.ndarray = of_known + share * (filling - of_filling)
    return np.where(hole[..., None], result, known)


def extended(filling: np.ndarray, hole: np.ndarray) -> np.ndarray:
    """Return a filling extended beyond its hole by the nearest pixel of its rim.

    Enlarging the result mixes no known pixels in, and it is flat across the border.  filling:
    float32 (H, W, C).  hole: bool (H, W), not empty.
    """
    _, nearest = distance_transform_edt(~hole, return_indices=True)
    nearest_filling: np.ndarray = filling[nearest[0], nearest[1]]
    return nearest_filling


def harmonic(values: np.ndarray, fixed: np.ndarray, free: np.ndarray) -> np.ndarray:
    """Return values at `fixed`, and at `free` nearly the solution of Laplace's equation.

    values: float32 (H, W, C), read where `fixed`.  Elsewhere the result is 0 and nothing passes
    through.  Solved on pixels of twice the side first, then smoothed: cascadic multigrid (Bornemann
    and Deuflhard 1996).
    """
    height, width = free.shape
    filled = np.where(fixed[..., None], values, np.float32(0)).astype(np.float32)
    if max(height, width) > COARSEST and free.any():
        coarse = harmonic(*_halved(filled, fixed, free))
        start = coarse.repeat(2, axis=0).repeat(2, axis=1)[:height, :width]
        filled = np.where(free[..., None], start, filled)
    open_ = (fixed | free).astype(np.float32)[..., None]
    weight = _neighbours(open_)
    share = np.where(free[..., None], 1 / np.maximum(weight, 1), 0)
    for _ in range(SWEEPS):
        moved = _neighbours(filled * open_) * share
        filled = np.where(free[..., None], moved, filled)
    return filled


def _halved(
    values: np.ndarray, fixed: np.ndarray, free: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the problem on pixels of twice the side: fixed where any is, else free."""
    pad = ((0, free.shape[0] % 2), (0, free.shape[1] % 2))
    weight = _blocks(np.pad(fixed, pad)[..., None].astype(np.float32))
    total = _blocks(np.pad(values * fixed[..., None], (*pad, (0, 0))))
    coarse_fixed = weight[..., 0] > 0
    coarse_free = (_blocks(np.pad(free, pad)[..., None].astype(np.float32))[..., 0] > 0) & (
        ~coarse_fixed
    )
    return total / np.maximum(weight, 1), coarse_fixed, coarse_free


def _blocks(x: np.ndarray) -> np.ndarray:
    """Sum 2x2 blocks of (H, W, C), H and W even."""
    summed: np.ndarray = x[::2, ::2] + x[1::2, ::2] + x[::2, 1::2] + x[1::2, 1::2]
    return summed


def _neighbours(x: np.ndarray) -> np.ndarray:
    """Sum the four neighbours of every pixel, nothing beyond the border."""
    total = np.zeros_like(x)
    total[1:] += x[:-1]
    total[:-1] += x[1:]
    total[:, 1:] += x[:, :-1]
    total[:, :-1] += x[:, 1:]
    return total
