"""A line of records.jsonl: what is known about one output (results/README.md lists the fields)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Literal, cast

# All that is written about an image whose worker was lost.
_OF_A_LOST_IMAGE = ("id", "image_id", "status", "error")


@dataclass(frozen=True, slots=True)
class Record:
    """One output: how it was made, what it cost, and the hashes of its PNGs.

    id: the image's id, and "@k" for sample k of several.  hole_fraction: in (0, 1).  seconds: of
    the batch over its size.  warm: False in the first batch of a worker.  peak_memory: bytes.
    The fields that are None were not recorded, or could not be known since the image failed.
    """

    id: str
    image_id: str
    source: str
    status: Literal["ok", "error"]
    error: str | None = None
    mask_seed: int | None = None
    seed: int | None = None
    seconds: float | None = None
    warm: bool = True
    notes: Mapping[str, object] = field(default_factory=dict)
    height: int | None = None
    width: int | None = None
    hole_fraction: float | None = None
    evaluations: float | None = None
    gradients: float | None = None
    peak_memory: int | None = None
    sha256: str | None = None
    pixels_sha256: str | None = None
    target_sha256: str | None = None
    hole_sha256: str | None = None

    @property
    def done(self) -> bool:
        """Whether the image was completed."""
        return self.status == "ok"

    @property
    def whole(self) -> bool:
        """Whether a run can be resumed from it: a completed image needs the hashes of its PNGs."""
        if not self.done:
            return True
        return None not in (self.sha256, self.target_sha256, self.hole_sha256, self.hole_fraction)

    def to_json(self) -> bytes:
        """Return the line, without its end; a failed image's leaves out what is not known."""
        values = {name: getattr(self, name) for name in _FIELDS}
        if self.seed is None:
            values = {name: values[name] for name in _OF_A_LOST_IMAGE}
        elif not self.done:
            unknown = [name for name in _AFTER_NOTES if values[name] is None]
            values = {name: value for name, value in values.items() if name not in unknown}
        return json.dumps(values, allow_nan=False).encode()

    @classmethod
    def from_json(cls, line: bytes) -> Record:
        """Return the record of a line; raises ValueError for a line that is not a record.

        Fields of other versions are ignored; a committed reference lacks most.
        """
        try:
            loaded = json.loads(line)
        except RecursionError as error:
            raise ValueError("nested too deeply") from error
        if not isinstance(loaded, dict) or not isinstance(loaded.get("id"), str):
            raise ValueError("it has no id")
        if loaded.get("status") not in ("ok", "error"):
            raise ValueError("its status is neither ok nor error")
        return cls._of(loaded)

    @classmethod
    def _of(cls, loaded: dict[str, object]) -> Record:
        """Return the record of a JSON object; a value of another type counts as unknown."""
        name = cast(str, loaded["id"])
        image_id = _text(loaded.get("image_id")) or name
        notes = loaded.get("notes")
        error = loaded.get("error")
        return cls(
            id=name,
            image_id=image_id,
            source=_text(loaded.get("source")) or image_id,
            status=cast(Literal["ok", "error"], loaded["status"]),
            error=None if error is None else str(error),
            mask_seed=_whole_number(loaded.get("mask_seed")),
            seed=_whole_number(loaded.get("seed")),
            seconds=_number(loaded.get("seconds")),
            warm=loaded.get("warm") is not False,
            notes=notes if isinstance(notes, dict) else {},
            height=_whole_number(loaded.get("height")),
            width=_whole_number(loaded.get("width")),
            hole_fraction=_number(loaded.get("hole_fraction")),
            evaluations=_number(loaded.get("evaluations")),
            gradients=_number(loaded.get("gradients")),
            peak_memory=_whole_number(loaded.get("peak_memory")),
            sha256=_text(loaded.get("sha256")),
            pixels_sha256=_text(loaded.get("pixels_sha256")),
            target_sha256=_text(loaded.get("target_sha256")),
            hole_sha256=_text(loaded.get("hole_sha256")),
        )


def read_records(run: Path) -> Iterator[Record]:
    """Yield the records of a run directory in the order of the file, without broken lines.

    The last line is torn when the run was killed.
    """
    try:
        file = (run / "records.jsonl").open("rb")
    except FileNotFoundError:
        return
    with file:
        for line in file:
            with suppress(ValueError):
                yield Record.from_json(line)


_FIELDS = tuple(entry.name for entry in fields(Record))
_AFTER_NOTES = _FIELDS[_FIELDS.index("notes") + 1 :]


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _number(value: object) -> float | None:
    return value if isinstance(value, int | float) else None


def _whole_number(value: object) -> int | None:
    return value if isinstance(value, int) else None
