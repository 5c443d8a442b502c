"""Poisson image blending (Perez, Gangnet and Blake 2003) by a sparse solve.

Used by scene completion (patch into photograph), by GLCIC's post-processing and by ddpm's.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import cg, splu

from bench.api import RequestError

# Above this the fill-in of a direct factorisation costs more memory than it saves time: 200,000
# unknowns in three channels take 1.4 s, with 5.8 million numbers in each factor, instead of 15 s of
# conjugate gradients.
DIRECT_UNKNOWNS = 300_000
# Of the photograph's slope towards the region's edge, the part that goes on across it; 0 to 1 were
# tried (results/samplers/README.md, "Blending").
CONTINUED = 0.5

Array = np.ndarray[Any, np.dtype[Any]]


def blend(patch: Array, photograph: Array, region: Array, *, extrapolate: bool = False) -> Array:
    """Paste the patch's gradients into the photograph (Perez et al. 2003, eqs. 7-8, v = grad g).

    patch, photograph: float (H, W, 3), same range; the patch is read inside the region and one
    pixel around it.  region: bool (H, W), True = solved for.  Pixels outside the region are the
    photograph's, bit for bit, and act as the Dirichlet boundary; the image border is free.
    Values are not clipped.  A region of every pixel leaves no boundary: the patch is returned.
    extrapolate: for a patch that knows nothing beyond the region, as a filling of a hole; the
    gradient across the region's edge is then the photograph's slope next to it, CONTINUED of it.
    Raises RequestError when the shapes disagree.
    """
    if patch.shape != photograph.shape or region.shape != patch.shape[:2]:
        raise RequestError(
            f"Poisson blending got patch {patch.shape}, photograph {photograph.shape} and region "
            f"{region.shape}; give (H, W, C), (H, W, C) and (H, W) of one size."
        )
    result = photograph.copy()
    if region.all():
        result[:] = patch
    elif region.any():
        matrix, right = equations(patch, photograph, region, extrapolate=extrapolate)
        result[region] = _solve(matrix, right).astype(result.dtype)
    return result


def equations(
    patch: Array, photograph: Array, region: Array, *, extrapolate: bool = False
) -> tuple[sparse.csr_matrix[Any], Array]:
    """Return A (n, n) and b (n, C) of A f = b: a row per region pixel in row-major order.

    Row p: |N_p| f_p - sum over neighbours q inside of f_q
         = sum over neighbours q of (g_p - g_q) + sum over neighbours outside of photograph_q.
    extrapolate: for neighbours outside, (g_p - g_q) is CONTINUED of the photograph's slope there.
    """
    index = np.full(region.shape, -1)
    index[region] = np.arange(np.count_nonzero(region))
    n = np.count_nonzero(region)
    guide, values = patch.astype(np.float64), photograph.astype(np.float64)
    diagonal, right = np.zeros(n), np.zeros((n, patch.shape[2]))
    rows, columns = [], []
    for step, p, q in _neighbour_views():
        inside = region[p]
        at = index[p][inside]
        other = index[q][inside]
        fixed = other < 0
        gradient = guide[p][inside] - guide[q][inside]
        if extrapolate:
            gradient[fixed] = CONTINUED * _slope(values, region, step)[q][inside][fixed]
        diagonal[at] += 1
        right[at] += gradient
        right[at[fixed]] += values[q][inside][fixed]
        rows.append(at[~fixed])
        columns.append(other[~fixed])
    row, column = np.concatenate(rows), np.concatenate(columns)
    off = sparse.csr_matrix((-np.ones(len(row)), (row, column)), shape=(n, n))
    return (off + sparse.diags(diagonal)).tocsr(), right


def _slope(values: Array, region: Array, step: tuple[int, int]) -> Array:
    """Return each pixel minus the one a step further, 0 where that is none or in the region."""

    def further(image: Array) -> Array:
        edges = ((1, 1), (1, 1)) + ((0, 0),) * (image.ndim - 2)
        (down, across), (height, width) = step, image.shape[:2]
        return np.pad(image, edges, "edge")[1 + down :, 1 + across :][:height, :width]

    return np.where(further(region)[..., None], 0.0, values - further(values))


def _neighbour_views() -> list[tuple[tuple[int, int], tuple[slice, slice], tuple[slice, slice]]]:
    """Return (step, pixels, their neighbours a step away) of the four directions."""
    every, first, last = slice(None), slice(None, -1), slice(1, None)
    return [
        ((-1, 0), (last, every), (first, every)),
        ((1, 0), (first, every), (last, every)),
        ((0, -1), (every, last), (every, first)),
        ((0, 1), (every, first), (every, last)),
    ]


def _solve(matrix: sparse.csr_matrix[Any], right: Array) -> Array:
    """Solve the symmetric positive definite system, directly or by conjugate gradients."""
    if matrix.shape[0] <= DIRECT_UNKNOWNS:
        options = {"SymmetricMode": True}
        factor = splu(matrix.tocsc(), permc_spec="MMD_AT_PLUS_A", options=options)
        return np.asarray(factor.solve(right))
    scale = sparse.diags(1 / matrix.diagonal())
    columns = []
    for column in right.T:
        solved, failed = cg(matrix, column, rtol=0, atol=1e-5, maxiter=20_000, M=scale)
        if failed:
            raise ValueError("Poisson blending did not converge in 20,000 iterations")
        columns.append(solved)
    return np.stack(columns, axis=1)
