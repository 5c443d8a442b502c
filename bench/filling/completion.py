"""Fill the hole of any photograph by a method, at full resolution.

Methods that say which squares they were trained on (bench.api.TrainedAt) see windows of the
photograph (bench.filling.windows), so their memory does not grow with it.  A larger window is
shrunk to that side and the filling enlarged; it is fitted to the border (bench.filling.membrane).
At twice the side the shipped ddpm draws more details, and the shipped glcic false colours.  All
other methods see the whole photograph.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
import torch

from bench.api import Inpaint, Method, ShowsSteps, TrainedAt
from bench.complete.call import call_method
from bench.filling.membrane import extended, fitted
from bench.filling.windows import Window, cover

# A network's filling fades in from the border over this many of the network's pixels.
FADE = 2.0
OnProgress = Callable[[int, int], None]


@dataclass(frozen=True)
class Filler:
    """A loaded method, ready to fill holes."""

    method: Method
    inpaint: Inpaint
    device: str = "cpu"

    def __call__(
        self,
        pixels: np.ndarray,
        hole: np.ndarray,
        seed: int,
        on_progress: OnProgress = lambda done, total: None,
    ) -> np.ndarray:
        """Return the pixels with the hole filled; all others are the same to the bit.

        pixels: (H, W, 1 or 3), uint8, uint16, or float in [0, 1].  hole: bool (H, W), neither empty
        nor full.  on_progress: takes the steps done, and all of them.
        """
        trained = self.method.trained_at() if isinstance(self.method, TrainedAt) else None
        if trained is None:
            whole = Window((slice(0, hole.shape[0]), slice(0, hole.shape[1])), hole)
            return self._filled(pixels, hole, [whole], None, seed, on_progress)
        return self._filled(pixels, hole, cover(hole, trained), trained, seed, on_progress)

    def _filled(
        self,
        pixels: np.ndarray,
        hole: np.ndarray,
        windows: list[Window],
        trained: int | None,
        seed: int,
        on_progress: OnProgress,
    ) -> np.ndarray:
        """Fill one window after the other; filled pixels count as known in the next window."""
        white = float(np.iinfo(pixels.dtype).max) if pixels.dtype.kind == "u" else 1.0
        result, left = pixels.copy(), hole.copy()
        for number, window in enumerate(windows):
            known = result[window.box].astype(np.float32) / np.float32(white)
            watched = self._watched(number, len(windows), on_progress)
            made = self._window(watched, known, left[window.box], trained, seed)
            scaled = made[window.part] * white
            rounded = np.rint(scaled) if pixels.dtype.kind == "u" else scaled
            result[window.box][window.part] = rounded.astype(pixels.dtype)
            left[window.box] &= ~window.part
            if not isinstance(self.inpaint, ShowsSteps):
                on_progress(number + 1, len(windows))
        return result

    def _window(
        self,
        inpaint: Inpaint,
        known: np.ndarray,
        missing: np.ndarray,
        trained: int | None,
        seed: int,
    ) -> np.ndarray:
        """Fill a window; return float32 (h, w, C) in [0, 1].  missing: pixels not known yet."""
        if trained is None:
            return self._call(inpaint, known, missing, seed)
        small, hole = known, missing
        if trained < max(missing.shape):
            small, hole = shrunk(known, missing, trained / max(missing.shape))
        filling = extended(self._call(inpaint, small, hole, seed), hole)
        size = missing.shape[1], missing.shape[0]
        enlarged = cv2.resize(filling, size, interpolation=cv2.INTER_CUBIC)
        fade = FADE * max(missing.shape) / max(hole.shape)
        return fitted(enlarged.reshape(known.shape), known, missing, fade).clip(0, 1)

    def _call(
        self, inpaint: Inpaint, known: np.ndarray, missing: np.ndarray, seed: int
    ) -> np.ndarray:
        """Call the method on an image as RGB; return as many channels as the image has."""
        channels = known.shape[2]
        target = torch.from_numpy(np.ascontiguousarray(known.transpose(2, 0, 1)))[None]
        hole = torch.from_numpy(np.ascontiguousarray(missing))[None, None]
        made, _ = call_method(
            self.method, inpaint, target.expand(-1, 3, -1, -1), hole, [seed], self.device
        )
        image = made[0] if channels == 3 else made[0].mean(0, keepdim=True)
        return image.clamp(0, 1).permute(1, 2, 0).numpy()

    def _watched(self, number: int, count: int, on_progress: OnProgress) -> Inpaint:
        """Return the loaded method, which reports its steps if it has any."""
        if not isinstance(self.inpaint, ShowsSteps):
            return self.inpaint

        def watch(level: int, levels: int, images: torch.Tensor) -> None:
            on_progress(number * levels + levels - level, count * levels)

        return self.inpaint.watched(watch)


def shrunk(known: np.ndarray, missing: np.ndarray, scale: float) -> tuple[np.ndarray, np.ndarray]:
    """Shrink image and hole; a pixel is missing if any pixel that it covers is missing.

    Other pixels are means of known pixels only, so nothing inside the hole leaks out.
    """
    size = max(1, round(missing.shape[1] * scale)), max(1, round(missing.shape[0] * scale))
    share = cv2.resize((~missing).astype(np.float32), size, interpolation=cv2.INTER_AREA)
    hidden = np.where(missing[..., None], np.float32(0), known)
    small = cv2.resize(hidden, size, interpolation=cv2.INTER_AREA).reshape(*share.shape, -1)
    hole = share < 1 - 1e-6
    return small / np.maximum(share, 1e-6)[..., None], hole
