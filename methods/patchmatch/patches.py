"""Patches: which are known, and their distance, the only place where pixels are compared.

A patch is named by its top left pixel and lies wholly inside the image: an image of H x W pixels
has (H - size + 1) x (W - size + 1) patches, and none crosses the border.
"""

# numba types neither code generation nor how an intrinsic is called (without its context).
# mypy: disable-error-code="no-untyped-call, import-untyped, call-arg"

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numba.np.arrayobj import make_array

from methods.patchmatch.compiled import kernel

LANES = 16  # bytes compared by one vector operation ...
STRIP = 5  # ... which hold this many whole RGB pixels
MAX_SIZE = 15  # 15 * 15 * 3 * 255**2 fits an int32


def pad_rows(rgb: np.ndarray) -> np.ndarray:
    """Copy uint8 (H, W, 3) to (H, W + 2 * STRIP, 3), so that a vector never reads past the end."""
    height, width = rgb.shape[:2]
    padded = np.zeros((height, width + 2 * STRIP, 3), np.uint8)
    padded[:, :width] = rgb
    return padded


def lane_masks(size: int) -> np.ndarray:
    """Return int16 (strips, LANES): -1 where a byte of a patch's row counts, 0 elsewhere."""
    lanes = np.arange(LANES)
    strips = -(-size // STRIP)
    inside = [(lanes < 3 * min(STRIP, size - STRIP * strip)) for strip in range(strips)]
    return -np.stack(inside).astype(np.int16)


def known_patches(hole: np.ndarray, size: int) -> np.ndarray:
    """Return bool (H - size + 1, W - size + 1): True where a patch holds no pixel of the hole."""
    sums = np.zeros((hole.shape[0] + 1, hole.shape[1] + 1), np.int32)
    np.cumsum(np.cumsum(hole, axis=0, dtype=np.int32), axis=1, out=sums[1:, 1:])
    return (
        sums[size:, size:] - sums[:-size, size:] - sums[size:, :-size] + sums[:-size, :-size] == 0
    )


@intrinsic
def _strip_distance(
    context: Any, pixels: Any, first: Any, second: Any, rows: Any, masks: Any, strip: Any
) -> Any:
    """Sum of squared differences of two blocks of `rows` x LANES bytes, masked.

    pixels, masks: arrays.  first, second: offsets of the blocks in bytes.  Written in LLVM's vector
    types, since numba would widen uint8 arithmetic to int64; a squared difference fits 16 bits.
    """

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        first, second, rows, strip = arguments[1], arguments[2], arguments[3], arguments[5]
        image = make_array(signature.args[0])(context, builder, arguments[0])
        mask = make_array(signature.args[4])(context, builder, arguments[4])
        stride = cgutils.unpack_tuple(builder, image.strides, 3)[0]
        bytes_of, words, sums = (ir.VectorType(ir.IntType(bits), LANES) for bits in (8, 16, 32))
        counted = builder.load(
            builder.gep(builder.bitcast(mask.data, words.as_pointer()), [strip]), align=2
        )
        total = cgutils.alloca_once_value(builder, ir.Constant(sums, None))

        def load(offset: Any) -> Any:
            address = builder.bitcast(builder.gep(image.data, [offset]), bytes_of.as_pointer())
            return builder.zext(builder.load(address, align=1), words)

        with cgutils.for_range(builder, rows) as loop:
            down = builder.mul(loop.index, stride)
            difference = builder.sub(
                load(builder.add(first, down)), load(builder.add(second, down))
            )
            difference = builder.and_(difference, counted)
            squares = builder.zext(builder.mul(difference, difference), sums)
            builder.store(builder.add(builder.load(total), squares), total)
        name = f"llvm.vector.reduce.add.v{LANES}i32"
        kind = ir.FunctionType(ir.IntType(32), [sums])
        reduce = cgutils.get_or_insert_function(builder.module, kind, name)
        return builder.call(reduce, [builder.load(total)])

    i64 = types.int64
    return types.int32(pixels, i64, i64, i64, masks, i64), codegen


class Patches(NamedTuple):
    """What patches of one level are compared in.

    pixels: uint8 (H, W + 2 STRIP, 3) of `pad_rows`, complete: the hole holds the present estimate.
    known: bool over the patches, True where a patch holds no pixel of the hole, a legal source.
    size: of a patch, in pixels.  masks: of `lane_masks(size)`.
    pull: cost of an offset of 32 pixels, in levels^2: of like sources the nearer one is taken.
    """

    pixels: np.ndarray
    known: np.ndarray
    size: int
    masks: np.ndarray
    pull: int


@kernel(forceinline=True)
def distance(
    pixels: np.ndarray,
    size: int,
    masks: np.ndarray,
    here: tuple[int, int],
    there: tuple[int, int],
    bound: int,
) -> int:
    """Sum of squared differences, in levels^2, of the patches with these top left pixels (y, x).

    Arrays as in `Patches`, unpacked since numba counts references at every access of a field.
    Stops as soon as it is certain to reach `bound`; what it then returns is at least `bound`.
    """
    stride = pixels.strides[0]
    first = here[0] * stride + 3 * here[1]
    second = there[0] * stride + 3 * there[1]
    upper = size // 2
    total = 0
    for strip in range(masks.shape[0]):
        across = 3 * STRIP * strip
        total += _strip_distance(pixels, first + across, second + across, upper, masks, strip)
    if total >= bound:
        return total
    for strip in range(masks.shape[0]):
        across = upper * stride + 3 * STRIP * strip
        rest = size - upper
        total += _strip_distance(pixels, first + across, second + across, rest, masks, strip)
    return total


@kernel(forceinline=True)
def matching_cost(
    pixels: np.ndarray,
    size: int,
    masks: np.ndarray,
    pull: int,
    here: tuple[int, int],
    there: tuple[int, int],
    bound: int,
) -> int:
    """The distance of two patches plus the price of their offset; stops early like `distance`."""
    down, across = here[0] - there[0], here[1] - there[1]
    price = ((down * down + across * across) * pull) >> 10
    if price >= bound:
        return price
    return price + distance(pixels, size, masks, here, there, bound - price)
