"""Training never sees the test set: free-photos and near-duplicates of its images are refused."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from bench import plugins
from bench.api import Dataset, RequestError, imaging

if TYPE_CHECKING:
    import numpy as np

    from methods.common.lookout import Lookout

TEST_SET = "free-photos"
SIDE = 256  # at which the test images are compared
# Up to this side images are compared for equality only: small ones resemble one another.
TINY = 32
NAMED = 3  # of the refused images, in the message


def refuse(
    images: Mapping[str, np.ndarray],
    *,
    warn: Callable[[str], None],
    on_progress: Callable[[int, int], None],
) -> None:
    """Raise RequestError when a training image is, or nearly is, an image of free-photos.

    images: uint8 (H, W, 3) by id.  warn: told when near-duplicates cannot be looked for, which
    needs OpenCV (a bare machine for training may lack it).
    """
    exact = _hashes({image.shape[0] for image in images.values()})
    lookout = _lookout(warn) if any(map(_is_large, images.values())) else None
    copies = []
    for done, (name, image) in enumerate(images.items(), start=1):
        test = exact.get(_hash(image))
        if test is None and lookout is not None and _is_large(image):
            test = lookout.find(image)
        copies += [f"{name} (is {test})"] if test else []
        on_progress(done, len(images))
    if copies:
        raise RequestError(_refusal(copies, len(images)))


def _refusal(copies: Sequence[str], count: int) -> str:
    """Say which of `count` training images are copies of test images."""
    more = f" and {len(copies) - NAMED} more" if len(copies) > NAMED else ""
    return (
        f"{len(copies)} of {count} training images are in the test set free-photos, as "
        f"they are or nearly: {', '.join(copies[:NAMED])}{more}. Leave them out, or give "
        "--with-test-images and never report scores on free-photos of what you train."
    )


def _hashes(sides: set[int]) -> dict[str, str]:
    """Return hash -> id of the test images at these sides."""
    from bench.datasets.free_photos import SIDE as STORED

    dataset = plugins.dataset(TEST_SET, size=STORED)
    stored = pixels_of(dataset, dataset.ids())
    return {
        _hash(imaging.resize_crop(image, side)): name
        for side in sides
        if side <= STORED
        for name, image in stored.items()
    }


def _is_large(image: np.ndarray) -> bool:
    """Return whether an (H, W, 3) image is large enough to be searched for near-duplicates."""
    return bool(min(image.shape[:2]) > TINY)


def _lookout(warn: Callable[[str], None]) -> Lookout | None:
    """Return what finds near-duplicates; None, with a warning, where that cannot be imported."""
    try:
        from methods.common.lookout import Lookout
    except ImportError as error:
        warn(f"near-duplicates of the test set are not looked for: {error}")
        return None
    dataset = plugins.dataset(TEST_SET, size=SIDE)
    return Lookout(pixels_of(dataset, dataset.ids()))


def pixels_of(dataset: Dataset, ids: Sequence[str]) -> dict[str, np.ndarray]:
    """Return id -> uint8 (H, W, 3) of a dataset's images."""
    loaded = {image_id: imaging.to_uint8(dataset.load(image_id)) for image_id in ids}
    return {name: image.permute(1, 2, 0).contiguous().numpy() for name, image in loaded.items()}


def _hash(pixels: np.ndarray) -> str:
    return hashlib.sha256(repr(pixels.shape).encode() + pixels.tobytes()).hexdigest()
