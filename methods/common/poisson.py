"""Poisson image blending (Perez, Gangnet and Blake 2003) by a sparse solve.

Used by scene completion (patch into photograph) and by GLCIC's post-processing.
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

Array = np.ndarray[Any, np.dtype[Any]]


def blend(patch: Array, photograph: Array, region: Array) -> Array:
    """Paste the patch's gradients into the photograph (Perez et al. 2003, eqs. 7-8, v = grad g).

    patch, photograph: float (H, W, 3), same range; the patch is read inside the region and one
    pixel around it.  region: bool (H, W), True = solved for.  Pixels outside the region are the
    photograph's, bit for bit, and act as the Dirichlet boundary; the image border is free.
    Values are not clipped.  A region of every pixel leaves no boundary: the patch is returned.
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
        matrix, right = equations(patch, photograph, region)
        result[region] = _solve(matrix, right).astype(result.dtype)
    return result


def equations(
    patch: Array, photograph: Array, region: Array
) -> tuple[sparse.csr_matrix[Any], Array]:
    """Return A (n, n) and b (n, C) of A f = b: a row per region pixel in row-major order.

    Row p: |N_p| f_p - sum over neighbours q inside of f_q
         = sum over neighbours q of (g_p - g_q) + sum over neighbours outside of photograph_q.
    """
    index = np.full(region.shape, -1)
    index[region] = np.arange(np.count_nonzero(region))
    n = np.count_nonzero(region)
    guide, values = patch.astype(np.float64), photograph.astype(np.float64)
    diagonal, right = np.zeros(n), np.zeros((n, patch.shape[2]))
    rows, columns = [], []
    for p, q in _neighbour_views():
        inside = region[p]
        at = index[p][inside]
        other = index[q][inside]
        diagonal[at] += 1
        right[at] += guide[p][inside] - guide[q][inside]
        fixed = other < 0
        right[at[fixed]] += values[q][inside][fixed]
        rows.append(at[~fixed])
        columns.append(other[~fixed])
    row, column = np.concatenate(rows), np.concatenate(columns)
    off = sparse.csr_matrix((-np.ones(len(row)), (row, column)), shape=(n, n))
    return (off + sparse.diags(diagonal)).tocsr(), right


def _neighbour_views() -> list[tuple[tuple[slice, slice], tuple[slice, slice]]]:
    """Return (pixel, neighbour) index pairs of the four directions, border pixels left out."""
    every, first, last = slice(None), slice(None, -1), slice(1, None)
    return [
        ((last, every), (first, every)),
        ((first, every), (last, every)),
        ((every, last), (every, first)),
        ((every, first), (every, last)),
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
