"""Keypoints of an image (SIFT: Lowe, IJCV 2004), and what shift and scale two images agree about.

Every match is a hypothesis by itself: its two keypoints have places and sizes.  All are counted
against all matches, so nothing is drawn at random.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]

SHORT = 192  # short side that an image is resized to; SIFT doubles it once more
LEAST = 16  # short side below which an image has no keypoints
# SIFT's threshold is 0.04, which leaves skies and fog without keypoints.
CONTRAST = 0.02
SUPPORT = 1.5  # a keypoint's diameters to the hole, at least
RATIO = 0.85  # of the distances to the nearest and the second nearest descriptor
TURN = 20.0  # degrees that two keypoints that match may be turned
# What agrees with a hypothesis: the ratio of scales, and the place in shares of the short side and
# of the distance from the hypothesis's keypoint.
SCALE, PLACE, FAR = 1.28, 0.04, 0.1
FITS = (0.03, 0.02)  # of the short side: what agrees with the least squares' fit, and again
HYPOTHESES = 2  # for two that are far apart: repeated windows agree about several shifts


@dataclass(frozen=True)
class Keypoints:
    """Keypoints of an image, K of them.

    places: float32 (K, 2), x and y in pixels.  sizes: float32 (K,), diameters in pixels.  angles:
    float32 (K,), degrees.  descriptors: uint8 (K, 128).
    """

    places: Array
    sizes: Array
    angles: Array
    descriptors: Array

    def mirrored(self, width: int) -> Keypoints:
        """Return the keypoints of the image flipped left to right; width: its pixels.

        A descriptor has 4 rows and 4 columns of 8 orientations in the frame that its angle turns.
        """
        places = np.column_stack([width - 1 - self.places[:, 0], self.places[:, 1]])
        flipped = self.descriptors.reshape(-1, 4, 4, 8)[:, ::-1][..., -np.arange(8)]
        return Keypoints(
            places.astype(np.float32),
            self.sizes,
            (180 - self.angles) % 360,
            np.ascontiguousarray(flipped.reshape(-1, 128)),
        )


NONE = Keypoints(
    np.zeros((0, 2), np.float32),
    np.zeros(0, np.float32),
    np.zeros(0, np.float32),
    np.zeros((0, 128), np.uint8),
)


@dataclass(frozen=True)
class Overlay:
    """Where the query lies on a photograph: photograph = scale x query + (left, top), in pixels.

    matches: keypoints that agree.
    """

    matches: int
    scale: float
    left: float
    top: float


def find_keypoints(grey: Array, known: Array | None = None) -> Keypoints:
    """Find keypoints of float32 (H, W) in [0, 1]; bool (H, W) `known` keeps those off the hole."""
    if min(grey.shape) < LEAST:
        return NONE
    factor = SHORT / min(grey.shape)
    size = (round(grey.shape[1] * factor), round(grey.shape[0] * factor))
    kernel = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    resized = cv2.resize(grey, size, interpolation=kernel)
    pixels = np.rint(255 * resized.clip(0, 1)).astype(np.uint8)
    sift = cv2.SIFT.create(contrastThreshold=CONTRAST)
    keypoints = list(sift.detect(pixels, None))
    if known is not None and not known.all():
        large = cv2.resize(known.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST)
        distance = cv2.distanceTransform(large, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
        keypoints = [k for k in keypoints if distance[_pixel(k, size)] >= SUPPORT * k.size]
    if not keypoints:
        return NONE
    kept, descriptors = sift.compute(pixels, keypoints)
    return _keypoints(kept, descriptors, factor)


def _pixel(keypoint: cv2.KeyPoint, size: tuple[int, int]) -> tuple[int, int]:
    """Return the row and the column of a keypoint's pixel; size: width and height."""
    x, y = (min(round(place), side - 1) for place, side in zip(keypoint.pt, size, strict=True))
    return y, x


def _keypoints(keypoints: Sequence[cv2.KeyPoint], descriptors: Array, factor: float) -> Keypoints:
    """Return keypoints of an image that was resized by a factor, in its own pixels."""
    places = np.array([k.pt for k in keypoints], np.float32)
    return Keypoints(
        (places + 0.5) / np.float32(factor) - np.float32(0.5),
        np.array([k.size / factor for k in keypoints], np.float32),
        np.array([k.angle for k in keypoints], np.float32),
        descriptors.astype(np.uint8),
    )


def overlays(query: Keypoints, photograph: Keypoints, short: int) -> Iterator[Overlay]:
    """Yield how the query may lie on the photograph, the most matches first.

    short: the query's short side in pixels.
    """
    q, p, scales = _matches(query, photograph)
    for _ in range(HYPOTHESES):
        if len(q) < 2:
            return
        agree = _agreement(q, p, scales, short)
        scale, corner = _fit(q[agree], p[agree])
        for share in FITS:
            near = np.linalg.norm(scale * q + corner - p, axis=1) < share * short * scale
            if np.count_nonzero(near) < 2:
                break
            agree = near
            scale, corner = _fit(q[agree], p[agree])
        if scale > 0:
            yield Overlay(_distinct(q[agree], p[agree]), scale, float(corner[0]), float(corner[1]))
        q, p, scales = q[~agree], p[~agree], scales[~agree]


def _matches(query: Keypoints, photograph: Keypoints) -> tuple[Array, Array, Array]:
    """Return the places of keypoints that match, (M, 2) each, and their scales (M,)."""
    if not len(query.sizes) or len(photograph.sizes) < 2:
        return np.zeros((0, 2)), np.zeros((0, 2)), np.zeros(0)
    # Squared distances of bytes are whole numbers: the same on every machine.
    squared, nearest = cv2.batchDistance(
        query.descriptors, photograph.descriptors, cv2.CV_32S, normType=cv2.NORM_L2SQR, K=2
    )
    to = nearest[:, 0]
    turn = np.abs((photograph.angles[to] - query.angles + 180) % 360 - 180)
    good = (squared[:, 0] < RATIO**2 * squared[:, 1]) & (turn < TURN)
    scales = photograph.sizes[to] / query.sizes
    return query.places[good], photograph.places[to[good]], scales[good]


def _agreement(q: Array, p: Array, scales: Array, short: int) -> Array:
    """Return which matches agree with the one that most agree with: bool (M,)."""
    apart = q[None] - q[:, None]
    errors = np.linalg.norm(p[:, None] + scales[:, None, None] * apart - p[None], axis=2)
    allowed = scales[:, None] * (PLACE * short + FAR * np.linalg.norm(apart, axis=2))
    alike = np.abs(np.log(scales[:, None] / scales[None])) < np.log(SCALE)
    agree = (errors < allowed) & alike
    return np.asarray(agree[np.argmax(agree.sum(axis=1))])


def _fit(q: Array, p: Array) -> tuple[float, Array]:
    """Return the scale and the shift (2,) that take q to p with the least squares."""
    q_mean, p_mean = q.mean(axis=0), p.mean(axis=0)
    spread = float(np.square(q - q_mean).sum())
    scale = float(((q - q_mean) * (p - p_mean)).sum()) / spread if spread > 1e-6 else 0.0
    return scale, p_mean - scale * q_mean


def _distinct(q: Array, p: Array) -> int:
    """Count matches whose places differ in both images: a place may have several keypoints."""
    return min(len(np.unique(np.rint(places), axis=0)) for places in (q, p))
