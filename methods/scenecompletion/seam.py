"""The seam between photograph and patch, by graph cut (Hays and Efros 2007, section 5).

Inside the hole must be patch, outside the context must be photograph; between them a data term
keeps the seam near the hole, and crossing costs the gradient magnitude of the SSD between the two.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import ndimage, sparse
from scipy.sparse.csgraph import breadth_first_order, maximum_flow

Array = np.ndarray[Any, np.dtype[Any]]

UNITS = 1 << 14  # integer capacities: a cost of 1 is this many units
PULL = 0.002  # the data term is (PULL x distance in pixels of a 1024-pixel image)^3
NEVER = 1 << 28  # capacity of a link that no cut takes


@dataclass(frozen=True)
class SeamCut:
    """A labelling.  patch: bool (H, W), True = taken from the patch.  cost, straight: in units."""

    patch: Array
    cost: int
    straight: int


def cut(photograph: Array, patch: Array, hole: Array, free: Array, distance: Array) -> SeamCut:
    """Return the cheapest seam.

    photograph, patch: float32 (H, W, 3), RGB in [0, 1].  hole: bool (H, W), must be patch.  free:
    bool (H, W), known pixels that may be either.  distance: (H, W), pixels to the hole.
    """
    pull, across = costs(photograph, patch, hole, distance)
    capacities, nodes, count = _network(hole, free, pull, across)
    flow = maximum_flow(capacities, 0, 1)
    residual = capacities - flow.flow
    residual.data = np.where(residual.data > 0, residual.data, 0)
    residual.eliminate_zeros()
    reached = np.zeros(count, dtype=bool)
    reached[breadth_first_order(residual, 0, return_predecessors=False)] = True
    labels = hole | (free & reached[nodes])
    return SeamCut(labels, labelling_cost(labels, pull, across), labelling_cost(hole, pull, across))


def costs(
    photograph: Array, patch: Array, hole: Array, distance: Array
) -> tuple[Array, tuple[Array, Array]]:
    """Return integer costs: of each pixel as patch (H, W), and of a seam across each link.

    Links: down (H-1, W) and right (H, W-1).  Every link costs one unit more, so that of seams that
    cost the same the shortest wins.
    """
    frame = 1024 / min(hole.shape)
    pull = np.where(hole, 0.0, (PULL * frame * distance) ** 3)
    ssd = np.square(photograph - patch).sum(axis=2)
    # The photograph is unknown inside the hole: carry the SSD of the nearest known pixel inwards.
    rows, columns = ndimage.distance_transform_edt(
        hole, return_distances=False, return_indices=True
    )
    ssd = ssd[rows, columns]
    gradient = np.hypot(*_gradients(ssd))
    down, right = gradient[:-1] + gradient[1:], gradient[:, :-1] + gradient[:, 1:]
    return _units(pull), (_units(down / 2) + 1, _units(right / 2) + 1)


def labelling_cost(labels: Array, pull: Array, across: tuple[Array, Array]) -> int:
    """Return the cost of a labelling, True = patch."""
    down, right = across
    seam = down[labels[:-1] != labels[1:]].sum() + right[labels[:, :-1] != labels[:, 1:]].sum()
    return int(seam + pull[labels].sum())


def _gradients(image: Array) -> tuple[Array, Array]:
    """Return central differences, one-sided at the border; zero along a side of one pixel."""
    down = np.gradient(image, axis=0) if image.shape[0] > 1 else np.zeros_like(image)
    right = np.gradient(image, axis=1) if image.shape[1] > 1 else np.zeros_like(image)
    return down, right


def _units(cost: Array) -> Array:
    return np.rint(np.minimum(cost, 64.0) * UNITS).astype(np.int64)


def _network(
    hole: Array, free: Array, pull: Array, across: tuple[Array, Array]
) -> tuple[sparse.csr_array[Any], Array, int]:
    """Return capacities (int32), each pixel's node and the number of nodes.

    Node 0, the source, is the hole; node 1, the sink, is the photograph; free pixels follow.
    """
    nodes = np.where(hole, 0, 1)
    count = 2 + int(np.count_nonzero(free))
    nodes[free] = np.arange(2, count)
    pairs = [
        (nodes[:-1], nodes[1:], across[0]),
        (nodes[:, :-1], nodes[:, 1:], across[1]),
    ]
    heads, tails, capacity = [nodes[free]], [np.ones(count - 2, dtype=nodes.dtype)], [pull[free]]
    for one, other, cost in pairs:
        crosses = one != other
        for head, tail in ((one, other), (other, one)):
            heads.append(head[crosses])
            tails.append(tail[crosses])
            capacity.append(cost[crosses])
    head, tail, amount = map(np.concatenate, (heads, tails, capacity))
    useful = (head != 1) & (tail != 0) & (amount > 0)
    graph = sparse.coo_array(
        (amount[useful], (head[useful], tail[useful])), shape=(count, count)
    ).tocsr()
    graph.data = np.minimum(graph.data, NEVER).astype(np.int32)
    return graph, nodes, count
