"""The contracts of metrics: a number per image, per set of images, per image's samples.

All are imported from bench.api.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, ClassVar, Protocol, runtime_checkable

from bench.api.pairs import ImagePair

if TYPE_CHECKING:
    import numpy as np
    import torch


@runtime_checkable
class ImageMetric(Protocol):
    """A frozen dataclass that gives one number per image."""

    name: ClassVar[str]
    version: ClassVar[str]
    unit: ClassVar[str]
    higher_is_better: ClassVar[bool]

    def __call__(
        self, output: torch.Tensor, target: torch.Tensor, hole: torch.Tensor
    ) -> torch.Tensor:
        """Return float64 (N,).  output, target: (N, 3, H, W), exact multiples of 1/255."""
        ...


@runtime_checkable
class ScoresPairs(Protocol):
    """What an ImageMetric may offer besides its contract: many pairs at once, already decoded."""

    def of_pairs(self, pairs: Sequence[ImagePair], device: str = "cpu") -> list[float]:
        """Return the number of each pair, the same as of a call with it alone.

        It may use what other metrics kept of the pairs and their pictures, and keep more for them.
        device: where networks run.
        """
        ...


class ImageSet(Protocol):
    """Images on disk, loaded one at a time."""

    @property
    def content_hash(self) -> str:
        """sha256 over the images' contents, in order: the key of cached features."""
        ...

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[torch.Tensor]:
        """Yield uint8 (3, H, W), RGB."""
        ...


@runtime_checkable
class HasParts(Protocol):
    """What an ImageSet may offer: itself in parts, which can be loaded on different machines."""

    def parts(self) -> Sequence[ImageSet]:
        """Return consecutive parts that together are the set."""
        ...


@runtime_checkable
class ComparesFeatures(Protocol):
    """What a SetMetric may offer: features of single images, to be computed over all workers."""

    def has_features(self, part: ImageSet) -> bool:
        """Return whether `over_sets` would find the features of a part of a set."""
        ...

    def features_of(self, part: ImageSet) -> np.ndarray:
        """Return the features of a part, a row per image; called in a worker."""
        ...

    def keep_features(self, part: ImageSet, features: np.ndarray) -> None:
        """Keep them for `over_sets`; called in the parent."""
        ...


@runtime_checkable
class ComputesOnDevice(Protocol):
    """What a metric that ComparesFeatures may offer: its network on another device."""

    def features_on(self, part: ImageSet, device: str) -> np.ndarray:
        """Return the features of a part, a row per image, computed on a torch device."""
        ...


@runtime_checkable
class SetMetric(Protocol):
    """A frozen dataclass that gives one number per run (FID, KID, P-IDS, U-IDS)."""

    name: ClassVar[str]
    version: ClassVar[str]
    unit: ClassVar[str]
    higher_is_better: ClassVar[bool]

    def over_sets(self, outputs: ImageSet, targets: ImageSet) -> float:
        """Return the number for `outputs` against `targets`, paired in order."""
        ...


@runtime_checkable
class SampleMetric(Protocol):
    """A frozen dataclass that gives one number for the K samples of one image and hole."""

    name: ClassVar[str]
    version: ClassVar[str]
    unit: ClassVar[str]
    higher_is_better: ClassVar[bool]

    def over_samples(self, samples: torch.Tensor) -> float:
        """Return the number.  samples: (K, 3, H, W), exact multiples of 1/255, K >= 2."""
        ...


@runtime_checkable
class PosteriorMetric(Protocol):
    """A frozen dataclass that gives one number for the K samples of an image, given the truth."""

    name: ClassVar[str]
    version: ClassVar[str]
    unit: ClassVar[str]
    higher_is_better: ClassVar[bool]

    def over_posterior(
        self, samples: torch.Tensor, target: torch.Tensor, hole: torch.Tensor
    ) -> float:
        """Return the number.

        samples: (K, 3, H, W), K >= 2; target: (3, H, W); exact multiples of 1/255.
        hole: bool (1, H, W).
        """
        ...
