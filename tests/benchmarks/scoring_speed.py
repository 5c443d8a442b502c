"""Time scoring per image: an earlier commit, this one, and independent packages.

    git worktree add BEFORE a03c6eb
    python -m tests.benchmarks.scoring_speed --before BEFORE [--rounds 9] [--vgg]

Each side is a process with one thread that scores the same pictures on request; the sides take
turns, so that other work on the machine affects all equally.  Prints processor milliseconds per
image (medians of rounds), and the medians of the ratios within a round.  Not a test.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from bench import plugins
from bench.api import imaging

ROOT = Path(__file__).resolve().parents[2]
# Below this many, outputs are scored one after another; at 64 pixels this many fit one pass.
OUTPUTS = 7


@dataclass(frozen=True)
class Job:
    """Metrics of a few outputs.

    peer: the package that computes the same.  shared: all outputs have one target.  read: the PNGs
    are read, too, as a worker does.
    """

    name: str
    metrics: tuple[str, ...]
    size: int = 256
    peer: str = ""
    shared: bool = False
    read: bool = False


DEFAULTS = ("l1", "psnr", "ssim", "lpips")
JOBS = (
    Job("l1, psnr", ("l1", "psnr")),
    Job("ssim", ("ssim",), peer="scikit-image"),
    Job("lpips", ("lpips",), peer="lpips"),
    Job("lpips, lpips_hole", ("lpips", "lpips_hole")),
    Job("lpips, lpips_up64", ("lpips", "lpips_up64")),
    Job("the defaults and their PNGs", DEFAULTS, read=True),
    Job("the same, 7 outputs of one target", DEFAULTS, read=True, shared=True),
    Job("lpips at 64", ("lpips",), 64, peer="lpips"),
    Job("the defaults and their PNGs at 64", DEFAULTS, 64, read=True),
)
VGG = (
    Job("lpips_vgg", ("lpips_vgg",), peer="lpips (VGG)"),
    Job("lpips_vgg and its PNGs", ("lpips_vgg",), read=True),
    Job("the same, 7 outputs of one target", ("lpips_vgg",), read=True, shared=True),
)


def write_pictures(folder: Path) -> None:
    """Write targets, outputs (the hole filled with its mean) and one hole for both sizes."""
    for size in (256, 64):
        photos = plugins.dataset("photos", size=size)
        hole = torch.zeros(1, size, size, dtype=torch.bool)
        hole[:, size // 4 : 3 * size // 4, size // 4 : 3 * size // 4] = True
        (folder / f"{size}").mkdir()
        (folder / f"{size}/hole.png").write_bytes(imaging.encode_png(hole))
        for i, image_id in enumerate(photos.ids()[:OUTPUTS]):
            target = photos.load(image_id)
            filled = torch.where(hole, target.mean((1, 2), keepdim=True) * (0.8 + i / 20), target)
            for kind, image in (("target", target), ("output", filled)):
                png = imaging.encode_png(imaging.to_uint8(image))
                (folder / f"{size}/{kind}{i}.png").write_bytes(png)


def read(folder: Path, job: Job) -> list[tuple[torch.Tensor, torch.Tensor, torch.Tensor]]:
    """Return uint8 outputs and targets (3, H, W), and the hole, of a job."""
    here = folder / str(job.size)
    hole = imaging.as_hole(imaging.decode_hole((here / "hole.png").read_bytes()))

    def levels(name: str) -> torch.Tensor:
        return imaging.decode_png((here / name).read_bytes())

    targets = [levels(f"target{0 if job.shared else i}.png") for i in range(OUTPUTS)]
    return [(levels(f"output{i}.png"), targets[i], hole) for i in range(OUTPUTS)]


def ours(folder: Path, job: Job) -> Callable[[], object]:
    """Return a function that scores a job with the imported code."""
    metrics: dict[str, Any] = {name: plugins.metric(name) for name in job.metrics}
    if job.read:
        return _worker(folder, job)
    images = read(folder, job)
    try:
        from bench.api.pairs import ImagePair, Picture
    except ImportError:  # the earlier commit
        batches = [(x[None].float() / 255, y[None].float() / 255, h[None]) for x, y, h in images]
        return lambda: [metric(*batch) for batch in batches for metric in metrics.values()]

    def score() -> None:
        pairs = [ImagePair(Picture(x), Picture(y), hole) for x, y, hole in images]
        for metric in metrics.values():
            metric.of_pairs(pairs)

    return score


def _worker(folder: Path, job: Job) -> Callable[[], object]:
    """Return a function that does a worker's task: PNGs to scores."""
    here = folder / str(job.size)
    triples: list[Any] = []
    for i in range(OUTPUTS):
        t = 0 if job.shared else i
        paths = (here / f"output{i}.png", here / f"target{t}.png", here / "hole.png")
        triples.append((str(i), *paths, "0", str(t)))
    try:
        from bench.scoring.pairs import Chunk, Lacking, Triple, score_chunk

        lacking = tuple(Lacking(0, Triple(*triple), job.metrics) for triple in triples)
        return lambda: score_chunk(Chunk(lacking))
    except ImportError:
        from bench.scoring import images

        old: Any = images
        chunk = old._Chunk(tuple(old._Triple(*triple) for triple in triples), job.metrics)
        return lambda: old.score_chunk(chunk)


