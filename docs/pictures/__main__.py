"""Make the pictures of docs/tour.md, all or some, from what the repository holds.

python -m docs.pictures                  # all, in a few minutes
python -m docs.pictures forward walk     # those two
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from docs.pictures import comparing, diffusing, masking, painting

PICTURES = {
    "fill": painting.fill,
    "holes": painting.holes,
    "patchmatch": painting.patchmatch,
    "scenecompletion": painting.scenecompletion,
    "glcic": painting.glcic,
    "forward": diffusing.forward,
    "posterior": diffusing.posterior,
    "reverse": diffusing.reverse,
    "attention": diffusing.attention,
    "masking": masking.masking,
    "walk": masking.walk,
    "metrics": comparing.metrics,
}


def main() -> None:
    """Make the pictures that are named, or all."""
    parser = argparse.ArgumentParser(description="Make the pictures of the tour.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(PICTURES))
    parser.add_argument("--out", type=Path, default=Path(__file__).parents[1] / "tour")
    options = parser.parse_args()
    unknown = [name for name in options.names if name not in PICTURES]
    if unknown:
        parser.error(f"{', '.join(unknown)}: no such picture; there are {', '.join(PICTURES)}")
    for name in options.names or PICTURES:
        began = time.perf_counter()
        path = options.out / f"{name}.webp"
        PICTURES[name](path)
        seconds = time.perf_counter() - began
        print(f"{path}  {path.stat().st_size / 1000:.0f} KB  {seconds:.1f} s", flush=True)


if __name__ == "__main__":
    main()
