"""Placements: every retrieved scene on a small picture first, the best again at full size."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import ceil
from typing import Any

import numpy as np

from methods.scenecompletion.context import (
    Correlator,
    place_cost,
    scene_sizes,
    spectra,
    texture_cost,
    transform_size,
)
from methods.scenecompletion.gallery import Scene
from methods.scenecompletion.query import Query
from methods.scenecompletion.scenes import Scenes, lab

Array = np.ndarray[Any, np.dtype[Any]]

SKETCH_SIDE = 32  # short side of the picture on which all candidates are placed
BATCH = 64  # scenes placed at once


@dataclass(frozen=True)
class Placement:
    """A scene at a scale and a place, with its costs.

    size: its (height, width) at the query's resolution; top, left: of its corner in the query,
    negative when it starts outside.  costs: scene, context, texture, cut, as far as known.
    """

    scene: Scene
    scale: float
    size: tuple[int, int]
    top: int
    left: int
    costs: tuple[float, ...]

    @property
    def upscaled(self) -> float:
        """The scene's size here over its stored size; above 1 it was enlarged."""
        return self.size[0] / self.scene.box[2]


@dataclass(frozen=True)
class Placer:
    """Places the scenes of a gallery by their local context."""

    scenes: Scenes

    def sketch(self, query: Query, retrieved: list[tuple[Scene, float]]) -> list[Placement]:
        """Return each scene's best placement on a small picture, the most promising first."""
        small, factor = query.reduced(SKETCH_SIDE)
        r0, r1, c0, c1 = small.core
        groups: dict[tuple[float, int, int], list[tuple[Scene, float]]] = {}
        for scene, distance in retrieved:
            for size in scene_sizes(scene.box[2:], query):
                groups.setdefault(size, []).append((scene, distance))
        best: dict[int, Placement] = {}
        for (scale, height, width), members in groups.items():
            shape = max(round(height * factor), r1 - r0), max(round(width * factor), c1 - c0)
            correlator = Correlator(small, transform_size(*shape, small.radius))
            for start in range(0, len(members), BATCH):
                batch = members[start : start + BATCH]
                places = self._best_places(correlator, [scene for scene, _ in batch], shape)
                for (scene, distance), (cost, top, left) in zip(batch, places, strict=True):
                    best_yet = best.get(scene.number)
                    if best_yet is None or cost < best_yet.costs[1]:
                        place = round(top / factor), round(left / factor)
                        costs = (distance, cost)
                        best[scene.number] = Placement(scene, scale, (height, width), *place, costs)
        return by_equal_costs([best[scene.number] for scene, _ in retrieved])

    def _best_places(
        self, correlator: Correlator, scenes: list[Scene], shape: tuple[int, int]
    ) -> list[tuple[float, int, int]]:
        """Return each scene's cheapest place: cost, top and left; all scenes of one shape."""
        places = correlator.places(*shape)
        stack = np.stack([self._spectra(scene, shape, correlator.size) for scene in scenes])
        costs = correlator.costs(stack, places).reshape(len(scenes), -1)
        rows, columns = np.divmod(costs.argmin(axis=1), len(places.lefts))
        triples = zip(costs.min(axis=1), places.tops[rows], places.lefts[columns], strict=True)
        return [(float(cost), int(top), int(left)) for cost, top, left in triples]

    def _spectra(self, scene: Scene, size: tuple[int, int], transform: tuple[int, int]) -> Array:
        """Return a small scene's transforms, remembered from query to query."""
        return self.scenes.memory.get(
            ("spectra", scene.number, size, transform),
            lambda: spectra(self.scenes.sketch(scene, size, 2 * SKETCH_SIDE), transform),
        )

    def refine(self, query: Query, placement: Placement) -> Placement:
        """Move a placement to the best place near it at full size, and add its texture cost."""
        scene_lab = lab(self.scenes.rgb(placement.scene, placement.size))
        height, width = placement.size
        r0, r1, c0, c1 = query.core

        def legal(top: int, left: int) -> tuple[int, int]:
            return min(max(top, r1 - height), r0), min(max(left, c1 - width), c0)

        place = legal(placement.top, placement.left)
        cost = place_cost(query, scene_lab, *place)
        step = ceil(min(query.known.shape) / SKETCH_SIDE / 2)
        while step:
            top, left = place
            for trial in (
                legal(top + dy * step, left + dx * step) for dy in (-1, 0, 1) for dx in (-1, 0, 1)
            ):
                if (trial_cost := place_cost(query, scene_lab, *trial)) < cost:
                    place, cost = trial, trial_cost
            step //= 2
        rough = texture_cost(query, scene_lab, *place)
        costs = (placement.costs[0], cost, rough)
        return replace(placement, top=place[0], left=place[1], costs=costs)


def by_equal_costs(placements: list[Placement]) -> list[Placement]:
    """Sort by the sum of the costs, each divided by its mean over the placements."""
    costs = np.array([placement.costs for placement in placements])
    total = (costs / np.maximum(costs.mean(axis=0), 1e-12)).sum(axis=1)
    return [placements[i] for i in np.argsort(total, kind="stable")]
