"""Check that packages run through `command:` give the pixels of their own Python call.

python -m venv peers && peers/bin/pip install 'opencv-python-headless<5' exemplar-based-inpainting \
    pypatchmatch patchmatch-cython
python -m tests.benchmarks.command_peers peers/bin/python

Each package runs in that environment, once on a group of files that the harness writes and once on
the same arrays without files; a Markdown table says how many pixels differ.
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
from pathlib import Path

import numpy as np

from bench.api.imaging import hide, read_rgb
from bench.api.imaging import to_uint8 as levels
from bench.complete.masked_image import mask_image
from bench.plan.request import Request, runs
from bench.plan.spec import Run, method_seed
from bench.runner.benchmark import run_all
from bench.runner.options import Options
from bench.runner.progress import Silent

PROGRAM = Path(__file__).with_name("peer_program.py")
PEERS = ("patchmatch-cython", "pypatchmatch", "exemplar-based-inpainting")
WORDS = "{python} {program} {peer} {{images}} {{masks}} {{outputs}} {{seeds}}"


def run_of(python: Path, peer: str, n: int) -> Run:
    """Return the run of a package as a program, on n photographs of 64 pixels."""
    words = WORDS.format(python=python, program=PROGRAM, peer=peer)
    (run,) = runs(Request((f"command:{words},name={peer}",), ("center-box",), limit=n))
    return run


def own_call(python: Path, peer: str, run: Run, folder: Path) -> np.ndarray:
    """Call the package on the run's images in one process; return uint8 (N, H, W, 3)."""
    images = [mask_image(run, image_id) for image_id in run.ids()]
    visible = [
        levels(hide(i.target.float() / 255, i.hole)).permute(1, 2, 0).numpy() for i in images
    ]
    seeds = [method_seed(run, i.image_id, 0) % 2**31 for i in images]
    np.savez(
        folder / "in.npz",
        rgb=np.stack(visible),
        hole=np.stack([i.hole[0].numpy() for i in images]),
        seed=np.array(seeds),
    )
    words = [str(python), str(PROGRAM), peer, "--arrays", "in.npz", "out.npz"]
    subprocess.run(words, check=True, cwd=folder)
    filled: np.ndarray = np.load(folder / "out.npz")["filled"]
    holes = np.stack([i.hole[0].numpy() for i in images])[..., None]
    targets = np.stack([i.target.permute(1, 2, 0).numpy() for i in images])
    return np.where(holes, filled, targets)


def differing_pixels(python: Path, peer: str, n: int) -> tuple[int, int]:
    """Return the number of pixels that differ, and of all pixels."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        run = run_of(python, peer, n)
        (result,) = run_all([run], Options(folder), metrics=["l1"], workers=1, progress=Silent())
        if result.failed:
            raise SystemExit(f"{peer}: {result.failed}")
        made = [read_rgb(result.path / "images" / "output" / f"{i}.png") for i in run.ids()]
        direct = own_call(python, peer, run, folder)
    return int((np.stack(made) != direct).any(-1).sum()), direct[..., 0].size


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("python", type=Path, help="The Python of the packages' environment.")
    parser.add_argument("--images", type=int, default=8)
    arguments = parser.parse_args()
    print("| package | images | pixels that differ |\n|---|---:|---:|")
    for peer in PEERS:
        off, of = differing_pixels(arguments.python.absolute(), peer, arguments.images)
        print(f"| {peer} | {arguments.images} | {off} of {of} |", flush=True)


if __name__ == "__main__":
    main()
