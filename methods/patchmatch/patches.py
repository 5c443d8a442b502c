"""Patches: their distance, the only place where pixels are compared, and which are known.

A patch is named by its top left pixel and lies wholly inside the image: an image of H x W pixels
has (H - size + 1) x (W - size + 1) patches, and none needs care at the border.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from methods.patchmatch.compiled import kernel

LANES = 32  # bytes compared by one vector operation ...
STRIP = 10  # ... which hold this many whole RGB pixels
MAX_SIZE = 15  # 15 * 15 * 3 * 255**2 fits an int32


def pad_rows(rgb: np.ndarray) -> np.ndarray:
    """Copy uint8 (H, W, 3) to (H, W + 2 * STRIP, 3), so that a vector never reads past the end."""
    height, width = rgb.shape[:2]
    padded = np.zeros((height, width + 2 * STRIP, 3), np.uint8)
    padded[:, :width] = rgb
    return padded


def lane_masks(size: int) -> np.ndarray:
    """Return int16 (strips, LANES): -1 where a byte of a patch's row counts, 0 where it does not."""
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
    context: Any, pixels: Any, first: Any, second: Any, stride: Any, rows: Any, mask: Any
) -> Any:
    """Sum of squared differences of two blocks of `rows` x LANES bytes, those under `mask` only.

    pixels, mask: addresses.  first, second: offsets of the blocks.  Written in LLVM's vector types,
    since numba would widen uint8 arithmetic to int64: the even and odd products below become one
    multiply-add instruction, several times faster.
    """

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        base, first, second, stride, rows, mask = arguments
        bytes_of, words = ir.VectorType(ir.IntType(8), LANES), ir.VectorType(ir.IntType(16), LANES)
        half = ir.VectorType(ir.IntType(32), LANES // 2)
        counts = builder.load(builder.inttoptr(mask, words.as_pointer()), align=2)
        total = cgutils.alloca_once_value(builder, ir.Constant(half, None))

        def load(offset: Any) -> Any:
            address = builder.inttoptr(builder.add(base, offset), bytes_of.as_pointer())
            return builder.zext(builder.load(address, align=1), words)

        def lanes(vector: Any, start: int) -> Any:
            chosen = [ir.Constant(ir.IntType(32), i) for i in range(start, LANES, 2)]
            index = ir.Constant(ir.VectorType(ir.IntType(32), LANES // 2), chosen)
            return builder.sext(builder.shuffle_vector(vector, vector, index), half)

        with cgutils.for_range(builder, rows) as loop:
            down = builder.mul(loop.index, stride)
            difference = builder.sub(
                load(builder.add(first, down)), load(builder.add(second, down))
            )
            difference = builder.and_(difference, counts)
            even, odd = lanes(difference, 0), lanes(difference, 1)
            squares = builder.add(builder.mul(even, even), builder.mul(odd, odd))
            builder.store(builder.add(builder.load(total), squares), total)
        kind = ir.FunctionType(ir.IntType(32), [half])
        name = f"llvm.vector.reduce.add.v{LANES // 2}i32"
        reduce = cgutils.get_or_insert_function(builder.module, kind, name)
        return builder.call(reduce, [builder.load(total)])

    i64 = types.int64
    return types.int32(i64, i64, i64, i64, i64, i64), codegen


class Scene(NamedTuple):
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


@kernel()
def distance(scene: Scene, y: int, x: int, source_y: int, source_x: int, bound: int) -> int:
    """Sum of squared differences, in levels^2, of the patches at (y, x) and (source_y, source_x).

    Stops as soon as it is certain to reach `bound`; what it then returns is at least `bound`.
    """
    stride = scene.pixels.strides[0]
    base = scene.pixels.ctypes.data
    first = y * stride + 3 * x
    second = source_y * stride + 3 * source_x
    upper = scene.size // 2
    total = 0
    for part in range(2):
        rows = upper if part == 0 else scene.size - upper
        for strip in range(scene.masks.shape[0]):
            across = part * upper * stride + 3 * STRIP * strip
            mask = scene.masks.ctypes.data + strip * scene.masks.strides[0]
            total += _strip_distance(base, first + across, second + across, stride, rows, mask)
        if total >= bound:
            return total
    return total


@kernel()
def matching_cost(scene: Scene, y: int, x: int, source_y: int, source_x: int, bound: int) -> int:
    """The distance of two patches plus the price of their offset; stops early like `distance`."""
    squared = (y - source_y) * (y - source_y) + (x - source_x) * (x - source_x)
    price = squared * scene.pull >> 10
    if price >= bound:
        return price
    return price + distance(scene, y, x, source_y, source_x, bound - price)
