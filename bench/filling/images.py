"""bench.fill on images in memory: convert PIL images, arrays and tensors, and back."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from bench import plugins
from bench.api import RequestError
from bench.api.seeds import derive_seed
from bench.execute.devices import check_device
from bench.filling.completion import Filler
from bench.filling.holes import checked

if TYPE_CHECKING:
    import torch
    from PIL import Image

Back = Callable[[np.ndarray], Any]


def fill(
    image: Image.Image | np.ndarray | torch.Tensor,
    hole: Image.Image | np.ndarray | torch.Tensor | str,
    method: str,
    *,
    seed: int = 0,
    device: str = "cpu",
) -> Any:
    """Fill the hole of one image of any size, as `bench fill` does; return the same type.

    image: a PIL image (L, LA, RGB or RGBA), an array (H, W) or (H, W, C), or a tensor (C, H, W);
    uint8, uint16 or floats in [0, 1], C from 1 to 4.  hole: a PIL image, array or tensor of its
    height and width, True or white (from the middle on) = missing; or a mask generator's name.
    method: a name, with parameters if need be ("ddpm:steps=25").  Known pixels and alpha come back
    to the bit.  Raises RequestError for a hole that is empty, full or of another size.
    """
    check_device(device)
    pixels, back = _opened(image)
    missing = checked(_hole(hole, (pixels.shape[0], pixels.shape[1]), seed), "the image")
    made = plugins.method(method)
    colours = pixels[..., : 1 if pixels.shape[2] < 3 else 3]
    filler = Filler(made, made.load(device), device)
    filled = filler(colours, missing, derive_seed("fill", made.name, seed, 0))
    result = np.concatenate([filled, pixels[..., colours.shape[2] :]], axis=2)
    return back(result)


def _opened(image: Any) -> tuple[np.ndarray, Back]:
    """Return the pixels (H, W, C) and a function that turns such pixels into the image's type."""
    if isinstance(image, np.ndarray):
        flat = image.ndim == 2
        pixels = _accepted(image[..., None] if flat else image)
        return pixels, (lambda made: made[..., 0]) if flat else (lambda made: made)
    if hasattr(image, "permute"):  # a tensor
        import torch

        pixels = _accepted(image.detach().cpu().permute(1, 2, 0).numpy())
        return pixels, lambda made: torch.from_numpy(
            np.ascontiguousarray(made.transpose(2, 0, 1))
        ).to(image.device)
    from PIL import Image

    if not isinstance(image, Image.Image) or image.mode not in ("L", "LA", "RGB", "RGBA"):
        kind = getattr(image, "mode", type(image).__name__)
        raise RequestError(
            f"image is {kind}; allowed: a PIL image of mode L, LA, RGB or RGBA, an array "
            "(H, W) or (H, W, C), or a tensor (C, H, W)"
        )
    array = np.asarray(image)
    pixels = array[..., None] if array.ndim == 2 else array
    return pixels, lambda made: Image.fromarray(made[..., 0] if made.shape[2] == 1 else made)


def _accepted(pixels: np.ndarray) -> np.ndarray:
    """Return pixels of a type and shape that can be filled; raises RequestError."""
    shaped = pixels.ndim == 3 and 1 <= pixels.shape[-1] <= 4 and pixels.size
    if not shaped or not (pixels.dtype in (np.uint8, np.uint16) or pixels.dtype.kind == "f"):
        raise RequestError(
            f"image is {pixels.dtype} {pixels.shape}; allowed: uint8, uint16, or floats in [0, 1], "
            "arrays (H, W) or (H, W, C), tensors (C, H, W), with C from 1 to 4"
        )
    if pixels.dtype.kind == "f" and not (pixels.min() >= 0 and pixels.max() <= 1):
        raise RequestError(
            f"image has floats from {pixels.min():g} to {pixels.max():g}; allowed: 0 to 1"
        )
    return pixels


def _hole(hole: Any, size: tuple[int, int], seed: int) -> np.ndarray:
    """Return the hole as bool (H, W); a string names a generator, white or True is missing."""
    if isinstance(hole, str):
        generator = plugins.mask(hole)
        drawn: np.ndarray = generator(*size, derive_seed("fill-hole", hole, seed))[0].numpy()
        return drawn
    array = np.asarray(hole.detach().cpu() if hasattr(hole, "detach") else hole)
    array = array[0] if array.ndim == 3 and array.shape[0] == 1 else array
    array = array[..., 0] if array.ndim == 3 else array
    if array.shape != size:
        raise RequestError(f"hole is {array.shape} and the image {size}; give a hole of its size")
    if array.dtype == bool:
        return array
    return array >= (128 if array.dtype.kind in "ui" and array.max(initial=0) > 1 else 0.5)
