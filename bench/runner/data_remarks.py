"""Remarks for the user about a run's images and holes, from the notes of its records."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from bench.store.record import Record


@dataclass
class _Tally:
    """The images with one note; first: the first image's id and its note."""

    images: set[str] = field(default_factory=set)
    first: tuple[str, str] = ("", "")

    def add(self, image_id: str, said: str) -> None:
        if not self.images:
            self.first = (image_id, said)
        self.images.add(image_id)


# Note of a record -> key in it -> the remark on the images that have it.
_SAID = {
    ("image", "enlarged_from"): "{n} of {of} images were enlarged (first: {first}, from {said})",
    ("mask", "resized_from"): "the masks of {n} of {of} images were resized (first: {first}, from "
    "{said})",
}


def remarks_on(records: Iterable[Record]) -> list[str]:
    """Return a line for each kind of change to images or masks."""
    tallies = {place: _Tally() for place in _SAID}
    images = set()
    for record in records:
        images.add(record.image_id)
        for (part, key), tally in tallies.items():
            note = record.notes.get(part)
            if isinstance(note, dict) and key in note:
                tally.add(record.image_id, str(note[key]))
    return [
        text.format(n=len(tally.images), of=len(images), first=tally.first[0], said=tally.first[1])
        for (text, tally) in zip(_SAID.values(), tallies.values(), strict=True)
        if tally.images
    ]
