"""torch-fidelity's own network, for what ours is compared with."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import torch

from bench.assets.inception import PARTS, shapes


def torch_fidelity_state(tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Return the state of torch-fidelity's network whose convolutions hold `tensors`.

    Batch norm's scale is 1; the classifier, which FID does not use, is 0.
    """
    state = dict(tensors)
    for name, (channels, *_) in shapes().items():
        block = name.removesuffix(f".{PARTS[0]}")
        if block != name:
            state[f"{block}.bn.weight"] = torch.ones(channels)
            state[f"{block}.bn.num_batches_tracked"] = torch.tensor(0)
    return {**state, "fc.weight": torch.zeros(1008, 2048), "fc.bias": torch.zeros(1008)}


def torch_fidelity_network(tensors: Mapping[str, torch.Tensor]) -> Any:
    """Return torch-fidelity's network (CPU, eval); it gives a tuple of one (N, 2048)."""
    from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

    file = io.BytesIO()
    torch.save(torch_fidelity_state(tensors), file)
    file.seek(0)
    with torch.random.fork_rng(devices=[]):
        return FeatureExtractorInceptionV3(
            "inception-v3-compat", ["2048"], feature_extractor_weights_path=file
        )
