"""Which placements are left when the sources that show the query's own scene are left out.

A source is a copy when the query is a part of one of its photographs (`duplicates`), or when one
shows the same scene at another crop or scale, or mirrored (`views`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from typing import Any

import numpy as np

from bench.api import RequestError
from methods.common.duplicates import COPY, Matcher, Template, prepare
from methods.common.views import View, Viewer, both_ways
from methods.scenecompletion.place import Placement
from methods.scenecompletion.scenes import Scenes

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass
class CopyJudge:
    """Decides which sources show one query's scene, each once.

    visible: float32 (H, W, 3) in [0, 1], 0 inside the hole.  known: bool (H, W).  copies: the
    sources left out so far.
    """

    scenes: Scenes
    matcher: Matcher
    viewer: Viewer
    visible: Array
    known: Array
    copies: set[str] = field(default_factory=set)
    _similarity: dict[str, float] = field(default_factory=dict)
    _shown: dict[str, bool] = field(default_factory=dict)

    def originals(self, placements: list[Placement], count: int) -> list[Placement]:
        """Return the first `count` placements from sources that do not show the query's scene.

        When every source looks like the query (little is known, and that smooth), only those are
        left out that show the same scene for sure, or the most similar one.  Raises RequestError
        when nothing is left.
        """
        kept = list(islice((p for p in placements if not self._is_copy(_source(p))), count))
        self.copies = {source for source in self._similarity if self._is_copy(source)}
        if not kept:
            self.copies = self._surest()
            kept = [p for p in placements if _source(p) not in self.copies][:count]
        if not kept:
            raise RequestError(
                "the gallery has no scene but the query's own source; give a gallery of other "
                "photographs, or exclude_copies=false."
            )
        return kept

    def _is_copy(self, source: str) -> bool:
        return self._likeness(source) > COPY or self._is_shown(source)

    def _surest(self) -> set[str]:
        """Return the judged sources that show the query's scene; if none does, the most similar."""
        shown = {source for source in self._similarity if self._is_shown(source)}
        return shown or {max(self._similarity, key=self._similarity.__getitem__)}

    def _likeness(self, source: str) -> float:
        """Return the query's highest correlation with a part of a photograph of the source."""
        if source not in self._similarity:
            self._similarity[source] = max(
                self.matcher.similarity(
                    self._template, photograph.offset, self.scenes.photograph(photograph)
                )
                for photograph in self.scenes.gallery.by_source[source]
            )
        return self._similarity[source]

    def _is_shown(self, source: str) -> bool:
        """Return whether a photograph of the source shows the query's scene."""
        if source not in self._shown:
            self._shown[source] = any(
                self.viewer.shows(
                    self._views, photograph.offset, self.scenes.photograph(photograph)
                )
                for photograph in self.scenes.gallery.by_source[source]
            )
        return self._shown[source]

    @cached_property
    def _template(self) -> Template:
        return prepare(self.visible, self.known)

    @cached_property
    def _views(self) -> tuple[View, View]:
        return both_ways(self.visible, self.known)


def _source(placement: Placement) -> str:
    return placement.scene.photograph.source
