"""What a plug-in may offer besides its contract: each protocol is looked for, none is required.

The harness asks `isinstance(plugin, Protocol)`, so that it knows no plug-in by name.  All are
imported from bench.api.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal, Protocol, get_args, runtime_checkable

if TYPE_CHECKING:
    import numpy as np
    import torch

    from bench.api import Json, MaskGenerator, Method

# What a network computes in: "auto" is what suits the machine.
Precision = Literal["auto", "fp32", "bf16"]
PRECISIONS: tuple[str, ...] = get_args(Precision)


@runtime_checkable
class Positional(Protocol):
    """A plug-in with a path that may be written without its key, "NAME:PATH,key=value"."""

    positional: ClassVar[str]  # the field's name


@runtime_checkable
class HasTitle(Protocol):
    """A plug-in that tables call by another name than its own: a folder goes by the folder's."""

    def title(self) -> str:
        """Return what it is called where the user gave no `name=`; not part of its identity."""
        ...


@runtime_checkable
class HasLicence(Protocol):
    """A method that knows the licence of its code and weights, which tables then show."""

    def licence(self) -> str:
        """Return a note such as "MIT / CC BY-NC 4.0" (code / weights), "" for unknown."""
        ...


@runtime_checkable
class HasCautions(Protocol):
    """A plug-in that can tell that it was given something odd, though it can work with it."""

    def cautions(self) -> Sequence[str]:
        """Return what the user should look at before a run, a line each, and what to do."""
        ...


@runtime_checkable
class ImageFacts(Protocol):
    """A dataset that says what it did to an image, such as to enlarge it."""

    def image_facts(self, image_id: str) -> Mapping[str, Json]:
        """Return facts about an image that `load` returns, for the record's notes."""
        ...


@runtime_checkable
class HasAssets(Protocol):
    """A plug-in whose result depends on files: weights, a gallery, a folder of masks."""

    def assets(self) -> Mapping[str, str]:
        """Map each asset's name to its sha256; raises RequestError when one cannot be had."""
        ...


@runtime_checkable
class HasPrecision(Protocol):
    """A method with a field `precision`, which `--precision` replaces."""

    @property
    def precision(self) -> Precision:
        """One of PRECISIONS."""
        ...


@runtime_checkable
class StatesExactness(Protocol):
    """A method that says whether its outputs are equal to the bit on every machine."""

    @property
    def exact(self) -> bool:
        """Whether the same seeds give the same bytes, whatever machine, batch, workers, threads.

        `bench verify` then accepts no other pixel.  A method that does not say counts as a network,
        of which only the mean scores have to agree.
        """
        ...


@runtime_checkable
class StatesSeeding(Protocol):
    """A method that says whether seeds change its outputs."""

    @property
    def seeded(self) -> bool:
        """Whether they do; where not, it runs with one seed, and once for all samples."""
        ...


def is_seeded(method: object) -> bool:
    """Return whether seeds may change a method's outputs."""
    return not isinstance(method, StatesSeeding) or method.seeded


def is_exact(method: object) -> bool:
    """Return whether a method promises the same bytes on every machine."""
    return isinstance(method, StatesExactness) and method.exact


@runtime_checkable
class StatesSymmetry(Protocol):
    """A dataset that says whether its images may be mirrored left to right in training."""

    @property
    def symmetric(self) -> bool:
        """Whether a mirrored image is as likely; one that does not say counts as symmetric."""
        ...


@runtime_checkable
class ChecksSize(Protocol):
    """A method that cannot take every size."""

    def check_size(self, height: int, width: int) -> None:
        """Raise RequestError when even a padded (height, width) image cannot be completed."""
        ...


@runtime_checkable
class ChecksDevice(Protocol):
    """A method that some machines cannot run as asked."""

    def check_device(self, device: str) -> None:
        """Raise RequestError when this machine cannot; called before any run of the request."""
        ...


@runtime_checkable
class Explains(Protocol):
    """A method that can draw how it completes an image, for `bench explain`."""

    def explain_size(self) -> int:
        """Return the side of the square that shows it best, unless another is asked for."""
        ...

    def explain(self, image: torch.Tensor, hole: torch.Tensor, seed: int, out: Path) -> None:
        """Write a picture of how this method, with its parameters, fills one hole.

        image: (3, H, W) in [0, 1], with what is in the hole.  hole: bool (1, H, W).  out: a PNG
        file in a folder that exists.  Raises RequestError for what the method cannot complete.
        """
        ...


class GalleryReport(Protocol):
    """The result of building a gallery."""

    @property
    def skipped(self) -> Sequence[tuple[str, str]]:
        """(id, why) of the photographs that were left out."""
        ...

    def text(self) -> str:
        """Return what the gallery holds, in one line."""
        ...


@runtime_checkable
class BuildsGallery(Protocol):
    """A method that completes from a gallery of photographs, for `bench gallery build`."""

    @classmethod
    def build_gallery(
        cls,
        photographs: Path | Iterable[tuple[str, str, np.ndarray]],
        out: Path,
        *,
        side: int,
        on_progress: Callable[[int, int | None], None],
    ) -> GalleryReport:
        """Build a gallery in the folder `out`, or go on there.

        photographs: a folder, or (id, source, uint8 (H, W, 3)) of each.  side: they are shrunk to
        at most this short side.  on_progress: takes how many are done, of how many if that is
        known.  Raises RequestError when there is nothing to build from.
        """
        ...


@runtime_checkable
class Wraps(Protocol):
    """A method that is another one, used otherwise: "NAME:OTHER:key=value", named "NAME:OTHER"."""

    def wrapped(self) -> Method:
        """Return the other: all that the class is called with; its parameters are the run's."""
        ...


@runtime_checkable
class FollowsSize(Protocol):
    """A mask generator with parameters that follow the images' size unless they are given."""

    def at_size(self, size: int) -> MaskGenerator:
        """Return the generator with those parameters written out for images of this side."""
        ...


@runtime_checkable
class PairedMasks(Protocol):
    """A mask generator that can pair holes with images by id (a folder of masks)."""

    def for_image(self, image_id: str, height: int, width: int, seed: int) -> torch.Tensor:
        """Return the hole of `image_id`: bool (1, H, W); the harness calls this when present."""
        ...

    def check_ids(self, ids: Sequence[str]) -> None:
        """Raise RequestError when some of these images have no hole; called before a run."""
        ...


@runtime_checkable
class Facts(Protocol):
    """A mask generator that says what it drew: the bin, the file."""

    def facts(self, height: int, width: int, seed: int) -> Mapping[str, Json]:
        """Return facts about the hole of (height, width, seed), for the record's notes."""
        ...


@runtime_checkable
class PairedFacts(Protocol):
    """A generator of paired masks that says what it took."""

    def facts_for_image(
        self, image_id: str, height: int, width: int, seed: int
    ) -> Mapping[str, Json]:
        """Return facts about the hole that `for_image` gives for the same arguments."""
        ...
