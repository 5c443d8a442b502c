"""Packs of masks: what they hold, and every change that is refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from bench import plugins
from bench.api import RequestError
from bench.api.seeds import derive_seed
from masks.files import MaskFolder
from masks.pack import contact_sheet, statistics, write_pack
from tests.masks.mask_images import box, save


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
