"""The only file that knows PNG, HWC <-> CHW, colour order, padding, hiding and composing.

Everything outside sees float32 (3, H, W) RGB in [0, 1] and bool (1, H, W) holes.  torch, numpy and
Pillow are imported inside the functions, so that plug-ins which are only listed stay light.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import torch

# A photograph above this is refused instead of filling the memory (about 540 MB as RGB).
MAX_PIXELS = 178_956_970


def read_rgb(source: Path | bytes) -> np.ndarray:
    """Read any common image file as uint8 (H, W, 3) RGB.

    EXIF orientation is applied; alpha is composed over white; grey, palette and CMYK are converted;
    16-bit grey is scaled to 8 bits (v * 255 / 65535, rounded); of an animation the first frame.
    Raises ValueError (unreadable, truncated, more than MAX_PIXELS) or OSError (no such file).
    """
    import numpy as np
    from PIL import Image, ImageOps

    data = source.read_bytes() if isinstance(source, Path) else source
    try:
        with Image.open(io.BytesIO(data)) as opened:
            if opened.width * opened.height > MAX_PIXELS:
                raise ValueError(
                    f"{opened.width}x{opened.height} pixels, more than the {MAX_PIXELS} allowed"
                )
            opened.load()
            image = ImageOps.exif_transpose(opened)
            if image.mode.startswith("I"):
                wide = np.asarray(image, dtype=np.float64)
                grey = np.rint(np.clip(wide, 0, 65535) * 255 / 65535).astype(np.uint8)
                return np.repeat(grey[:, :, None], 3, axis=2)
            if image.has_transparency_data:
                rgba = image.convert("RGBA")
                white = Image.new("RGBA", rgba.size, (255, 255, 255, 255))
                image = Image.alpha_composite(white, rgba)
            return np.asarray(image.convert("RGB"))
    except (ValueError, MemoryError):
        raise
    except Exception as error:  # Pillow's decoders raise whatever the broken bytes lead them to
        raise ValueError(f"not a readable image ({type(error).__name__}: {error})") from error


def to_tensor(pixels: np.ndarray) -> torch.Tensor:
    """Turn uint8 (H, W, 3) into float32 (3, H, W) in [0, 1]."""
    import numpy as np
    import torch

    return torch.from_numpy(np.array(pixels, copy=True)).permute(2, 0, 1).contiguous().float() / 255


def to_uint8(image: torch.Tensor) -> torch.Tensor:
    """Quantise [0, 1] to uint8: round, then clip; any shape."""
    import torch

    return (image * 255).round().clamp(0, 255).to(torch.uint8)


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
        image = Image.fromarray(pixels.permute(1, 2, 0).contiguous().numpy())
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def decode_png(data: bytes) -> torch.Tensor:
    """Decode PNG bytes written by `encode_png` to uint8 (3, H, W)."""
    import numpy as np
    import torch

    return torch.from_numpy(np.array(read_rgb(data), copy=True)).permute(2, 0, 1).contiguous()


def hide(image: torch.Tensor, hole: torch.Tensor) -> torch.Tensor:
    """Return the image with 0 inside the hole; (N, 3, H, W) and (N, 1, H, W)."""
    return image.masked_fill(hole, 0.0)


def compose(target: torch.Tensor, output: torch.Tensor, hole: torch.Tensor) -> torch.Tensor:
    """Take the method's pixels inside the hole and the target's outside: the one compositing rule."""
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

    Pillow's box filter antialiases when shrinking; LANCZOS when the side is not a multiple.
    """
    import numpy as np
    from PIL import Image

    height, width = pixels.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    square = Image.fromarray(pixels[top : top + side, left : left + side])
    if side == size:
        return np.asarray(square)
    kernel = Image.Resampling.BOX if side % size == 0 else Image.Resampling.LANCZOS
    return np.asarray(square.resize((size, size), kernel))