def peer(folder: Path, job: Job) -> Callable[[], object]:
    """Return a function that scores a job with an independent package."""
    images = read(folder, job)
    if job.peer == "scikit-image":
        from skimage.metrics import structural_similarity

        arrays = [[image.permute(1, 2, 0).numpy() for image in two] for *two, _ in images]
        how: Any = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}
        return lambda: [
            structural_similarity(y, x, channel_axis=-1, data_range=255, **how) for x, y in arrays
        ]
    import lpips

    net = "vgg" if "VGG" in job.peer else "alex"
    network = lpips.LPIPS(net=net, pnet_rand=True, verbose=False)  # its speed, not its scores
    tensors = [[image[None].float() / 127.5 - 1 for image in two] for *two, _ in images]

    def score() -> None:
        with torch.inference_mode():
            for x, y in tensors:
                network(x, y)

    return score


def answer(folder: Path, side: str) -> None:
    """Run the job whose number is read from stdin and print its processor seconds."""
    torch.set_num_threads(1)
    jobs: dict[int, Callable[[], object]] = {}
    all_jobs = (*JOBS, *VGG)
    for line in sys.stdin:
        number = int(line)
        if number not in jobs:
            jobs[number] = (peer if side == "peer" else ours)(folder, all_jobs[number])
        began = time.process_time()
        jobs[number]()
        print(time.process_time() - began, flush=True)


def compare(sides: dict[str, subprocess.Popen[str]], number: int, job: Job, rounds: int) -> str:
    """Return a row of the table."""
    from tests.benchmarks.sides import ask

    asked = [name for name in sides if name != "peer" or job.peer]
    spent: dict[str, list[float]] = {name: [] for name in asked}
    for turn in range(rounds + 1):
        for name in asked:
            milliseconds = 1000 * ask(sides[name], number) / OUTPUTS
            if turn:
                spent[name].append(milliseconds)
    middle = {name: f"{statistics.median(times):.2f}" for name, times in spent.items()}

    def times_faster(other: str) -> str:
        if other not in spent:
            return ""
        ratios = [a / b for a, b in zip(spent[other], spent["after"], strict=True)]
        return f"{statistics.median(ratios):.2f}"

    theirs = f"{job.peer} {middle['peer']}" if job.peer else ""
    cells = (job.name, middle["before"], middle["after"], times_faster("before"), theirs)
    return f"| {' | '.join((*cells, times_faster('peer')))} |"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--before", type=Path)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--vgg", action="store_true", help="lpips_vgg too")
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--answer", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.answer:
        answer(options.folder, options.answer)
        return
    from tests.benchmarks.sides import start

    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        write_pictures(folder)
        roots = {"before": options.before.resolve(), "after": ROOT, "peer": ROOT}
        sides = {
            name: start(__file__, root, "--folder", str(folder), "--answer", name)
            for name, root in roots.items()
        }
        print("| at 256 unless said | before, ms | after, ms | times faster | peer, ms | ours |")
        print("|---|---:|---:|---:|---:|---:|")
        for number, job in enumerate((*JOBS, *VGG) if options.vgg else JOBS):
            print(compare(sides, number, job, options.rounds), flush=True)
        for process in sides.values():
            process.communicate()


if __name__ == "__main__":
    main()
