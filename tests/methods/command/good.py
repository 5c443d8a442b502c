"""A well-behaved program: paints holes with a level that the image's seed gives.

python good.py --images DIR --masks DIR --out DIR [--seeds FILE] [--keep-white]
"""

import argparse
from pathlib import Path

import numpy as np
from PIL import Image

parser = argparse.ArgumentParser()
for name in ("images", "masks", "out", "seeds"):
    parser.add_argument(f"--{name}")
parser.add_argument("--suffix", default="")
parser.add_argument("--keep-white", action="store_true")
asked = parser.parse_args()
lines = Path(asked.seeds).read_text().splitlines() if asked.seeds else []
seeds = dict(line.split() for line in lines)
for file in sorted(Path(asked.images).glob("*.png")):
    if file.stem.endswith("_mask"):
        continue
    image = np.array(Image.open(file))
    white = np.array(Image.open(Path(asked.masks) / f"{file.stem}{asked.suffix}.png")) > 127
    hole = ~white if asked.keep_white else white
    assert not image[hole].any(), "the hole is not hidden"
    image[hole] = int(seeds.get(file.stem, 77)) % 256
    Image.fromarray(image).save(Path(asked.out) / f"{file.stem}{asked.suffix}.png")
