"""Muon on a network's inner matrices, Adam on all its other parameters, as one optimiser.

Muon (Jordan et al. 2024) makes the momentum of a matrix orthogonal before it steps along it; the
first and last layers, embeddings, biases and norms are Adam's there too.  A convolution's weight is
the matrix of its output channels by all else.  torch.optim.Muon takes matrices alone, so it is
given views of the weights, of the same memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import nn


class MuonWithAdam:
    """What a training step uses of an optimiser; see the module.

    inner: the layers' weights that Muon steps, two or more dimensions each, contiguous or
    channels_last, on the device where they stay.  rate: of both; Muon's steps are scaled to the
    size of Adam's (Liu et al. 2025, eq. 4).
    """

    def __init__(
        self,
        network: nn.Module,
        inner: Sequence[nn.Parameter],
        rate: float,
    ) -> None:
        self._network = network
        chosen = {id(weight) for weight in inner}
        rest = [p for p in network.parameters() if id(p) not in chosen]
        self._matrices = [(weight, nn.Parameter(_as_matrix(weight.data))) for weight in inner]
        self._muon = torch.optim.Muon(
            [matrix for _, matrix in self._matrices],
            lr=rate,
            weight_decay=0.0,
            adjust_lr_fn="match_rms_adamw",
        )
        self._adam = torch.optim.Adam(rest, lr=rate, fused=True)

    @property
    def param_groups(self) -> list[Any]:
        """Both optimisers' groups; a rate that is set in them holds from the next step on."""
        return [*self._adam.param_groups, *self._muon.param_groups]

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients, or set them to zero."""
        self._network.zero_grad(set_to_none)

    def step(self) -> None:
        """Step all parameters that have gradients."""
        for weight, matrix in self._matrices:
            matrix.grad = None if weight.grad is None else _as_matrix_like(weight)
        self._adam.step()
        self._muon.step()

    def state_dict(self) -> Any:
        """Return both optimisers' state."""
        return {"muon": self._muon.state_dict(), "adam": self._adam.state_dict()}

    def load_state_dict(self, state: Any) -> None:
        """Restore both optimisers' state."""
        self._muon.load_state_dict(state["muon"])
        self._adam.load_state_dict(state["adam"])


def _as_matrix(weight: torch.Tensor) -> torch.Tensor:
    """Return a view (outputs, all else) of a weight (outputs, ...) in the order of its memory."""
    return _in_memory_order(weight, weight).view(len(weight), -1)


def _as_matrix_like(weight: torch.Tensor) -> torch.Tensor:
    """Return a weight's gradient as a matrix whose columns are those of `_as_matrix(weight)`."""
    assert weight.grad is not None
    return _in_memory_order(weight.grad, weight).reshape(len(weight), -1)


def _in_memory_order(values: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """Permute `values` so that its dimensions lie as `weight`'s do in memory."""
    return values if weight.is_contiguous() else values.permute(0, 2, 3, 1)
