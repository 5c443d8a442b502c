"""Decode scenes on demand, cut and resize them, convert them to L*a*b*; keep the recent ones."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np

from methods.common.duplicates import shrink
from methods.scenecompletion.gallery import Gallery, Photograph, Scene

Array = np.ndarray[Any, np.dtype[Any]]

KEPT_BYTES = 160 << 20


@dataclass
class Memory:
    """Keeps the most recently used arrays, up to KEPT_BYTES."""

    _kept: OrderedDict[Hashable, Array] = field(default_factory=OrderedDict)
    _bytes: int = 0

    def get(self, key: Hashable, make: Callable[[], Array]) -> Array:
        """Return the array of `key`, made now if it is not kept; it must not be changed."""
        if key not in self._kept:
            self._kept[key] = made = make()
            made.flags.writeable = False
            self._bytes += made.nbytes
            while self._bytes > KEPT_BYTES and len(self._kept) > 1:
                self._bytes -= self._kept.popitem(last=False)[1].nbytes
        self._kept.move_to_end(key)
        return self._kept[key]


@dataclass
class Scenes:
    """The scenes of a gallery as pixels."""

    gallery: Gallery
    memory: Memory = field(default_factory=Memory)

    def photograph(self, photograph: Photograph) -> Array:
        """Return a photograph, uint8 (H, W, 3)."""
        key = ("photograph", photograph.offset)
        return self.memory.get(key, lambda: self.gallery.read(photograph).copy())

    def rgb(self, scene: Scene, size: tuple[int, int]) -> Array:
        """Return a scene at (height, width), float32 RGB in [0, 1]."""
        top, left, height, width = scene.box
        box = self.photograph(scene.photograph)[top : top + height, left : left + width]
        return np.clip(shrink(box.astype(np.float32) / 255, size), 0, 1)

    def sketch(self, scene: Scene, size: tuple[int, int], at_least: int) -> Array:
        """Return a scene at a small (height, width) in L*a*b*, decoded no finer than it needs.

        at_least: the short side that the photograph is decoded to, if it has that many pixels.
        """
        photograph, box = scene.photograph, scene.box
        # A scene that is a tenth of its photograph needs ten times the pixels.
        share = min(box[2:]) / min(photograph.height, photograph.width)
        side = round(at_least / share)
        key = ("sketch", photograph.offset, side)
        small = self.memory.get(key, lambda: self.gallery.read(photograph, side).copy())
        fy, fx = small.shape[0] / photograph.height, small.shape[1] / photograph.width
        top, left = round(box[0] * fy), round(box[1] * fx)
        bottom, right = round((box[0] + box[2]) * fy), round((box[1] + box[3]) * fx)
        unit = (
            small[top : max(bottom, top + 1), left : max(right, left + 1)].astype(np.float32) / 255
        )
        return lab(shrink(unit, size))


def lab(rgb: Array) -> Array:
    """Convert float32 (H, W, 3) RGB in [0, 1] to L*a*b*: L in [0, 100]."""
    return np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2LAB))
