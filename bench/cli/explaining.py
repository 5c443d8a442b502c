"""`bench explain`: one image and one hole, handed to the method that draws itself."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from bench import plugins
from bench.api import Explains, RequestError, imaging
from bench.api.seeds import derive_seed

if TYPE_CHECKING:
    import torch


def draw(
    spec: str, image: Path | None, mask: str, out: Path | None, *, size: int | None, seed: int
) -> Path:
    """Draw how a method completes an image; return the picture's path.

    Raises RequestError for a method that cannot draw itself and for what it cannot take.
    """
    method = plugins.method(spec)
    if not isinstance(method, Explains):
        these = ", ".join(plugins.offering("method", Explains))
        raise RequestError(f"The method {method.name!r} cannot be explained. These can: {these}.")
    side = size or method.explain_size()
    target = _load(image, side)
    hole = plugins.mask(mask)(side, side, derive_seed("explain", mask, seed))
    path = out or Path(f"explain-{method.name}.png")
    path.parent.mkdir(parents=True, exist_ok=True)
    method.explain(target, hole, seed, path)
    return path


def _load(image: Path | None, side: int) -> torch.Tensor:
    """Return the image, or a shipped photograph, cut to (3, side, side)."""
    if image is None:
        if not 16 <= side <= 256:
            raise RequestError(
                f"--size {side}: the shipped photograph is shown at 16 to 256 pixels; give --image "
                "FILE for another size."
            )
        return plugins.dataset("photos", size=side).load("astronaut-0")
    try:
        return imaging.to_tensor(imaging.resize_crop(imaging.read_rgb(image), side))
    except (OSError, ValueError) as error:
        raise RequestError(f"--image {image}: {error}") from error
