"""What is kept: a pack whose files are checksummed, and the command that makes a card again."""

from __future__ import annotations

import hashlib
import json
import shlex
from pathlib import Path

import pytest
import torch

from bench.api import RequestError
from bench.api.imaging import encode_png
from bench.paint import pack
from bench.plan.request import load_mask
from masks.growing import add_mask
from masks.pack import write_pack
from tests.bench.paint.conftest import Page, box
from tests.bench.paint.methods import NOISE, TELEA
from tests.conftest import Bench

SIDE = 32


def hole(top: int = 4) -> bytes:
    pixels = torch.zeros(1, SIDE, SIDE, dtype=torch.bool)
    pixels[:, top : top + 8, 4:20] = True
    return encode_png(pixels)


def target(level: int = 7) -> bytes:
    return encode_png(torch.full((3, SIDE, SIDE), level, dtype=torch.uint8))


def test_the_command_makes_the_cards_bytes_again(
    page: Page, here: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two images in the pack, two samples, a seed, a folder with a space in its name."""
    page.post("/pack", {"card": page.fill(page.open(1), box(), [TELEA])[0]["cards"][0]["key"]})
    offers = [one["name"] for one in page.get("/choices")["methods"]]
    ddpm = {"steps": "3", "jump_samples": "2"}
    methods = [
        {"place": NOISE, "parameters": {}},
        {"place": offers.index("ddpm"), "parameters": ddpm},
    ]
    events = page.fill(page.open(0), box(), [], methods=methods, samples=2, seed=5)
    cards = [event["card"] for event in events if event["event"] == "done"]
    assert len(cards) == 4
    monkeypatch.chdir(tmp_path)
    for key in cards:
        kept = page.post("/pack", {"card": key})
        program, *arguments = shlex.split(kept["command"])
        assert program == "bench"
        done = here(*arguments, "--metrics", "none", "--workers", "1", "--json")
        assert done.returncode == 0, done.stderr
        (run,) = (Path(one["path"]) for one in json.loads(done.stdout)["runs"])
        card = page.studio.cards.get(key)
        output = run / "images" / "output" / f"{kept['id']}@{card.sample}.png"
        assert output.read_bytes() == page.client.get(f"/cards/{key}.png").content
        for kind in ("target", "hole"):
            made = run / "images" / kind / f"{kept['id']}.png"
            assert made.read_bytes() == getattr(card, kind)


def test_a_pack_holds_checksums_of_all_that_is_in_it(tmp_path: Path) -> None:
    for name, level in (("b", 1), ("a", 2), ("b", 1)):
        pack.add(tmp_path, name, target(level), hole(), add_mask)
    lines = (tmp_path / "SHA256SUMS").read_text().splitlines()
    assert [line.split("  ")[1] for line in lines] == ["images/a.png", "images/b.png"]
    for line in lines:
        digest, _, file = line.partition("  ")
        assert hashlib.sha256((tmp_path / file).read_bytes()).hexdigest() == digest
    mask = load_mask(f"folder:{tmp_path}/masks,pairing=id", SIDE)
    assert mask.assets()  # type: ignore[attr-defined]
    manifest = json.loads((tmp_path / "masks" / "pack.json").read_text())
    assert [entry["file"] for entry in manifest["files"]] == ["a.png", "b.png"]
    assert manifest["generator"]["name"] == "painted"


def test_a_changed_image_or_mask_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    pack.add(tmp_path, "a", target(), hole(), add_mask)
    (tmp_path / "masks" / "a.png").write_bytes(hole(9))
    with pytest.raises(RequestError, match=r"a\.png of the mask pack"):
        add_mask(tmp_path / "masks", "b", hole())
    assert not (tmp_path / "masks" / "b.png").exists()
    (tmp_path / "images" / "a.png").write_bytes(target(8))
    with pytest.raises(RequestError, match=r"images/a\.png is not what SHA256SUMS says"):
        pack.add(tmp_path, "b", target(), hole(), add_mask)
    assert not (tmp_path / "images" / "b.png").exists()


def test_a_mask_that_was_written_before_the_process_was_killed_joins_the_pack(
    tmp_path: Path,
) -> None:
    add_mask(tmp_path / "masks", "a", hole())
    (tmp_path / "masks" / "b.png").write_bytes(hole(9))
    add_mask(tmp_path / "masks", "c", hole(12))
    mask = load_mask(f"folder:{tmp_path}/masks,pairing=id", SIDE)
    mask.check_ids(["a", "b", "c"])  # type: ignore[attr-defined]
    assert mask.assets()  # type: ignore[attr-defined]


def test_a_pack_of_a_generator_does_not_grow(tmp_path: Path) -> None:
    generator = load_mask("free-form", SIDE)
    write_pack(generator, count=2, size=SIDE, seed=0, out=tmp_path / "drawn")
    with pytest.raises(RequestError, match="a generator drew"):
        add_mask(tmp_path / "drawn", "a", hole())
    (tmp_path / "loose").mkdir()
    (tmp_path / "loose" / "x.png").write_bytes(hole())
    with pytest.raises(RequestError, match=r"holds masks and no pack\.json"):
        add_mask(tmp_path / "loose", "a", hole())
