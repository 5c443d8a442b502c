"""Fitting a filling to its border: the difference there, carried on smoothly into the hole.

The filling plus the membrane is Poisson blending of the filling's gradients (Perez, Gangnet and
Blake 2003, eq. 5), whose correction solves Laplace's equation.
"""

from __future__ import annotations

import cv2
import numpy as np

SWEEPS = 24
COARSEST = 8
REACH = 3


def fitted(filling: np.ndarray, known: np.ndarray, hole: np.ndarray) -> np.ndarray:
    """Return a filling that meets the known pixels at the hole's border.

    filling, known: float32 (H, W, C).  hole: bool (H, W); the filling reaches at least a pixel
    beyond it.  A hole of all pixels has no border: the filling is returned.
    """
    ring = cv2.dilate(hole.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool) & ~hole
    if not ring.any():
        return filling
    offset = np.where(ring[..., None], known - filling, np.float32(0))
    result: np.ndarray = filling + harmonic(offset, ring, hole)
    return result


def extended(filling: np.ndarray, hole: np.ndarray) -> np.ndarray:
    """Return a filling that goes on beyond its hole for REACH pixels, without the known ones.

    filling: float32 (H, W, C).  hole: bool (H, W).  Each pixel there is the mean of its neighbours
    that are nearer to the hole.
    """
    result, valid = filling * hole[..., None], hole.astype(np.float32)
    for _ in range(REACH):
        share = cv2.blur(valid, (3, 3), borderType=cv2.BORDER_CONSTANT)
        total = cv2.blur(result, (3, 3), borderType=cv2.BORDER_CONSTANT).reshape(result.shape)
        new = (valid == 0) & (share > 0)
        result[new] = total[new] / share[new][:, None]
        valid[new] = 1
    return np.where(valid[..., None] > 0, result, filling)


def harmonic(values: np.ndarray, fixed: np.ndarray, free: np.ndarray) -> np.ndarray:
    """Return values at `fixed`, and at `free` nearly the solution of Laplace's equation.

    values: float32 (H, W, C), read where `fixed`.  Elsewhere the result is 0 and nothing passes
    through.  Solved on pixels of twice the side first, then smoothed: cascadic multigrid (Bornemann
    and Deuflhard 1996).
    """
    height, width = free.shape
    found = np.where(fixed[..., None], values, np.float32(0)).astype(np.float32)
    if max(height, width) > COARSEST and free.any():
        coarse = harmonic(*_halved(found, fixed, free))
        start = coarse.repeat(2, axis=0).repeat(2, axis=1)[:height, :width]
        found = np.where(free[..., None], start, found)
    open_ = (fixed | free).astype(np.float32)[..., None]
    weight = _neighbours(open_)
    share = np.where(free[..., None], 1 / np.maximum(weight, 1), 0)
    for _ in range(SWEEPS):
        moved = _neighbours(found * open_) * share
        found = np.where(free[..., None], moved, found)
    return found


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
