"""`bench explain`: one image and one hole, handed to the method that draws itself."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench import plugins
from bench.api import RequestError, imaging
from bench.api.seeds import derive_seed

if TYPE_CHECKING:
    import torch

DEFAULT_SIZE = {"patchmatch": 256, "scenecompletion": 256, "ddpm": 64}


def draw(
    method: str,
    image: Path | None,
    mask: str,
    out: Path,
    *,
    size: int | None,
    gallery: Path | None,
    sampler: str | None,
    seed: int,
) -> None:
    """Draw how `method` completes an image; raises RequestError for what it cannot take."""
    if sampler is not None and method != "ddpm":
        raise RequestError(f"--sampler {sampler}: only ddpm has samplers; leave it out.")
    side = size or DEFAULT_SIZE[method]
    target = _load(image, side)
    hole = plugins.mask(mask)(side, side, derive_seed("explain", mask, seed))
    out.parent.mkdir(parents=True, exist_ok=True)
    visible = imaging.hide(target[None], hole[None])[0]
    if method == "patchmatch":
        from methods.patchmatch import explain as patchmatch

        patchmatch.draw(target, hole, seed, out)
    elif method == "scenecompletion":
        from methods.scenecompletion import DEFAULT_GALLERY
        from methods.scenecompletion import explain as scenes

        scenes.draw(visible, hole, gallery or DEFAULT_GALLERY, out)
    else:
        from methods.ddpm import explain as ddpm

        asked = f"ddpm:sampler={sampler}" if sampler is not None else None
        chosen: Any = plugins.method(asked) if asked else ddpm.DEFAULT
        ddpm.draw(target, hole, out, method=chosen, seed=seed)


def _load(image: Path | None, side: int) -> torch.Tensor:
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
