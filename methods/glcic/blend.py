"""GLCIC's post-processing: fast marching, then Poisson blending (Iizuka et al. 2017, sec. 4.1)."""

from __future__ import annotations

import cv2
import numpy as np
import torch

from bench.api.imaging import to_uint8
from methods.common.poisson import blend


def blend_completion(
    completed: torch.Tensor, visible: torch.Tensor, hole: torch.Tensor
) -> torch.Tensor:
    """Return the completion with its colours fitted to the surrounding, (3, H, W) in [0, 1].

    Fast marching (Telea 2004) fills the hole's outer ring from the known pixels; inside the ring
    the Poisson equation is solved with the completion's gradients and the ring as its boundary.
    completed, visible: float32 (3, H, W) in [0, 1].  hole: bool (1, H, W).  Known pixels are those
    of `visible`, bit for bit.
    """
    missing = hole[0].numpy()
    rgb = to_uint8(visible).permute(1, 2, 0).contiguous().numpy()
    marched = cv2.inpaint(rgb, missing.astype(np.uint8) * 255, 1, cv2.INPAINT_TELEA) / 255.0
    cross = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
    inner = cv2.erode(
        missing.astype(np.uint8), cross, borderType=cv2.BORDER_CONSTANT, borderValue=1
    ).astype(bool)
    known = visible.permute(1, 2, 0).numpy()
    target = np.where(missing[..., None], marched, known).astype(np.float32)
    guide = completed.permute(1, 2, 0).numpy().astype(np.float32)
    blended = blend(guide, target, inner)
    return torch.from_numpy(blended.clip(0, 1)).permute(2, 0, 1).contiguous()
