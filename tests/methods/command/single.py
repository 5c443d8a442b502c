"""A program that takes one image per start: python single.py IMAGE MASK OUTPUT SEED."""

import sys

import numpy as np
from PIL import Image

image = np.array(Image.open(sys.argv[1]))
image[np.array(Image.open(sys.argv[2])) > 127] = int(sys.argv[4]) % 256
Image.fromarray(image).save(sys.argv[3])
