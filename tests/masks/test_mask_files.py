"""Folders of masks: pairing, polarity, hashes and every refusal."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bench import plugins
from bench.api import HasAssets, PairedMasks, RequestError
from bench.api.imaging import read_rgb
from masks.files import MaskFolder
from masks.pack import write_pack
from tests.masks.mask_images import box, save


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
