"""Run one of three other packages as a program, in their environment, without this project.

python peer_program.py PEER IMAGES MASKS OUTPUTS SEEDS
python peer_program.py PEER --arrays IN.npz OUT.npz         the package's own call, no files between
"""

import sys
from pathlib import Path

import numpy as np
from PIL import Image


def fill(peer: str, rgb: np.ndarray, hole: np.ndarray, seed: int) -> np.ndarray:
    """Call a package.  rgb: uint8 (H, W, 3).  hole: bool (H, W), True = missing."""
    if peer == "patchmatch-cython":
        import patchmatch_cython

        return patchmatch_cython.inpaint_pyramid(rgb, hole, seed=seed)
    if peer == "pypatchmatch":
        import patchmatch

        patchmatch.set_random_seed(seed)
        return patchmatch.inpaint(rgb, hole, patch_size=3)
    from exemplar_based_inpainting.inpainter import Inpainter

    white = hole.astype(np.uint8) * 255
    return Inpainter(show_progress_bar=False).inpaint(rgb[..., ::-1].copy(), white)[..., ::-1]


def main() -> None:
    """Fill files, or arrays."""
    peer = sys.argv[1]
    if sys.argv[2] == "--arrays":
        arrays = np.load(sys.argv[3])
        filled = map(
            fill, [peer] * len(arrays["rgb"]), arrays["rgb"], arrays["hole"], arrays["seed"]
        )
        np.savez(sys.argv[4], filled=np.stack(list(filled)))
        return
    images, masks, outputs = map(Path, sys.argv[2:5])
    for line in Path(sys.argv[5]).read_text().splitlines():
        name, seed = line.split()
        rgb = np.array(Image.open(images / f"{name}.png"))
        hole = np.array(Image.open(masks / f"{name}.png")) > 127
        Image.fromarray(np.ascontiguousarray(fill(peer, rgb, hole, int(seed)))).save(
            outputs / f"{name}.png"
        )


if __name__ == "__main__":
    main()
