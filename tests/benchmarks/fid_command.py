"""Time FID of a run by `bench score` and by torch-fidelity's own command, in turns.

    python -m tests.benchmarks.fid_command [--images 200] [--rounds 3]

Both read the same PNGs of 256x256 (a run of telea, outputs against targets) and use all cores that
the command may use, start-up included; no features are kept between rounds.  torch-fidelity's
command gets its weights from ours, which came from it.  Prints seconds, medians of rounds, the
median of the ratios of one round, and both values.  Not a test.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors.torch import load_file

from bench.assets import weights
from bench.assets.cache import cache_dir
from bench.metrics import features
from tests.benchmarks.harness_overhead import write_photos
from tests.torch_fidelity_network import torch_fidelity_state

BENCH = (sys.executable, "-m", "bench.cli")


def timed(command: Sequence[str]) -> tuple[float, str]:
    """Return the seconds that a command takes, and its standard output; exits if it fails."""
    began = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}: exit code {done.returncode}\n{done.stderr}")
    return time.perf_counter() - began, done.stdout


def make_run(folder: Path, images: int) -> Path:
    """Complete photographs at 256 with telea; return the run directory."""
    write_photos(folder / "photos", images, 256)
    where = ("--dataset", f"folder:{folder / 'photos'}", "--out", str(folder / "runs"))
    options = ("--mask", "center-box", "--metrics", "none", "--quiet")
    timed((*BENCH, "run", "--method", "telea", *where, *options))
    return next((folder / "runs").glob("*/manifest.json")).parent


def by_bench(run: Path) -> tuple[float, float]:
    """Return the seconds of `bench score`, and the FID."""
    shutil.rmtree(cache_dir() / "features", ignore_errors=True)
    (run / "summary.json").unlink(missing_ok=True)
    seconds, _ = timed((*BENCH, "score", str(run), "--metrics", "fid", "--quiet"))
    summary = json.loads((run / "summary.json").read_bytes())
    return seconds, float(summary["metrics"]["fid"]["value"])


def by_torch_fidelity(run: Path, network: Path) -> tuple[float, float]:
    """Return the seconds of the command `fidelity`, and the FID."""
    command = (
        *(sys.executable, "-m", "torch_fidelity.fidelity", "--fid", "--cpu", "--json", "--silent"),
        *("--input1", str(run / "images/output"), "--input2", str(run / "images/target")),
        *("--feature-extractor-weights-path", str(network), "--no-cache"),
    )
    seconds, out = timed(command)
    return seconds, float(json.loads(out)["frechet_inception_distance"])


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--images", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="fid-command-"))
    network = weights.require(features.WEIGHTS)
    try:
        copy = folder / "cache" / network.relative_to(cache_dir())
        copy.parent.mkdir(parents=True)
        shutil.copyfile(network, copy)
        os.environ["INPAINT_BENCH_CACHE"] = str(folder / "cache")
        torch.save(torch_fidelity_state(load_file(network)), folder / "network.pth")
        run = make_run(folder, asked.images)
        ours, theirs = [], []
        for _ in range(asked.rounds):
            ours.append(by_bench(run))
            theirs.append(by_torch_fidelity(run, folder / "network.pth"))
    finally:
        shutil.rmtree(folder)
    ratios = [their[0] / our[0] for their, our in zip(theirs, ours, strict=True)]
    print(f"FID of {asked.images} outputs and {asked.images} targets\n")
    print("| | seconds | FID |\n|---|---:|---:|")
    for name, measured in (("`bench score`", ours), ("torch-fidelity's command", theirs)):
        seconds = statistics.median(one[0] for one in measured)
        print(f"| {name} | {seconds:.1f} | {measured[0][1]:.4f} |")
    told = ", ".join(f"{ratio:.2f}" for ratio in ratios)
    print(f"\nours is {statistics.median(ratios):.2f} times as fast ({told})")


if __name__ == "__main__":
    main()
