"""The only source of randomness: seeds from identities, and per-image noise streams.

`np.random.*` globals, `torch.manual_seed`, `random` and `hash()` are banned everywhere else.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import torch


def derive_seed(*identity: str | int) -> int:
    """Return a seed in [0, 2**63) that depends on the identity alone, on every machine.

    identity: what the random numbers belong to, e.g. ("hole", "hybrid", image_id, 0); no path.
    """
    canonical = json.dumps(identity, ensure_ascii=True, separators=(",", ":")).encode()
    return int.from_bytes(hashlib.sha256(canonical).digest()[:8], "big") >> 1


def numpy_stream(seed: int) -> np.random.Generator:
    """Return numpy's PCG64 stream of a seed."""
    import numpy as np

    return np.random.Generator(np.random.PCG64(seed))


def mersenne_stream(seed: int) -> np.random.RandomState:
    """Return numpy's older stream of a seed, for draws that programs of the field make so too."""
    import numpy as np

    return np.random.RandomState(seed)


def torch_stream(seed: int) -> torch.Generator:
    """Return torch's CPU stream of a seed."""
    import torch

    return torch.Generator(device="cpu").manual_seed(seed)


class NoiseStreams:
    """One CPU random stream per image: the noise of row i depends on seeds[i] alone."""

    def __init__(self, seeds: Sequence[int]) -> None:
        self._streams = [torch_stream(seed) for seed in seeds]

    def normal(self, shape: Sequence[int]) -> torch.Tensor:
        """Return standard normal float32 (N, *shape) on the CPU, the next draw of each stream."""
        import torch

        return torch.stack([torch.randn(*shape, generator=stream) for stream in self._streams])

    def uniform(self, shape: Sequence[int]) -> torch.Tensor:
        """Return uniform float32 in [0, 1), (N, *shape), the next draw of each stream."""
        import torch

        return torch.stack([torch.rand(*shape, generator=stream) for stream in self._streams])
