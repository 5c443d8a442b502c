"""Get the images of a batch from a method: call it with the holes hidden, or read its outputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch

from bench.api import Completion, Inpaint, Json, KnowsImages, Method, ReadsOutputs, imaging


def call_method(
    method: Method,
    inpaint: Inpaint,
    targets: torch.Tensor,
    holes: torch.Tensor,
    seeds: list[int],
    device: str,
) -> tuple[torch.Tensor, Sequence[Mapping[str, Json]]]:
    """Hide the holes, pad, call the method, check what it returned, crop back.

    targets: (N, 3, H, W) in [0, 1].  holes: (N, 1, H, W).  Returns the images and a mapping of
    notes for each; raises ValueError for anything that is not a batch of images, and whatever the
    method raises.
    """
    height, width = targets.shape[-2:]
    visible = imaging.pad_to_multiple(imaging.hide(targets, holes), method.multiple_of)
    shape = visible.shape
    padded_holes = imaging.pad_to_multiple(holes, method.multiple_of)
    # The method gets its own tensors: whatever it does to them, the composited image stays right.
    with torch.no_grad():
        returned = inpaint(visible.to(device), padded_holes.to(device, copy=True), seeds)
        made = returned if isinstance(returned, Completion) else Completion(returned)
        output = made.image.to("cpu", torch.float32) if torch.is_tensor(made.image) else made.image
    if not torch.is_tensor(output) or output.shape != shape:
        kind = tuple(output.shape) if torch.is_tensor(output) else type(output).__name__
        raise ValueError(f"returned {kind}, not an image of shape {tuple(shape)}")
    if not made.image.is_floating_point():
        raise ValueError(f"returned {made.image.dtype}, not float32 in [0, 1]")
    notes = made.notes or [{} for _ in seeds]
    return output[..., :height, :width], notes


def for_images(inpaint: Inpaint, ids: Sequence[str]) -> Inpaint:
    """Return the function that completes these images: itself, unless it wants to know them."""
    return inpaint.for_images(ids) if isinstance(inpaint, KnowsImages) else inpaint


def read_outputs(
    method: ReadsOutputs, ids: Sequence[str], targets: torch.Tensor, holes: torch.Tensor
) -> tuple[torch.Tensor, Sequence[Mapping[str, Json]]]:
    """Read outputs made elsewhere; note by how many levels their known pixels miss the target's.

    The notes hold the hash of each file as well.

    Raises ValueError or OSError for an output that cannot be read, or of another size.
    """
    loaded = [method.output(output_id) for output_id in ids]
    for output, target in zip(loaded, targets, strict=True):
        if output.shape != target.shape:
            (ours, theirs) = (f"{t.shape[-1]}x{t.shape[-2]}" for t in (target, output))
            raise ValueError(f"the output is {theirs} pixels, its target {ours}")
    outputs = torch.stack(loaded)
    levels = ((outputs - targets).abs() * 255).round().masked_fill(holes, 0).flatten(1).amax(1)
    return outputs, [
        {"known_pixels_off_by": int(level), "output_sha256": method.output_sha256(output_id)}
        for level, output_id in zip(levels, ids, strict=True)
    ]
