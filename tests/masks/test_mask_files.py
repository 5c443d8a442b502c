"""Folders of masks, NVIDIA's set and packs: pairing, polarity, hashes and every refusal."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from bench import plugins
from bench.api import HasAssets, PairedMasks, RequestError
from bench.api.imaging import read_rgb
from bench.api.seeds import derive_seed
from masks.files import MaskFolder
from masks.irregular import BINS
from masks.nvidia import Nvidia
from masks.pack import contact_sheet, statistics, write_pack


def save(path: Path, hole: np.ndarray, *, keep_white: bool = False) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.where(hole ^ keep_white, 255, 0).astype(np.uint8)).save(path)


def box(size: int, ratio: float = 0.25) -> np.ndarray:
    hole = np.zeros((size, size), dtype=bool)
    hole[: round(size * ratio)] = True
    return hole


def test_masks_are_paired_by_id_and_resized_with_nearest_neighbour(tmp_path: Path) -> None:
    hole = np.zeros((8, 8), dtype=bool)
    hole[0, 0] = hole[4:, 5:] = True
    save(tmp_path / "cats" / "one.png", hole)
    save(tmp_path / "two.png", ~hole)
    masks = MaskFolder(tmp_path)
    assert isinstance(masks, PairedMasks)
    assert isinstance(masks, HasAssets)
    assert np.array_equal(masks.for_image("cats/one", 8, 8, 5)[0].numpy(), hole)
    assert np.array_equal(masks.for_image("two", 8, 8, 5)[0].numpy(), ~hole)
    doubled = np.repeat(np.repeat(hole, 2, axis=0), 2, axis=1)
    assert np.array_equal(masks.for_image("cats/one", 16, 16, 5)[0].numpy(), doubled)
    assert masks.facts_for_image("two", 8, 8, 5) == {"mask": "two", "soft": 0.0}


@pytest.mark.parametrize("keep_white", [False, True])
def test_both_polarities(tmp_path: Path, keep_white: bool) -> None:
    save(tmp_path / "a.png", box(8), keep_white=keep_white)
    polarity = "keep-white" if keep_white else "hole-white"
    masks = plugins.mask(f"folder:{tmp_path},polarity={polarity}")
    assert np.array_equal(masks(8, 8, 0)[0].numpy(), box(8))


def test_masks_drawn_by_seed_are_reproducible(tmp_path: Path) -> None:
    for index in range(5):
        save(tmp_path / f"{index}.png", box(10, (index + 1) / 10))
    masks = MaskFolder(tmp_path, pairing="seed")
    drawn = {seed: masks.facts(10, 10, seed)["mask"] for seed in range(40)}
    assert set(drawn.values()) == {"0", "1", "2", "3", "4"}
    for seed, chosen in drawn.items():
        ratio = float(masks.for_image("whatever", 10, 10, seed).float().mean())
        assert ratio == pytest.approx((int(str(chosen)) + 1) / 10)


def test_the_asset_hash_follows_the_content_and_not_the_path(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        save(tmp_path / folder / "a.png", box(8))
    first, second = (MaskFolder(tmp_path / folder).assets() for folder in ("one", "two"))
    assert first == second
    save(tmp_path / "two" / "a.png", box(8, 0.5))
    assert MaskFolder(tmp_path / "two").assets() != first


def test_refused_folders(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="is not a folder: give a folder of PNG or JPEG masks"):
        plugins.mask(f"folder:{tmp_path / 'nowhere'}")
    with pytest.raises(RequestError, match="no PNG or JPEG file in"):
        plugins.mask(f"folder:{tmp_path}")
    save(tmp_path / "a.png", box(8))
    with pytest.raises(RequestError, match="'white' is not one of hole-white, keep-white"):
        plugins.mask(f"folder:{tmp_path},polarity=white")
    save(tmp_path / "a.PNG", box(8))
    with pytest.raises(RequestError, match="have the same id: rename one"):
        plugins.mask(f"folder:{tmp_path}")


def test_refused_masks(tmp_path: Path) -> None:
    save(tmp_path / "full.png", np.ones((8, 8), dtype=bool))
    save(tmp_path / "empty.png", np.zeros((8, 8), dtype=bool))
    save(tmp_path / "wide.png", np.tile(box(8), (1, 2)))
    (tmp_path / "torn.png").write_bytes((tmp_path / "full.png").read_bytes()[:40])
    Image.fromarray(box(8).astype(np.uint8)).save(tmp_path / "ones.png")
    Image.fromarray(np.arange(64, dtype=np.uint8).reshape(8, 8) * 4).save(tmp_path / "soft.png")
    dot = np.zeros((64, 64), dtype=bool)
    dot[0, 0] = True
    save(tmp_path / "dot.png", dot)
    masks = MaskFolder(tmp_path)
    for mask_id, message in {
        "full": "is full: every pixel is missing .polarity=hole-white.",
        "empty": "is empty: no pixel is missing",
        "wide": "is 16x8 pixels and its image 8x8",
        "torn": "cannot be read",
        "ones": "has the values 0 and 1: save masks with 0 and 255",
        "soft": "is not black and white: 98% of its pixels are grey",
        "dot": "is empty once resized from 64x64 to 8x8",
        "other": "1 of 1 images have no mask .* name masks after the images' ids",
    }.items():
        with pytest.raises(RequestError, match=message) as caught:
            masks.for_image(mask_id, 8, 8, 0)
        assert "\n" not in str(caught.value)
    with pytest.raises(RequestError, match="2 of 3 images have no mask"):
        masks.check_ids(["full", "x", "y"])
    MaskFolder(tmp_path, pairing="seed").check_ids(["x"])


def test_a_few_soft_pixels_are_thresholded_and_counted(tmp_path: Path) -> None:
    grey = np.where(box(20), 255, 0).astype(np.uint8)
    grey[5, :2] = 127, 128
    Image.fromarray(grey).save(tmp_path / "a.png")
    masks = MaskFolder(tmp_path)
    hole = masks.for_image("a", 20, 20, 0)[0]
    assert not hole[5, 0]
    assert hole[5, 1]
    assert masks.facts(20, 20, 0)["soft"] == pytest.approx(2 / 400)


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


def test_a_worker_refuses_a_folder_that_changed_since_the_run_began(tmp_path: Path) -> None:
    save(tmp_path / "a.png", box(8))
    masks = MaskFolder(tmp_path)
    sent = pickle.dumps(masks)
    save(tmp_path / "b.png", box(8))
    with pytest.raises(RequestError, match="have changed since the run began: run it again"):
        pickle.loads(sent).for_image("a", 8, 8, 0)
    assert masks.for_image("a", 8, 8, 0).any()


def test_a_mask_is_decoded_once_for_its_hole_and_its_facts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(tmp_path / "a.png", box(8))
    save(tmp_path / "b.png", box(8, 0.5))
    decoded: list[str] = []

    def read(file: Path) -> np.ndarray:
        decoded.append(file.stem)
        return read_rgb(file)

    monkeypatch.setattr("masks.reading.read_rgb", read)
    masks = MaskFolder(tmp_path)
    for name in ("a", "b"):
        masks.for_image(name, 8, 8, 0)
        assert masks.facts_for_image(name, 8, 8, 0)["mask"] == name
    assert decoded == ["a", "b"]
    save(tmp_path / "b.png", box(8, 0.25))
    assert float(masks.for_image("b", 8, 8, 0).float().mean()) == 0.25


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


def test_a_pack_holds_what_was_drawn_and_can_be_run_from(tmp_path: Path) -> None:
    generator = plugins.mask("irregular:bin=20-30")
    progress: list[int] = []
    summary = write_pack(
        generator, count=6, size=32, seed=3, out=tmp_path / "pack", on_progress=progress.append
    )
    assert progress == [1, 2, 3, 4, 5, 6]
    pack = json.loads((tmp_path / "pack" / "pack.json").read_text())
    assert pack["generator"]["parameters"] == {"bin": "20-30", "border": "any"}
    assert pack["sha256"] == summary.sha256
    masks = MaskFolder(tmp_path / "pack")
    holes = [
        generator(32, 32, derive_seed("mask", "irregular", "pack", index, 3)) for index in range(6)
    ]
    assert summary.statistics == statistics(holes)
    for entry, hole in zip(pack["files"], holes, strict=True):
        assert entry["facts"]["bin"] == "20-30"
        read = MaskFolder(tmp_path / "pack", pairing="id").for_image(entry["file"][:-4], 32, 32, 0)
        assert torch.equal(read, hole)
    assert masks.for_image("any image", 32, 32, 1).shape == (1, 32, 32)
    assert (tmp_path / "pack" / "contact-sheet.jpg").stat().st_size > 1000


def test_a_pack_is_the_same_bytes_every_time(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_pack(plugins.mask("hybrid"), count=3, size=32, seed=0, out=tmp_path / name)
    first, second = ((tmp_path / name / "pack.json").read_bytes() for name in ("one", "two"))
    assert first == second


def test_a_pack_that_changed_is_refused(tmp_path: Path) -> None:
    out = tmp_path / "pack"
    write_pack(plugins.mask("free-form"), count=3, size=32, seed=0, out=out)
    original = (out / "00001.png").read_bytes()

    def refused(message: str) -> None:
        with pytest.raises(RequestError, match=message):
            MaskFolder(out).assets()
        with pytest.raises(RequestError, match=message):
            MaskFolder(out)(32, 32, 0)

    save(out / "00001.png", box(32))
    refused("00001.png of the mask pack .* does not match its hash: write it again")
    (out / "00001.png").unlink()
    refused("the mask pack .* lacks 00001.png")
    (out / "00001.png").write_bytes(original)
    save(out / "more.png", box(32))
    refused("more.png is not a file of the mask pack")
    (out / "more.png").unlink()
    manifest = (out / "pack.json").read_text()
    (out / "pack.json").write_text(manifest.replace('"mask_seed": 0', '"mask_seed": 1'))
    refused("pack.json was changed after it was written")
    (out / "pack.json").write_text("{}")
    refused("is not the manifest of a mask pack")
    (out / "pack.json").write_text(manifest)
    assert MaskFolder(out).assets()


def test_a_pack_of_the_other_polarity_is_refused(tmp_path: Path) -> None:
    write_pack(plugins.mask("random-box"), count=2, size=32, seed=0, out=tmp_path / "pack")
    with pytest.raises(RequestError, match=r"its pack declares 0.* give polarity=hole-white"):
        MaskFolder(tmp_path / "pack", polarity="keep-white")(32, 32, 0)


def test_refused_packs(tmp_path: Path) -> None:
    generator = plugins.mask("half")
    with pytest.raises(RequestError, match="count=0: a pack holds at least 1 mask"):
        write_pack(generator, count=0, size=32, seed=0, out=tmp_path / "none")
    (tmp_path / "file").write_text("x")
    with pytest.raises(RequestError, match="is not an empty folder"):
        write_pack(generator, count=1, size=32, seed=0, out=tmp_path)


def test_the_contact_sheet_shows_every_hole_and_title() -> None:
    holes = [plugins.mask("half")(16, 16, 0), plugins.mask("expand")(32, 16, 0)]
    sheet = np.asarray(contact_sheet(holes, ["half", "expand"]))
    assert (sheet == 255).sum() > 160 * 80 + 80 * 160 * 0.9
    assert (sheet[:34] > 200).sum() > 50
    with pytest.raises(ValueError, match="2 holes and 1 titles"):
        contact_sheet(holes, ["half"])


def test_statistics() -> None:
    holes = [torch.zeros(1, 10, 10, dtype=torch.bool) for _ in range(3)]
    for rows, hole in enumerate(holes, start=1):
        hole[:, :rows] = True
    measured = statistics(holes)
    assert (measured.count, measured.smallest, measured.largest) == (3, 0.1, 0.3)
    assert (measured.mean, measured.p5, measured.p95) == pytest.approx((0.2, 0.11, 0.29))
    with pytest.raises(ValueError, match="no hole"):
        statistics([])


def test_masks_by_the_names_of_lama(tmp_path: Path) -> None:
    for name in ("a_mask001.png", "a_mask000.png", "b_mask.png", "c_crop000_mask000.png"):
        save(tmp_path / name, box(8, 0.5 if name.startswith("a_mask000") else 0.25))
    save(tmp_path / "a.png", box(8, 0.75))  # an image beside its masks, as in LaMa's test sets
    masks = MaskFolder(tmp_path)
    masks.check_ids(["a", "b", "c", "c_crop000"])
    assert plugins.dataset(f"folder:{tmp_path}").ids() == ["a", "b_mask", "c_crop000_mask000"]
    assert masks.facts_for_image("a", 8, 8, 0) == {"mask": "a_mask000", "soft": 0.0}
    assert np.array_equal(masks.for_image("a", 8, 8, 0)[0].numpy(), box(8, 0.5))
    assert masks.cautions() == [
        f"1 masks in {tmp_path} are not used: an image takes the first of its masks (x_mask000 "
        "before x_mask001)."
    ]
    drawn = {MaskFolder(tmp_path, pairing="seed").facts(8, 8, seed)["mask"] for seed in range(40)}
    assert "a" not in drawn


def test_jpeg_masks_are_read(tmp_path: Path) -> None:
    hole = np.zeros((64, 64), dtype=bool)
    hole[10:40, 7:50] = True
    Image.fromarray(np.where(hole, 255, 0).astype(np.uint8)).save(tmp_path / "x.jpg", quality=75)
    masks = MaskFolder(tmp_path)
    assert np.array_equal(masks.for_image("x", 64, 64, 0)[0].numpy(), hole)
    Image.fromarray(np.full((64, 64), 128, np.uint8)).save(tmp_path / "grey.jpg")
    masks = MaskFolder(tmp_path)
    with pytest.raises(RequestError, match="is not black and white: 100%"):
        masks.for_image("grey", 64, 64, 0)


def test_inverted_masks_draw_a_warning_that_names_the_polarity(tmp_path: Path) -> None:
    for index in range(3):
        save(tmp_path / f"{index}.png", box(20, 0.2 + 0.1 * index), keep_white=True)
    (line,) = MaskFolder(tmp_path).cautions()
    assert line == (
        f"70% of the pixels of the masks in {tmp_path} are hole (mean of 3 masks). If they are "
        "inverted, give polarity=keep-white: 30% then are."
    )
    assert MaskFolder(tmp_path, polarity="keep-white").cautions() == []
    pack = tmp_path / "pack"
    write_pack(plugins.mask("expand"), count=2, size=32, seed=0, out=pack)
    assert MaskFolder(pack).cautions() == []


def test_a_mask_of_another_size_says_so(tmp_path: Path) -> None:
    save(tmp_path / "a.png", box(8))
    assert MaskFolder(tmp_path).facts_for_image("a", 16, 16, 0)["resized_from"] == "8x8"
