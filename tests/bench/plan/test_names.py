"""What runs are called: names given, folders, packs, directories, and renaming for a table."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path

import pytest
import torch

import bench
from bench import plugins
from bench.api import RequestError
from bench.plan.request import Request, runs
from bench.plan.spec import describe, spec_hash
from bench.report import leaderboard
from bench.report.renaming import renamed
from bench.store.scored_run import load_runs
from masks.pack import write_pack
from tests.conftest import Bench, write_images

pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning")


class Grey(torch.nn.Module):
    """Fill with one grey."""

    def __init__(self, level: float) -> None:
        super().__init__()
        self.level = level

    def forward(self, image: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        return torch.full_like(image, self.level)


def network(path: Path, level: float) -> Path:
    """Export a network that fills with one grey."""
    example = torch.zeros(1, 3, 8, 8), torch.zeros(1, 1, 8, 8)
    torch.jit.trace(Grey(level), example).save(str(path))
    return path


def test_two_networks_of_one_plugin_are_two_labelled_rows(images: Path, tmp_path: Path) -> None:
    one, two = network(tmp_path / "a.pt", 0.25), network(tmp_path / "b.pt", 0.75)
    made = bench.run(
        f"torchscript:path={one},name=LaMa,torchscript:path={two},name=LaMa 2,telea",
        "half:name=lower half",
        f"folder:{images},name=Places-1k",
        limit=2,
        metrics="l1",
        out=tmp_path / "runs",
    )
    table = bench.leaderboard(made)
    assert isinstance(table, str)
    assert re.search(r"^\| LaMa \|", table, re.M)
    assert re.search(r"^\| LaMa 2 \|", table, re.M)
    assert "lower half on Places-1k (" in table
    assert [path.name.rpartition("-")[0] for path in made] == [
        "LaMa-lower_half-Places-1k-seed0",
        "LaMa_2-lower_half-Places-1k-seed0",
        "telea-lower_half-Places-1k-seed0",
    ]


def test_a_name_is_no_part_of_the_identity(images: Path) -> None:
    grid = Request(("telea", "telea:name=Fast marching"), ("half",), f"folder:{images}")
    with pytest.raises(RequestError, match="are the same runs under two names"):
        runs(grid)
    plain, named = (
        runs(dataclasses.replace(grid, methods=(text,)))[0] for text in reversed(grid.methods)
    )
    ids = plain.ids()
    assert spec_hash(describe(plain, ids)) == spec_hash(describe(named, ids))


def test_a_run_is_found_and_renamed_when_it_is_given_another_name(
    images: Path, tmp_path: Path
) -> None:
    def run(method: str) -> Path:
        options = {"limit": 2, "metrics": "l1", "out": tmp_path / "runs"}
        return bench.run(method, "half", f"folder:{images}", **options)[0]

    first = run("telea")
    outputs = {p: p.stat().st_mtime_ns for p in first.rglob("*.png")}
    assert run("telea:name=Telea 2004") == first
    assert load_runs([first])[0].method == "Telea 2004"
    assert run("telea") == first  # a name stays until another one is given
    assert load_runs([first])[0].method == "Telea 2004"
    assert {p: p.stat().st_mtime_ns for p in first.rglob("*.png")} == outputs


def test_a_run_of_an_older_directory_name_is_found_again(images: Path, tmp_path: Path) -> None:
    options = {"limit": 2, "metrics": "l1", "out": tmp_path / "runs"}
    (first,) = bench.run("telea", "half", f"folder:{images}", **options)
    old = first.rename(first.with_name("telea-half-folder-" + first.name[-8:]))
    assert bench.run("telea", "half", f"folder:{images}", **options) == [old]


def test_folders_are_called_by_their_last_part_and_packs_by_what_was_drawn(tmp_path: Path) -> None:
    images = write_images(tmp_path / "places", 1)
    assert plugins.label(plugins.dataset(f"folder:{images}/")) == "places"
    masks = tmp_path / "own masks"
    write_images(masks, 1)
    label = plugins.label(plugins.mask(f"folder:{masks},polarity=keep-white"))
    assert label == "own masks:polarity=keep-white"
    for text in ("hybrid", "irregular:bin=20-30"):
        pack = tmp_path / text
        write_pack(plugins.mask(text), count=1, size=32, seed=0, out=pack)
        assert plugins.label(plugins.mask(f"folder:{pack}")) == f"{text} pack"


@pytest.mark.parametrize(
    ("kind", "text", "message"),
    [
        ("method", "telea:name=", "name= is empty"),
        ("method", "telea:nmae=x", "Did you mean 'name'"),
        ("method", "telea,name=x", "Write 'telea:name=x'"),
        ("metric", "psnr:name=x", "Unknown parameter 'name'"),
    ],
)
def test_a_name_that_cannot_be_is_refused(kind: str, text: str, message: str) -> None:
    with pytest.raises(RequestError, match=re.escape(message)):
        plugins.resolve(kind, text)


def test_names_can_be_changed_for_a_table(images: Path, tmp_path: Path, here: Bench) -> None:
    out = tmp_path / "runs"
    (run,) = bench.run("telea:radius=2", "half", f"folder:{images}", limit=2, metrics="l1", out=out)
    renames = ("--rename", "telea:radius=2.0=Telea", "--rename", "half=Half")
    done = here("leaderboard", out, "--format", "md", *renames)
    assert done.returncode == 0, done.stderr
    assert "| Telea |" in done.stdout
    assert "### Half on images" in done.stdout
    assert json.loads((run / "manifest.json").read_bytes())["labels"]["mask"] == "half"
    loaded = load_runs([out])
    with pytest.raises(RequestError, match=r"no run is called so\. These runs have: telea:"):
        renamed(loaded, ["lama=LaMa"])
    with pytest.raises(RequestError, match="is not OLD=NEW"):
        renamed(loaded, ["lama"])
    assert "telea:radius=2.0" in str(leaderboard.render(loaded, "md"))
