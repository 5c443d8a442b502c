"""The whole of scene completion: retrieve, place, cut, blend, rank (Hays and Efros 2007).

The costly steps come last: all retrieved scenes are placed on a small picture, the best REFINED of
them at full size, and the best CUTS of those are cut; the first by the sum of all costs is blended.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from bench.api import RequestError
from methods.common.duplicates import Matcher
from methods.common.poisson import blend
from methods.common.views import Viewer
from methods.scenecompletion.copies import CopyJudge
from methods.scenecompletion.gallery import Gallery, Scene
from methods.scenecompletion.gist import describe
from methods.scenecompletion.place import Placement, Placer, by_equal_costs
from methods.scenecompletion.query import Query, make_query, parts
from methods.scenecompletion.scenes import Scenes
from methods.scenecompletion.seam import SeamCut, cut

Array = np.ndarray[Any, np.dtype[Any]]

REFINED = 16  # placements judged at full size
CUTS = 5  # placements cut and ranked


@dataclass(frozen=True)
class PartResult:
    """One completed part.

    chosen: the placement taken; finalists: those that were cut, best first.  patch: float32
    (H, W, 3), the scene in the query's frame, its edge repeated beyond it.  pasted: across the
    seam.  blended: pasted after Poisson blending over the seam's region.
    """

    query: Query
    chosen: Placement
    finalists: tuple[Placement, ...]
    seam: SeamCut
    patch: Array
    pasted: Array
    blended: Array


@dataclass(frozen=True)
class Result:
    """A completed image.

    image: float32 (H, W, 3) in [0, 1], known pixels the query's.  retrieved: scenes and distances.
    excluded: sources left out because they show the query's own scene.
    """

    image: Array
    retrieved: list[tuple[Scene, float]]
    parts: list[PartResult]
    excluded: list[str]


def ignore_stage(stage: str) -> None:
    """Do nothing at the end of a stage."""


@dataclass
class Completer:
    """Completes images from one gallery; what it remembers only saves time.

    candidates: scenes retrieved.  rank: 1 takes the best completion, 2 the second best, ...
    exclude_copies: leave out every source that shows the query's own scene.
    """

    gallery: Gallery
    candidates: int = 200
    rank: int = 1
    exclude_copies: bool = True
    _scenes: Scenes = field(init=False)
    _placer: Placer = field(init=False)
    _matcher: Matcher = field(init=False, default_factory=Matcher)
    _viewer: Viewer = field(init=False, default_factory=Viewer)

    def __post_init__(self) -> None:
        self._scenes = Scenes(self.gallery)
        self._placer = Placer(self._scenes)

    def complete(
        self, visible: Array, hole: Array, on_stage: Callable[[str], None] = ignore_stage
    ) -> Result:
        """Complete one image.

        visible: float32 (H, W, 3) in [0, 1], not read inside the hole.  hole: bool (H, W).
        on_stage: told the name of every stage as it ends (a part of the hole at a time).
        Raises RequestError when no pixel is known or no scene is left.
        """
        if hole.all():
            raise RequestError("no pixel of the image is known; a hole must leave some.")
        visible = np.where(hole[:, :, None], np.float32(0), visible)
        retrieved = self.gallery.search(describe(visible, ~hole), self.candidates)
        on_stage("retrieve")
        judge = CopyJudge(self._scenes, self._matcher, self._viewer, visible, ~hole)
        image, results = visible.copy(), []
        for part in parts(hole):
            query = make_query(visible, hole, part)
            result = self._complete_part(query, retrieved, judge, on_stage)
            # The harness keeps every known pixel, so the seam's gradients are fitted to the hole's
            # own boundary once more; a cut outside the hole would otherwise end in an edge there.
            image = np.where(part[:, :, None], blend(result.blended, visible, part), image)
            on_stage("blend")
            results.append(result)
        return Result(image.clip(0, 1), retrieved, results, sorted(judge.copies))

    def _complete_part(
        self,
        query: Query,
        retrieved: list[tuple[Scene, float]],
        judge: CopyJudge,
        on_stage: Callable[[str], None],
    ) -> PartResult:
        sketched = self._placer.sketch(query, retrieved)
        on_stage("context")
        count = max(REFINED, self.rank)
        if self.exclude_copies:
            sketched = judge.originals(sketched, count)
            on_stage("copies")
        refined = [self._placer.refine(query, placement) for placement in sketched[:count]]
        on_stage("refine")
        finalists = by_equal_costs(refined)[: max(CUTS, self.rank)]
        cuts = [(placement, *self._cut(query, placement)) for placement in finalists]
        costed = [
            replace(placement, costs=(*placement.costs, float(seam.cost)))
            for placement, seam, _ in cuts
        ]
        ranked = by_equal_costs(costed)
        chosen = ranked[min(self.rank, len(ranked)) - 1]
        _, seam, patch = cuts[costed.index(chosen)]
        on_stage("seam")
        pasted = np.where(seam.patch[:, :, None], patch, query.rgb)
        blended = blend(patch, query.rgb, seam.patch)
        return PartResult(query, chosen, tuple(ranked), seam, patch, pasted, blended)

    def _cut(self, query: Query, placement: Placement) -> tuple[SeamCut, Array]:
        """Return the seam of a placement and its patch in the query's frame."""
        patch, covered = in_frame(
            self._scenes.rgb(placement.scene, placement.size),
            placement.top,
            placement.left,
            query.known.shape,
        )
        free = query.context & covered
        return cut(query.rgb, patch, query.part, free, query.distance), patch


def in_frame(scene: Array, top: int, left: int, shape: tuple[int, ...]) -> tuple[Array, Array]:
    """Return a scene in the query's frame, edges repeated, and where it covers, bool (H, W)."""
    height, width = scene.shape[:2]
    rows, columns = np.arange(shape[0]) - top, np.arange(shape[1]) - left
    covered = ((rows >= 0) & (rows < height))[:, None] & (columns >= 0) & (columns < width)
    return scene[np.ix_(rows.clip(0, height - 1), columns.clip(0, width - 1))], covered
