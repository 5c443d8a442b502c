"""A program of NTIRE's contract: python ntire.py INPUT_DIR OUTPUT_DIR [SUFFIX of its outputs]."""

import sys
from pathlib import Path

import numpy as np
from PIL import Image

inputs, made = map(Path, sys.argv[1:3])
suffix = sys.argv[3] if len(sys.argv) > 3 else ""
for mask in sorted(inputs.glob("*_mask.png")):
    name = mask.stem.removesuffix("_mask")
    image = np.array(Image.open(inputs / f"{name}.png"))
    image[np.array(Image.open(mask)) > 127] = 50
    Image.fromarray(image).save(made / f"{name}{suffix}.png")
