"""NVIDIA's set of masks, and what a batch carries of sets and folders."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from bench import plugins
from bench.api import RequestError
from masks.files import MaskFolder
from masks.irregular import BINS
from masks.nvidia import Nvidia
from masks.pack import write_pack
from tests.masks.mask_images import box, save


def nvidia_pack(path: Path, *, keep_white: bool, each: int = 2) -> None:
    """Write files in the published order, 100 rows each, the ratio in the middle of the bin."""
    index = 0
    for low, high in BINS.values():
        for _ in range(2 * each):
            save(path / f"{index:05d}.png", box(100, (low + high) / 2), keep_white=keep_white)
            index += 1


@pytest.mark.parametrize("keep_white", [False, True])
def test_the_nvidia_set_is_read_in_order_and_its_polarity_detected(
    tmp_path: Path, keep_white: bool
) -> None:
    nvidia_pack(tmp_path, keep_white=keep_white)
    expected = "keep-white" if keep_white else "hole-white"
    seen = set()
    for number, (chosen, (low, high)) in enumerate(BINS.items()):
        for offset, border in enumerate(("touching", "free")):
            masks = Nvidia(tmp_path, bin=chosen, border=border)
            for seed in range(8):
                assert low < float(masks(100, 100, seed).float().mean()) <= high
                facts = masks.facts(100, 100, seed)
                assert (facts["bin"], facts["border"]) == (chosen, border)
                assert facts["polarity"] == expected
                assert int(str(facts["mask"])) // 2 == 2 * number + offset
                seen.add(facts["mask"])
    assert len(seen) == 24


def test_a_batch_carries_no_list_of_masks_and_draws_the_same(tmp_path: Path) -> None:
    nvidia_pack(tmp_path / "set", keep_white=True, each=40)
    write_pack(plugins.mask("random-box"), count=40, size=32, seed=0, out=tmp_path / "pack")
    for masks in (
        MaskFolder(tmp_path / "pack"),
        MaskFolder(tmp_path / "set", pairing="seed", polarity="keep-white"),
        Nvidia(tmp_path / "set"),
    ):
        drawn = [masks.facts(32, 32, seed) for seed in range(20)]
        sent = pickle.dumps(masks)
        assert len(sent) < 1000
        received = pickle.loads(sent)
        assert received == masks
        assert [received.facts(32, 32, seed) for seed in range(20)] == drawn
        assert pickle.loads(pickle.dumps(received)).assets() == masks.assets()


def test_refused_nvidia_sets(tmp_path: Path) -> None:
    nvidia_pack(tmp_path, keep_white=False)
    wrong = Nvidia(tmp_path, bin="10-20", polarity="keep-white")
    with pytest.raises(RequestError, match=r"is not in its bin 10-20% .* give polarity=hole-white"):
        wrong(64, 64, 0)
    (tmp_path / "00000.png").replace(tmp_path / "00099.png")
    with pytest.raises(RequestError, match="neither as hole-white nor as keep-white"):
        Nvidia(tmp_path)(64, 64, 0)
    (tmp_path / "00099.png").unlink()
    with pytest.raises(RequestError, match=r"23 PNG files in .*: the set has 12,000"):
        plugins.mask(f"nvidia:{tmp_path}")
