"""The only file that knows PNG, HWC <-> CHW, colour order, padding, hiding and compositing.

Everything outside sees float32 (3, H, W) RGB in [0, 1] and bool (1, H, W) holes.  torch, numpy and
Pillow are imported inside the functions, so that plug-ins which are only listed stay light.  Other
image formats are decoded in bench.api.decoding.
"""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import TYPE_CHECKING

from bench.api import decoding

if TYPE_CHECKING:
    import numpy as np
    import torch

# Files with another suffix are not images; the content, not the suffix, says how to read one.
SUFFIXES = (
    ".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".gif", ".jp2", ".avif",
    ".ppm", ".pgm", ".pnm", ".tga", ".jpe", ".jfif", ".dib", ".qoi",
)  # fmt: skip


def is_image_name(name: str) -> bool:
    """Say whether a file name has the suffix of an image, in any case."""
    return os.path.splitext(name)[1].lower() in SUFFIXES


def read_rgb(source: Path | bytes) -> np.ndarray:
    """Read any common image file, known by its content, as uint8 (H, W, 3) RGB.

    EXIF orientation is applied, alpha composited over white; grey, palette and CMYK are converted;
    16-bit grey is scaled to 8 bits (v * 255 / 65535, rounded), of 16-bit colour the high byte is
    kept (Pillow's decoder); float grey has to be in [0, 1]; of an animation the first frame is
    read.  Colour profiles are ignored, as the field does.
    Raises ValueError, one line (unreadable, truncated, values out of range, more than
    decoding.MAX_PIXELS),
    or OSError (no such file).
    """
    import warnings

    data = source.read_bytes() if isinstance(source, Path) else source
    # Pillow warns of odd metadata, palettes and large files: each is decided here instead.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return decoding.decode(data)
        except Exception as error:  # Pillow's decoders raise whatever the broken bytes lead them to
            raise ValueError(decoding.refusal(error, data)) from error


def size_of(path: Path) -> tuple[int, int]:
    """Return (width, height) from an image file's header; ValueError or OSError as `read_rgb`."""
    import warnings

    from PIL import Image

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with Image.open(path) as opened:
                return opened.size
        except Exception as error:
            raise ValueError(decoding.refusal(error, path.read_bytes())) from error


def to_rgb(grey: np.ndarray) -> np.ndarray:
    """Return (H, W) as (H, W, 3), the value in all channels."""
    return grey[:, :, None].repeat(3, axis=2)


def to_tensor(pixels: np.ndarray) -> torch.Tensor:
    """Turn uint8 (H, W, 3) into float32 (3, H, W) in [0, 1]."""
    return _planes(pixels).float().div_(255)


def _planes(pixels: np.ndarray) -> torch.Tensor:
    """Copy uint8 (H, W, 3) into a tensor (3, H, W)."""
    import numpy as np
    import torch

    return torch.from_numpy(np.array(pixels.transpose(2, 0, 1), order="C", copy=True))


def to_uint8(image: torch.Tensor) -> torch.Tensor:
    """Quantise [0, 1] to uint8: round, then clip; any shape."""
    import torch

    return (image * 255).round_().clamp_(0, 255).to(torch.uint8)


def all_finite(image: torch.Tensor) -> bool:
    """Return whether no value is NaN or infinite; any shape."""
    import torch

    # A sum is as good as its values, and 30 times as fast; one of huge values may overflow.
    return bool(torch.isfinite(image.sum())) or bool(torch.isfinite(image).all())


def as_hole(array: np.ndarray) -> torch.Tensor:
    """Turn a boolean (H, W) array, True = hole, into the bool (1, H, W) of the contract."""
    import numpy as np
    import torch

    return torch.from_numpy(np.ascontiguousarray(array, dtype=bool))[None]


def encode_png(pixels: torch.Tensor) -> bytes:
    """Encode uint8 (3, H, W) RGB or bool (1, H, W) (True = white) as PNG bytes, losslessly."""
    import torch
    from PIL import Image

    if pixels.dtype == torch.bool:
        image = Image.fromarray(pixels[0].to(torch.uint8).mul(255).numpy())
    else:
        image = Image.merge("RGB", [Image.fromarray(plane) for plane in pixels.numpy()])
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def decode_png(data: bytes) -> torch.Tensor:
    """Decode PNG bytes written by `encode_png` to uint8 (3, H, W)."""
    return _planes(read_rgb(data))


def decode_hole(data: bytes) -> np.ndarray:
    """Decode the PNG bytes of a hole to bool (H, W), True = missing; `as_hole` makes a tensor."""
    hole: np.ndarray = read_rgb(data)[:, :, 0] >= 128
    return hole


def hide(image: torch.Tensor, hole: torch.Tensor) -> torch.Tensor:
    """Return the image with 0 inside the hole; (N, 3, H, W) and (N, 1, H, W)."""
    return image.masked_fill(hole, 0.0)


def composite(target: torch.Tensor, output: torch.Tensor, hole: torch.Tensor) -> torch.Tensor:
    """Take the method's pixels inside the hole, the target's outside: the one rule."""
    import torch

    return torch.where(hole, output, target)


def pad_to_multiple(batch: torch.Tensor, multiple: int) -> torch.Tensor:
    """Pad (N, C, H, W), of any dtype, at the bottom and right to a multiple of `multiple`.

    Reflects; repeats the edge where the image is smaller than the pad.
    """
    import torch
    from torch.nn.functional import pad

    height, width = batch.shape[-2:]
    bottom, right = -height % multiple, -width % multiple
    if not bottom and not right:
        return batch
    mode = "reflect" if bottom < height and right < width else "replicate"
    padded = pad(batch.float(), (0, right, 0, bottom), mode=mode)
    return padded.to(batch.dtype) if batch.dtype != torch.bool else padded > 0.5


def resize_crop(pixels: np.ndarray, size: int) -> np.ndarray:
    """Centre-crop uint8 (H, W, 3) to a square and resize it to (size, size, 3).

    Pillow's box filter when the side is a multiple of `size` (the mean of whole pixels), else
    LANCZOS; both antialias when shrinking.  An odd rest is cut at the bottom and right.
    Raises ValueError for another shape or type, an empty image and a size below 1.
    """
    import numpy as np
    from PIL import Image

    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3 or not pixels.size:
        raise ValueError(f"{pixels.dtype} {pixels.shape} is not a uint8 (H, W, 3) image")
    if size < 1:
        raise ValueError(f"size={size} is not a side of 1 pixel or more")
    height, width = pixels.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    square = Image.fromarray(np.ascontiguousarray(pixels[top : top + side, left : left + side]))
    if side == size:
        return np.asarray(square)
    kernel = Image.Resampling.BOX if side % size == 0 else Image.Resampling.LANCZOS
    return np.asarray(square.resize((size, size), kernel))
