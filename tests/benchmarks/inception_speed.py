"""Time Inception features per image: torch-fidelity's network and ours, one thread each.

    python -m tests.benchmarks.inception_speed [--rounds 5] [--batch 8]

Both take the same images in turns, in one process; ours also keeps freed memory, as its workers do.
Processor milliseconds per image, medians of rounds, and the median ratio.  Not a test.
"""

from __future__ import annotations

import argparse
import statistics
import time

import torch
from safetensors.torch import load_file

from bench import plugins
from bench.api.imaging import to_uint8
from bench.assets import weights
from bench.metrics import features
from tests.torch_fidelity_network import torch_fidelity_network


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--batch", type=int, default=8)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    photos = plugins.dataset("photos", size=256)
    images = torch.stack([to_uint8(photos.load(i)) for i in photos.ids()[: asked.batch]])
    theirs = torch_fidelity_network(load_file(weights.require(features.WEIGHTS)))
    spent: dict[str, list[float]] = {"torch-fidelity's network": [], "ours": []}
    for turn in range(asked.rounds + 1):
        for name, times in spent.items():
            began = time.process_time()
            if name == "ours":
                computed = features.compute_features(images)
            else:
                with torch.inference_mode():
                    expected = theirs(images)[0]
            if turn:
                times.append(1000 * (time.process_time() - began) / len(images))
    print("| features of 256x256 | processor ms per image |\n|---|---:|")
    for name, times in spent.items():
        print(f"| {name}, batches of {len(images)} | {statistics.median(times):.0f} |")
    ratios = [a / b for a, b in zip(*spent.values(), strict=True)]
    off = float((torch.from_numpy(computed) - expected).abs().max())
    print(f"\nours is {statistics.median(ratios):.2f} times as fast; features differ by {off:.1e}")


if __name__ == "__main__":
    main()
