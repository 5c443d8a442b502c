"""Which placements are left when the sources that hold the query itself are left out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from bench.api import RequestError
from methods.common.duplicates import COPY, Matcher, Template
from methods.scenecompletion.place import Placement
from methods.scenecompletion.scenes import Scenes


@dataclass
class CopyJudge:
    """Decides which sources hold the query itself, each once."""

    scenes: Scenes
    matcher: Matcher
    template: Template
    similarity: dict[str, float] = field(default_factory=dict)

    @property
    def copies(self) -> list[str]:
        """The sources judged to hold the query."""
        return [source for source, value in self.similarity.items() if value > COPY]

    def originals(self, placements: list[Placement], count: int) -> list[Placement]:
        """Return the first `count` placements from sources that do not hold the query.

        When every source looks like the query (little is known, and that smooth), only the most
        similar one is left out.  Raises RequestError when nothing is left.
        """
        kept = list(self._originals(placements, count, COPY))
        if not kept:
            kept = list(self._originals(placements, count, max(self.similarity.values()) - 1e-9))
        if not kept:
            raise RequestError(
                "the gallery has no scene but the query's own source; give a gallery of other "
                "photographs, or exclude_copies=false."
            )
        return kept

    def _originals(
        self, placements: list[Placement], count: int, limit: float
    ) -> Iterator[Placement]:
        for placement in placements:
            if count and self._similarity(placement.scene.photograph.source) <= limit:
                count -= 1
                yield placement

    def _similarity(self, source: str) -> float:
        """Return the query's highest correlation with a photograph of the source."""
        if source not in self.similarity:
            self.similarity[source] = max(
                self.matcher.similarity(
                    self.template, photograph.offset, self.scenes.photograph(photograph)
                )
                for photograph in self.scenes.gallery.by_source[source]
            )
        return self.similarity[source]
