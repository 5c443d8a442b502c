"""LPIPS's maps of pairs: each picture goes through the trunk once, several at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import cast

import torch
from torch.nn.functional import interpolate

from bench.api.pairs import ImagePair, Picture
from bench.metrics.perceptual import PerceptualNetwork, load_network

Maps = list[torch.Tensor]
# Pixels that go through a trunk at once.  On a CPU more of them no longer help, on a GPU 64 images
# of 256x256 take 3 GB with AlexNet and 6 GB with VGG16.
BATCH = {"cpu": 2 * 256**2, "cuda": 64 * 256**2}


def layer_maps(
    pairs: Sequence[ImagePair], net: str, device: str = "cpu", side: int = 0
) -> list[Maps]:
    """Return the five maps (h, w) of each pair, float32, on the CPU; kept in the pair.

    Pairs that share a target should be neighbours: it then goes through the trunk once.
    side: pictures whose short side is below it are enlarged to it first, by nearest neighbour.
    """
    keys = {pair: _key(pair, net, side) for pair in pairs}
    network = load_network(net, device)
    features: dict[Picture, Maps] = {}
    for group in _groups([pair for pair in pairs if keys[pair] not in pair.kept], device):
        pictures = dict.fromkeys(p for pair in group for p in (pair.target, pair.output))
        features = {p: maps for p, maps in features.items() if p in pictures}
        new = [p for p in pictures if p not in features]
        features.update(zip(new, _features(network, new, device, side), strict=True))
        for pair in group:
            maps = apart(network, features[pair.output], features[pair.target])
            pair.kept[keys[pair]] = [m.cpu() for m in maps]
    return [cast(Maps, pair.kept[keys[pair]]) for pair in pairs]


def _key(pair: ImagePair, net: str, side: int) -> tuple[str, str, int]:
    """Return what a pair keeps its maps under."""
    return "lpips", net, side if min(pair.size) < side else 0


def unit_features(pictures: Sequence[Picture], net: str, device: str = "cpu") -> list[Maps]:
    """Return the five maps (C, h, w) of each picture, of one size: see PerceptualNetwork."""
    network = load_network(net, device)
    count = max(1, _room(device) // pictures[0].levels[0].numel())
    starts = range(0, len(pictures), count)
    return [m for k in starts for m in _features(network, pictures[k : k + count], device)]


def apart(network: PerceptualNetwork, ours: Maps, theirs: Maps) -> Maps:
    """Return the weighted squared distance at each place, (h, w), of unit features (C, h, w)."""
    with torch.inference_mode():
        return [
            (x - y).square_().movedim(0, -1) @ head
            for x, y, head in zip(ours, theirs, network.heads(), strict=True)
        ]


def _groups(pairs: Sequence[ImagePair], device: str) -> Iterator[list[ImagePair]]:
    """Yield the pairs in groups of one size whose new pictures are worth one pass."""
    group: list[ImagePair] = []
    pictures: set[Picture] = set()
    for pair in pairs:
        height, width = pair.size
        both = {pair.target, pair.output}
        full = len(pictures | both) * height * width > _room(device)
        if group and (full or group[0].size != pair.size):
            yield group
            pictures = {group[-1].target} & both
            group = []
        pictures |= both
        group.append(pair)
    if group:
        yield group


def _room(device: str) -> int:
    return BATCH["cpu" if device == "cpu" else "cuda"]


def _features(
    network: PerceptualNetwork, pictures: Sequence[Picture], device: str, side: int = 0
) -> list[Maps]:
    """Return the unit features (C, h, w) of pictures of one size, in one pass."""
    if not pictures:
        return []
    levels = _enlarged(torch.stack([picture.levels for picture in pictures]), side)
    with torch.inference_mode():
        maps = network(levels.to(device).float() / 127.5 - 1)
    return [[m[i] for m in maps] for i in range(len(pictures))]


def _enlarged(images: torch.Tensor, side: int) -> torch.Tensor:
    """Enlarge uint8 (N, 3, H, W) by nearest neighbour until its short side has `side` pixels."""
    height, width = images.shape[-2:]
    short = min(height, width)
    if short >= side:
        return images
    size = (round(height * side / short), round(width * side / short))
    return interpolate(images, size=size, mode="nearest-exact")
