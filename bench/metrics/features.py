"""Inception features of a set of images: computed once, then cached by content and weights.

The network is torch-fidelity's "inception-v3-compat" (weights of 2015-12-05); its input is the
uint8 image, which it resizes by TensorFlow 1's bilinear filter.
"""

from __future__ import annotations

import io
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.api import ImageSet, RequestError
from bench.assets.cache import cache_dir, write_atomically

if TYPE_CHECKING:
    import numpy as np

WEIGHTS = "fid-inception"
# Bumped whenever the same images and weights would give other features.
VERSION = 1


def pinned_weights() -> dict[str, str]:
    """Return the pinned sha256 of the Inception by name: the assets of FID, KID and the IDS."""
    from bench.assets import weights

    return {WEIGHTS: weights.pinned(WEIGHTS)}


def inception_features(images: ImageSet) -> np.ndarray:
    """Return float32 (N, 2048), one row per image, in the set's order.

    Read from the cache when the same content was seen before with the same weights.  Raises
    RequestError when the weights cannot be had or the set is empty.
    """
    import numpy as np

    path = features_path(images)
    if path.is_file():
        try:
            cached: np.ndarray = np.load(path, allow_pickle=False)
            if cached.shape == (len(images), 2048):
                return cached
        except (ValueError, EOFError):
            pass  # damaged: computed again and replaced
    features = compute_features(images)
    buffer = io.BytesIO()
    np.save(buffer, features)
    write_atomically(path, buffer.getvalue())
    return features


def features_path(images: ImageSet) -> Path:
    """Return the cache file of a set's features: named by content and weights, never by path."""
    from bench.assets import weights

    key = f"inception-v{VERSION}-{weights.pinned(WEIGHTS)[:16]}-{images.content_hash}"
    return cache_dir() / "features" / f"{key}.npy"


def compute_features(images: ImageSet) -> np.ndarray:
    """Return float32 (N, 2048) without the cache, one image at a time, so rows are independent."""
    import numpy as np
    import torch

    network = load_network()
    with torch.inference_mode():
        rows = [network(image[None])[0].numpy() for image in images]
    if not rows:
        raise RequestError("The set holds no image: features need at least one.")
    return np.concatenate(rows)


@lru_cache(maxsize=1)
def load_network() -> Any:
    """Return the filled network, kept for the process's life (CPU, eval).

    Raises RequestError when the weights cannot be had.
    """
    import torch
    from safetensors.torch import load_file

    from bench.assets import weights
    from bench.assets.converters import inception_skeleton

    state = load_file(weights.require(WEIGHTS))
    network = inception_skeleton()
    for name, empty in network.state_dict().items():
        if name.endswith("bn.weight"):
            state[name] = torch.ones(empty.shape)
        elif name not in state:  # counters of batch norm; the classifier, which is not used
            state[name] = torch.zeros(empty.shape, dtype=empty.dtype)
    network.load_state_dict(state, assign=True)
    return network.eval().requires_grad_(False)
