"""Contracts and conventions of the benchmark: what a plug-in is, and nothing else.

Conventions, everywhere in the project:

    image  float32 (N, 3, H, W), RGB, in [0, 1]
    hole   bool    (N, 1, H, W), True = missing
    seed   int in [0, 2**63)

This module imports the standard library only (torch is named for the type checker), so that the
module that a registry names stays light: `bench list` reads every plug-in without importing torch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Protocol, runtime_checkable

from bench.api.credits import HasCredits
from bench.api.exchange import HasGroupSize, KnowsImages, Local, ReadsOutputs
from bench.api.later import added_later, stated
from bench.api.measures import (
    ComparesFeatures,
    ComputesOnDevice,
    HasParts,
    ImageMetric,
    ImageSet,
    PosteriorMetric,
    SampleMetric,
    ScoresPairs,
    SetMetric,
)
from bench.api.offers import (
    PRECISIONS,
    BuildsGallery,
    ChecksDevice,
    ChecksSize,
    Explains,
    Facts,
    FollowsSize,
    GalleryReport,
    HasAssets,
    HasCautions,
    HasLicence,
    HasPrecision,
    HasTitle,
    ImageFacts,
    PairedFacts,
    PairedMasks,
    Positional,
    Precision,
    StatesExactness,
    StatesSeeding,
    StatesSymmetry,
    Wraps,
    is_exact,
    is_seeded,
)  # fmt: skip
from bench.api.training import ImageSource, Train, TrainedAt, Trainer, Trains
from bench.api.watching import ShowsSteps, WatchSteps

if TYPE_CHECKING:
    import torch

__all__ = [
    "PRECISIONS",
    "BuildsGallery",
    "ChecksDevice",
    "ChecksSize",
    "ComparesFeatures",
    "Completion",
    "ComputesOnDevice",
    "DataNotFoundError",
    "Dataset",
    "Explains",
    "Facts",
    "FollowsSize",
    "GalleryReport",
    "HasAssets",
    "HasCautions",
    "HasCredits",
    "HasGroupSize",
    "HasLicence",
    "HasParts",
    "HasPrecision",
    "HasTitle",
    "ImageFacts",
    "ImageMetric",
    "ImageSet",
    "ImageSource",
    "Inpaint",
    "Json",
    "KnowsImages",
    "Local",
    "MaskGenerator",
    "Method",
    "PairedFacts",
    "PairedMasks",
    "Positional",
    "PosteriorMetric",
    "Precision",
    "ReadsOutputs",
    "RequestError",
    "SampleMetric",
    "ScoresPairs",
    "SetMetric",
    "ShowsSteps",
    "StatesExactness",
    "StatesSeeding",
    "StatesSymmetry",
    "Train",
    "TrainedAt",
    "Trainer",
    "Trains",
    "WatchSteps",
    "Wraps",
    "added_later",
    "is_exact",
    "is_seeded",
    "stated",
]  # fmt: skip

Json = None | bool | int | float | str | Sequence["Json"] | Mapping[str, "Json"]


class RequestError(ValueError):
    """The request was wrong: one line saying what was given, what is allowed and what to do.

    The command line prints the message without a traceback and exits with code 2.
    """


class DataNotFoundError(RequestError):
    """The request was right, but the images of its dataset are not on this machine."""


@dataclass(frozen=True)
class Completion:
    """An image with facts about how it was made, for methods that have something to record.

    image: (N, 3, H, W).  notes: N mappings of JSON values; the keys `evaluations` and
    `gradients` (of the network, for that row) get fields of their own in records.jsonl, the rest
    goes to `notes`.
    """

    image: torch.Tensor
    notes: Sequence[Mapping[str, Json]] = field(default_factory=tuple)


class Inpaint(Protocol):
    """A loaded method: fills the holes of a batch."""

    def __call__(
        self, visible: torch.Tensor, hole: torch.Tensor, seeds: Sequence[int]
    ) -> torch.Tensor | Completion:
        """Complete a batch.

        visible: (N, 3, H, W), 0 inside the hole.  hole: (N, 1, H, W).  seeds: N ints.
        Row i of the result depends on visible[i], hole[i] and seeds[i] alone; the arguments are
        not changed.  The harness composites the result with the known pixels.

        An object may have `dtype`, a str such as "bfloat16": what its network computes in on this
        machine.  The manifest then holds it.  It may have `remark`, a line about this machine that
        the user should read: the first record's notes hold it, and `bench run` says it once.  It
        may show its images while it works: ShowsSteps.
        """
        ...


@runtime_checkable
class Method(Protocol):
    """A frozen dataclass whose fields are its parameters.

    name, version: identity; version is bumped whenever outputs change.
    multiple_of: the harness pads (reflect) H and W up to a multiple of this and crops back.
    single_threaded: True when one call uses one core, so that one worker per core is right.
    Fields annotated `Path` (or `Path | None`) are not part of a run's identity: what they lead to
    is, through `assets`; nor is an `added_later` field with its default.  What else a method may
    offer is in bench.api.offers.
    """

    @property
    def name(self) -> str:
        """The name in tables and seeds."""
        ...

    @property
    def version(self) -> str:
        """Bumped whenever outputs change."""
        ...

    @property
    def multiple_of(self) -> int:
        """What H and W must be a multiple of."""
        ...

    @property
    def single_threaded(self) -> bool:
        """Whether one call uses one core."""
        ...

    def load(self, device: str) -> Inpaint:
        """Return the loaded method on a torch device ("cpu", "cuda", "cuda:1")."""
        ...


@runtime_checkable
class MaskGenerator(Protocol):
    """A frozen dataclass that draws one hole: a pure function of (height, width, seed)."""

    name: ClassVar[str]
    version: ClassVar[str]

    def __call__(self, height: int, width: int, seed: int) -> torch.Tensor:
        """Return bool (1, H, W), True = hole; never empty, never full."""
        ...


@runtime_checkable
class Dataset(Protocol):
    """A frozen dataclass that names images and loads them.

    size: side of the square images, or None for each image's own size.
    """

    name: ClassVar[str]
    version: ClassVar[str]
    size: int | None

    def ids(self) -> list[str]:
        """Return the ids of all images, in a fixed order; unique, '/'-separated, no extension."""
        ...

    def load(self, image_id: str) -> torch.Tensor:
        """Return float32 (3, H, W) in [0, 1]; raises OSError or ValueError when unreadable."""
        ...

    def fingerprint(self, image_id: str) -> str:
        """Return a sha256 of the image's content (its file's bytes, say): never of its path."""
        ...

    def source(self, image_id: str) -> str:
        """Return the id of the photograph this image was cut from; bootstraps resample sources."""
        ...
