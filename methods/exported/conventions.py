"""The inputs and output of an exported network: order, ranges, polarity, the hole's content."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from bench.api import Completion, RequestError
from methods.common.hidden import Hidden, fill_hole

if TYPE_CHECKING:
    import torch

Range: TypeAlias = Literal["0..1", "-1..1", "0..255"]
# From the network's inputs, in its order, to its output.
Network: TypeAlias = "Callable[..., torch.Tensor]"


@dataclass(frozen=True)
class Conventions:
    """The parameters that all exported networks share, with LaMa's as the defaults.

    multiple_of: H and W are padded to a multiple of this.  value_range: of the image that it takes;
    output_range: of the image that it returns.  polarity: what the mask's larger value means;
    mask_range: its two values.  hidden: its input inside the hole: "zero" (black), "mid" (the
    middle of the range) or "mean" (of the known pixels).  inputs: "pair", or "stack" for one
    tensor of four channels; mask_first: the mask before the image.  at_fixed: how a network of one
    size takes other sizes: the image is resized, or cut into overlapping tiles.
    """

    multiple_of: int = 8
    value_range: Range = "0..1"
    output_range: Literal["same", "0..1", "-1..1", "0..255"] = "same"
    polarity: Literal["hole", "keep"] = "hole"
    mask_range: Literal["0..1", "0..255", "-0.5..0.5"] = "0..1"
    hidden: Literal["zero", "mid", "mean"] = "zero"
    inputs: Literal["pair", "stack"] = "pair"
    mask_first: bool = False
    at_fixed: Literal["resize", "tile"] = "resize"

    def check(self) -> None:
        """Raise RequestError for values that no network can have."""
        if self.multiple_of < 1:
            raise RequestError(f"multiple_of={self.multiple_of} is not at least 1")

    def call(self, network: Network, visible: torch.Tensor, hole: torch.Tensor) -> torch.Tensor:
        """Call a network on a batch; return (N, 3, H, W), clipped to [0, 1].

        network: takes one tensor or two, by `inputs`.  visible: (N, 3, H, W).  hole: (N, 1, H, W).
        """
        import torch

        seen: Hidden = {"zero": "black", "mid": "grey", "mean": "mean"}[self.hidden]  # type: ignore[assignment]
        image = _scaled(fill_hole(visible, hole, seen), self.value_range)
        mask = (hole if self.polarity == "hole" else ~hole).to(image.dtype)
        mask = mask * 255 if self.mask_range == "0..255" else mask
        mask = mask - 0.5 if self.mask_range == "-0.5..0.5" else mask
        inputs = (mask, image) if self.mask_first else (image, mask)
        output = network(torch.cat(inputs, 1)) if self.inputs == "stack" else network(*inputs)
        returned = self.value_range if self.output_range == "same" else self.output_range
        return _unscaled(output.float(), returned).clamp(0, 1)

    def complete(
        self,
        network: Network,
        visible: torch.Tensor,
        hole: torch.Tensor,
        size: tuple[int, int] | None,
    ) -> torch.Tensor | Completion:
        """Call a network that may take one size (h, w) only on a batch of any size.

        Where the sizes differ, the notes say how the images were fitted.
        """
        from methods.exported.sizes import POLICIES

        if size is None or tuple(visible.shape[-2:]) == size:
            return self.call(network, visible, hole)
        made = POLICIES[self.at_fixed](
            lambda image, missing: self.call(network, image, missing), visible, hole, size
        )
        word = "resized" if self.at_fixed == "resize" else "tiles"
        return Completion(made, [{word: f"{size[1]}x{size[0]}"}] * len(visible))


def _scaled(image: torch.Tensor, to: Range) -> torch.Tensor:
    return {"0..1": image, "-1..1": image * 2 - 1, "0..255": image * 255}[to]


def _unscaled(image: torch.Tensor, of: str) -> torch.Tensor:
    return {"0..1": image, "-1..1": (image + 1) / 2, "0..255": image / 255}[of]
