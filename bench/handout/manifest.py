"""handout.json: describes the images and holes, so that outputs can be scored with it alone."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import cast

from bench.api import RequestError
from bench.api.exchange import LAYOUTS, POLARITIES, Layout, LayoutName, Polarity
from bench.plan.spec import DatasetIdentity, Identity, canonical_json
from bench.store.strict_json import indented

MANIFEST = "handout.json"
# Holds the request while the folder is being written.
UNFINISHED = "handout.unfinished.json"
SCHEMA_VERSION = 1


@dataclass(frozen=True)
class Asked:
    """A request for a handout: dataset and mask as on the command line, and the files' layout.

    with_targets: the images show the hole's true content, for programs that hide it themselves.
    """

    dataset: str
    mask: str
    size: int | None = None
    limit: int | None = None
    mask_seed: int = 0
    samples: int = 1
    layout: LayoutName = "plain"
    polarity: Polarity = "hole-white"
    with_targets: bool = False


@dataclass(frozen=True)
class HandedImage:
    """An image of a handout.  name: of its files.  hole_sha256: of the packed bits of its hole."""

    id: str
    name: str
    height: int
    width: int
    hole_sha256: str


@dataclass(frozen=True)
class Handout:
    """A handout.json.  mask, dataset: as in a run's spec.  files: path -> sha256, of all files."""

    asked: Asked
    mask: Identity
    dataset: DatasetIdentity
    images: tuple[HandedImage, ...]
    files: Mapping[str, str]

    @property
    def layout(self) -> Layout:
        """The layout of its files and of the outputs."""
        return LAYOUTS[self.asked.layout]

    @cached_property
    def names(self) -> Mapping[str, str]:
        """Image id -> the name of its files."""
        return {image.id: image.name for image in self.images}

    @cached_property
    def sha256(self) -> str:
        """The sha256 of its content without the dataset's path."""
        content = self.as_dict()
        asked = dict(cast("Mapping[str, object]", content["asked"]))
        return hashlib.sha256(
            canonical_json({**content, "asked": {**asked, "dataset": ""}})
        ).hexdigest()

    def as_dict(self) -> dict[str, object]:
        """Return the content of the file, without its hash."""
        return {
            "schema_version": SCHEMA_VERSION,
            "asked": asdict(self.asked),
            "mask": self.mask,
            "dataset": self.dataset,
            "images": [asdict(image) for image in self.images],
            "files": dict(self.files),
        }

    def to_json(self) -> bytes:
        """Return the file."""
        return indented({**self.as_dict(), "sha256": self.sha256})


def read_handout(folder: Path) -> Handout:
    """Return the handout in a folder; raises RequestError if there is none, or it was changed."""
    path = folder / MANIFEST
    try:
        loaded = json.loads(path.read_bytes())
        handout = _handout(loaded)
    except FileNotFoundError:
        unfinished = (folder / UNFINISHED).exists()
        what = "is not finished: run `bench handout` again" if unfinished else "is no handout"
        raise RequestError(f"--like {folder} {what}; there is no {MANIFEST} in it.") from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise RequestError(f"{path} cannot be read ({error!r}); hand out again.") from error
    if loaded.get("sha256") != handout.sha256:
        raise RequestError(f"{path} was changed after it was written; hand out again.")
    return handout


def _handout(loaded: Mapping[str, object]) -> Handout:
    if loaded.get("schema_version") != SCHEMA_VERSION:
        raise ValueError(f"it is not of schema version {SCHEMA_VERSION}")
    asked = Asked(**cast("dict[str, object]", loaded["asked"]))  # type: ignore[arg-type]
    if asked.layout not in LAYOUTS or asked.polarity not in POLARITIES:
        raise ValueError(f"unknown layout {asked.layout!r} or polarity {asked.polarity!r}")
    images = cast("list[dict[str, object]]", loaded["images"])
    return Handout(
        asked,
        cast(Identity, loaded["mask"]),
        cast(DatasetIdentity, loaded["dataset"]),
        tuple(HandedImage(**image) for image in images),  # type: ignore[arg-type]
        cast("Mapping[str, str]", loaded["files"]),
    )
