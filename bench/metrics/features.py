"""Inception features of a set of images: computed once, then cached by content and weights.

The network reads uint8 images and resizes them itself.  A set that is cut into parts is cached part
by part: an interrupted scoring goes on there.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from bench.api import HasParts, ImageSet, RequestError
from bench.assets.cache import cache_dir, write_atomically

if TYPE_CHECKING:
    import numpy as np
    import torch

    from bench.metrics.inception import Inception

WEIGHTS = "fid-inception"
# Bumped whenever the same images and weights would give other features.
VERSION = 2
# Images of one size that go through the network at once: on a CPU more of them are no faster; what
# a GPU gains from more, and their memory, was not measured.
BATCH = {"cpu": 8, "cuda": 64}


class InceptionFeatures:
    """What the metrics of Inception features share: where the features come from."""

    def assets(self) -> Mapping[str, str]:
        """Return the pinned sha256 of the Inception."""
        from bench.assets import weights

        return {WEIGHTS: weights.pinned(WEIGHTS)}

    def has_features(self, part: ImageSet) -> bool:
        """Return whether the features of these images are in the cache."""
        return _cached(part) is not None

    def features_of(self, part: ImageSet) -> np.ndarray:
        """Return float32 (N, 2048) without the cache."""
        return compute_features(part)

    def features_on(self, part: ImageSet, device: str) -> np.ndarray:
        """Return float32 (N, 2048) without the cache, computed on a torch device."""
        return compute_features(part, device)

    def keep_features(self, part: ImageSet, features: np.ndarray) -> None:
        """Put the features of these images into the cache."""
        import numpy as np

        buffer = io.BytesIO()
        np.save(buffer, features)
        write_atomically(features_path(part), buffer.getvalue())


def inception_features(images: ImageSet) -> np.ndarray:
    """Return float32 (N, 2048), one row per image, in the set's order.

    Read from the cache when the same content was seen before with the same weights.  Raises
    RequestError when the weights cannot be had or the set is empty.
    """
    import numpy as np

    if (cached := _cached(images)) is not None:
        return cached
    parts = images.parts() if isinstance(images, HasParts) else [images]
    if len(parts) > 1:
        return np.concatenate([inception_features(part) for part in parts])
    features = compute_features(images)
    InceptionFeatures().keep_features(images, features)
    return features


def _cached(images: ImageSet) -> np.ndarray | None:
    """Return the features of a set, None where they are not in the cache, or damaged there."""
    import numpy as np

    try:
        cached: np.ndarray = np.load(features_path(images), allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    return cached if cached.shape == (len(images), 2048) else None


def features_path(images: ImageSet) -> Path:
    """Return the cache file of a set's features: named by content and weights, never by path."""
    from bench.assets import weights

    key = f"inception-v{VERSION}-{weights.pinned(WEIGHTS)[:16]}-{images.content_hash}"
    return cache_dir() / "features" / f"{key}.npy"


def compute_features(images: Iterable[torch.Tensor], device: str = "cpu") -> np.ndarray:
    """Return float32 (N, 2048) of uint8 images (3, H, W); a row does not depend on the others.

    Raises RequestError without an image.
    """
    import numpy as np
    import torch

    network = load_network(device)
    rows = []
    with torch.inference_mode():
        for batch in _batches(images, BATCH["cpu" if device == "cpu" else "cuda"]):
            levels = torch.stack(batch).to(device).contiguous(memory_format=torch.channels_last)
            rows.append(network(levels).cpu().numpy())
    if not rows:
        raise RequestError("The set holds no image: features need at least one.")
    return np.concatenate(rows)


def _batches(images: Iterable[torch.Tensor], most: int) -> Iterator[list[torch.Tensor]]:
    """Yield consecutive images of one size, at most so many at once."""
    batch: list[torch.Tensor] = []
    for image in images:
        if batch and (len(batch) == most or batch[0].shape != image.shape):
            yield batch
            batch = []
        batch.append(image)
    if batch:
        yield batch


@lru_cache(maxsize=1)
def load_network(device: str = "cpu") -> Inception:
    """Return the network for inference, kept for the process's life.

    Raises RequestError when the weights cannot be had.
    """
    from safetensors.torch import load_file

    from bench.assets import weights
    from bench.metrics.inception import Inception

    network = Inception(load_file(weights.require(WEIGHTS))).requires_grad_(False).eval()
    return network.to(device) if device != "cpu" else network
