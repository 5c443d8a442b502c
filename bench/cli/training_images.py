"""What a network is trained on: the images of data sets, cropped to one size or several."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from bench.api import Dataset, RequestError
from bench.cli import test_set

if TYPE_CHECKING:
    import numpy as np

    from bench.api import ImageSource


def training_images(datasets: Sequence[Dataset], held_out: int) -> dict[str, np.ndarray]:
    """Return the images of data sets, id -> uint8 (H, W, 3), without the last `held_out` of each.

    Raises RequestError when none is left of one of them.
    """
    images: dict[str, np.ndarray] = {}
    for number, dataset in enumerate(datasets):
        ids = dataset.ids()
        kept = ids[: len(ids) - held_out]
        if not kept:
            raise RequestError(
                f"{len(ids)} images with the last {held_out} held out: none is left."
            )
        prefix = f"{number}/" if number else ""
        pixels = test_set.pixels_of(dataset, kept)
        images |= {prefix + image_id: image for image_id, image in pixels.items()}
    return images


def image_source(
    images: Mapping[str, np.ndarray], side: int, *, flip: bool, larger: Mapping[int, float]
) -> ImageSource:
    """Return images for training at side x side.

    Images of that very size are taken as they are, mirrored at random with `flip`; larger ones are
    cropped at random places and scales.  larger: sizes -> shares of the batches that hold crops of
    that size, from the images that are large enough.  Raises RequestError when there is none, and
    when the shares leave nothing to the configuration's own size.
    """
    from methods.common.images import MixedSizes

    source = _source(list(images.values()), side, flip)
    if not larger:
        return source
    if sum(larger.values()) >= 1:
        raise RequestError(
            f"--larger gives {sum(larger.values()):g} of the batches away; allowed: less than 1 in "
            f"all, the rest holds images of {side}"
        )
    sources = [_crops(images, size, flip) for size in larger]
    return MixedSizes([source, *sources], [1 - sum(larger.values()), *larger.values()])


def _source(pixels: list[np.ndarray], side: int, flip: bool) -> ImageSource:
    """Return images of that size as they are, or crops."""
    import numpy as np

    from methods.common.images import FixedImages, RandomCrops

    if all(p.shape == (side, side, 3) for p in pixels):
        return FixedImages(np.stack(pixels), flip=flip)
    return RandomCrops(pixels, side, flip=flip)


def _crops(images: Mapping[str, np.ndarray], size: int, flip: bool) -> ImageSource:
    """Return crops of the images whose short side is at least `size`; RequestError for none."""
    enough = [pixels for pixels in images.values() if min(pixels.shape[:2]) >= size]
    if not enough:
        largest = max(min(pixels.shape[:2]) for pixels in images.values())
        raise RequestError(
            f"--larger {size}: the largest image's short side is {largest}; "
            "give a size of at most that, or a dataset of larger images"
        )
    return _source(enough, size, flip)
