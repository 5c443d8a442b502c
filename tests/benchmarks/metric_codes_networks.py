"""Compute LPIPS and FID of one set of pairs by other packages: a Markdown table.

python -m tests.benchmarks.metric_codes_networks RUN --packages DIR

RUN: a run directory with its PNGs.  DIR: a folder of `pip install --no-deps --target DIR
torchmetrics lightning-utilities pytorch-fid clean-fid requests urllib3`.  Their code runs
unchanged; only the trunks that they would download are replaced by the suite's (`bench weights
--fetch`), which are the same.
"""

from __future__ import annotations

import argparse
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file

from bench import plugins
from bench.api.imaging import read_rgb, to_tensor
from bench.assets import weights
from bench.metrics.features import WEIGHTS as INCEPTION
from bench.metrics.features import load_network as inception
from bench.metrics.fid import frechet_distance
from bench.metrics.perceptual import WEIGHTS
from tests.torch_fidelity_network import torch_fidelity_state

Row = tuple[str, float]
CPU = torch.device("cpu")


class Pairs:
    """The outputs and targets of a run, decoded."""

    def __init__(self, run: Path) -> None:
        self.folders = [run / "images" / name for name in ("output", "target")]
        names = sorted(path.name for path in self.folders[0].glob("*.png"))
        self.images = [
            [to_tensor(read_rgb(f / name))[None] for name in names] for f in self.folders
        ]

    def __iter__(self) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        yield from zip(*self.images, strict=True)

    def __len__(self) -> int:
        return len(self.images[0])

    def mean(self, score: Callable[[torch.Tensor, torch.Tensor], torch.Tensor]) -> float:
        """Return the mean of a score of (output, target), each (1, 3, H, W) in [0, 1]."""
        with torch.inference_mode():
            return float(np.mean([float(score(*pair)) for pair in self]))

    def levels(self, which: int) -> torch.Tensor:
        """Return uint8 (N, 3, H, W) of the outputs (0) or targets (1)."""
        return (torch.cat(self.images[which]) * 255).round().to(torch.uint8)


def our_lpips(name: str) -> Callable[[torch.Tensor, torch.Tensor], torch.Tensor]:
    """Return one of our metrics as a function of a pair."""
    metric: Any = plugins.metric(name)
    return lambda a, b: metric(a, b, torch.ones(1, 1, *a.shape[-2:], dtype=torch.bool))


def torchmetrics_lpips(net: str, **options: bool) -> Callable[..., torch.Tensor]:
    """Return torchmetrics' LPIPS with the pretrained trunk."""
    from torchmetrics.functional.image import lpips as theirs

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        network = theirs._LPIPS(net=net, pnet_rand=True)
    trunk = load_file(weights.require(WEIGHTS[net]))
    network.net.load_state_dict(
        {name: trunk["features." + name.partition(".")[2]] for name in network.net.state_dict()}
    )
    network.requires_grad_(False)
    return lambda a, b: theirs._lpips_update(a, b, network, **options)


def lpips_rows(pairs: Pairs) -> Iterator[Row]:
    """Yield the rows of LPIPS."""
    yield "ours, MAT: the lpips package, AlexNet", pairs.mean(our_lpips("lpips"))
    for told, options in (("`normalize=True`", True), ("fed [0, 1] without `normalize`", False)):
        score = torchmetrics_lpips("alex", normalize=options)
        yield f"torchmetrics, AlexNet, {told}", pairs.mean(score)
    yield "ours (`lpips_vgg`), LaMa: VGG16", pairs.mean(our_lpips("lpips_vgg"))
    score = torchmetrics_lpips("vgg", normalize=True)
    yield "torchmetrics, VGG16, `normalize=True`", pairs.mean(score)


def features(images: torch.Tensor) -> torch.Tensor:
    """Return float32 (N, 2048) of uint8 images, which the network resizes itself."""
    with torch.inference_mode():
        return torch.cat([inception()(image[None]) for image in images])


def torchmetrics_fid(sets: list[torch.Tensor]) -> float:
    """Return torchmetrics' FID of the features of outputs and targets."""
    from torchmetrics.image.fid import _compute_fid

    moments = [part for r in sets for part in (r.double().mean(0), torch.cov(r.double().T))]
    return float(_compute_fid(*moments))


def frechet(a: torch.Tensor, b: torch.Tensor, correction: int) -> float:
    """Return the Frechet distance of two sets of features; correction: 1 for N - 1, 0 for N."""
    from pytorch_fid.fid_score import calculate_frechet_distance

    parts = [
        part
        for rows in (a.double().numpy(), b.double().numpy())
        for part in (rows.mean(0), np.cov(rows, rowvar=False, ddof=correction))
    ]
    return float(calculate_frechet_distance(*parts))


def pytorch_fid(pairs: Pairs) -> float:
    """Return pytorch-fid's own number for the two folders."""
    from pytorch_fid import fid_score
    from pytorch_fid import inception as theirs

    state = torch_fidelity_state(load_file(weights.require(INCEPTION)))
    theirs.load_state_dict_from_url = lambda *args, **kwargs: state
    folders = [str(folder) for folder in pairs.folders]
    return float(fid_score.calculate_fid_given_paths(folders, 1, CPU, 2048, num_workers=0))


def clean_fid(pairs: Pairs) -> float:
    """Return clean-fid's own number for the two folders, in its mode "clean"."""
    from cleanfid import fid

    def network(batch: torch.Tensor) -> torch.Tensor:  # levels, already 299 wide
        with torch.inference_mode():
            return torch.cat([inception().features(image[None]) for image in batch])

    return float(
        fid.compute_fid(
            *(str(folder) for folder in pairs.folders),
            **{"mode": "clean", "custom_feat_extractor": network, "device": CPU},
            **{"num_workers": 0, "batch_size": 1, "verbose": False},
        )
    )


def fid_rows(pairs: Pairs) -> Iterator[Row]:
    """Yield the rows of FID."""
    ours = [features(pairs.levels(which)) for which in (0, 1)]
    arrays = [rows.numpy() for rows in ours]
    yield "ours, as torch-fidelity: TensorFlow 1's resizing, N - 1", frechet_distance(*arrays)
    yield "torchmetrics", torchmetrics_fid(ours)
    yield "MAT: as ours, covariance over N", frechet(*ours, 0)
    yield "pytorch-fid (LaMa, AOT-GAN): resized by `interpolate`", pytorch_fid(pairs)
    yield "clean-fid: resized by Pillow, bicubic", clean_fid(pairs)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("--packages", type=Path, required=True)
    arguments = parser.parse_args()
    sys.path.append(str(arguments.packages))
    pairs = Pairs(arguments.run)
    print(f"{len(pairs)} pairs\n\n| metric | code | value |\n|---|---|---:|")
    for metric, rows in (("LPIPS", lpips_rows(pairs)), ("FID", fid_rows(pairs))):
        for code, value in rows:
            print(f"| {metric} | {code} | {value:.4f} |", flush=True)


if __name__ == "__main__":
    main()
