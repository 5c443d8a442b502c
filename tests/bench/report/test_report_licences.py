"""A licence note reaches every table from a text, a file, a preset or a card, and no hash."""

from __future__ import annotations

import csv
import dataclasses
import hashlib
import io
import json
import re
from pathlib import Path

import pytest

import bench
from bench import plugins
from bench.api import RequestError
from bench.plan.request import Request, runs
from bench.plan.spec import describe, spec_hash
from bench.report.boards import make_boards
from bench.report.renaming import renamed
from bench.store.scored_run import load_runs
from bench.store.state import State, write_state
from methods.exported.published import Published


def run(folder: Path, method: str, out: Path) -> list[Path]:
    return bench.run(method, "half", f"folder:{folder}", limit=2, metrics="l1", out=out)


def rows_of(paths: list[Path]) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(str(bench.leaderboard(paths, format="csv")))))


def test_it_stands_in_markdown_csv_and_page_and_only_if_there_is_one(
    images: Path, tmp_path: Path
) -> None:
    plain = run(images, "biharmonic", tmp_path)
    both = plain + run(images, "telea:name=Telea,licence=Apache-2.0", tmp_path)
    assert {row["method"]: row["licence"] for row in rows_of(both)} == {
        "Telea": "Apache-2.0",
        "biharmonic": "",
    }
    table = str(bench.leaderboard(both))
    assert re.search(r"^\| method \|.*\| licence \|$", table, re.M)
    assert re.search(r"^\| Telea \|.*\| Apache-2.0 \|$", table, re.M)
    assert re.search(r"^\| biharmonic \|.*\| – \|$", table, re.M)
    assert '"licence":"Apache-2.0"' in str(bench.leaderboard(both, format="html"))
    assert "licence" not in rows_of(plain)[0]
    assert "licence" not in str(bench.leaderboard(plain))


def test_it_is_no_part_of_the_identity_and_may_be_said_later(images: Path, tmp_path: Path) -> None:
    grid = Request(("telea",), ("half",), f"folder:{images}")
    told = dataclasses.replace(grid, methods=("telea:licence=MIT",))
    (plain,), (licensed,) = runs(grid), runs(told)
    ids = plain.ids()
    assert spec_hash(describe(plain, ids)) == spec_hash(describe(licensed, ids))
    (first,) = run(images, "telea", tmp_path)
    outputs = {p: p.stat().st_mtime_ns for p in first.rglob("*.png")}
    for text, licence in (("telea:licence=MIT", "MIT"), ("telea", "MIT"), ("telea:licence=X", "X")):
        assert run(images, text, tmp_path) == [first]
        (loaded,) = load_runs([first])
        assert (loaded.method, loaded.licence) == ("telea", licence)
    assert {p: p.stat().st_mtime_ns for p in first.rglob("*.png")} == outputs
    assert renamed(load_runs([first]), ["telea=Telea"])[0].licence == "X"


def test_outputs_made_elsewhere_have_one(images: Path, tmp_path: Path) -> None:
    (made,) = run(images, "telea", tmp_path / "runs")
    scored = bench.score(
        outputs=made / "images" / "output",
        name="LaMa",
        licence="Apache-2.0",
        dataset=f"folder:{images}",
        mask="half",
        limit=2,
        metrics="l1",
        out=tmp_path / "scored",
    )
    assert [row["licence"] for row in rows_of(scored)] == ["Apache-2.0"]


def test_a_recipe_says_one_that_changes_no_hash(tmp_path: Path) -> None:
    recipe = tmp_path / "mat.toml"
    command = 'command = "env true {images} {masks} {outputs}"\n'
    recipe.write_text(command)
    before = plugins.method(f"command:{recipe}").assets()  # type: ignore[attr-defined]
    recipe.write_text(f'{command}licence = "CC BY-NC 4.0"\n')
    method = plugins.method(f"command:{recipe}")
    assert method.licence() == "CC BY-NC 4.0"  # type: ignore[attr-defined]
    assert method.assets() == before  # type: ignore[attr-defined]
    recipe.write_text(f"{command}licence = 4\n")
    with pytest.raises(RequestError, match="licence = 4 is no text"):
        plugins.method(f"command:{recipe}")


def test_a_preset_knows_that_of_the_published_file_alone(tmp_path: Path) -> None:
    path = tmp_path / "net.pt"
    path.write_bytes(b"published")
    assert Published("net.pt", "", "", f"sha256:{64 * '0'}", "MIT").licence_of(path) == ""
    digest = f"sha256:{hashlib.sha256(b'published').hexdigest()}"
    assert Published("net.pt", "", "", digest, "MIT").licence_of(path) == "MIT"
    assert Published("net.pt", "", "", digest, "?").licence_of(path) == ""


def test_the_card_of_a_submission_goes_first(make_run) -> None:
    run = make_run("a")
    write_state(run, State("claimed", licence="MIT / CC BY-NC 4.0"))
    (row,) = make_boards(load_runs([run]))[0].rows
    assert row.licence == "MIT / CC BY-NC 4.0"
    assert json.loads((run / "state.json").read_text())["licence"] == row.licence


@pytest.mark.parametrize(
    ("kind", "text", "message"),
    [
        ("method", "telea:licence=", "licence= is empty"),
        ("method", "telea:license=MIT", "Did you mean 'licence'"),
        ("mask", "half:licence=MIT", "Unknown parameter 'licence'"),
    ],
)
def test_a_licence_that_cannot_be_is_refused(kind: str, text: str, message: str) -> None:
    with pytest.raises(RequestError, match=re.escape(message)):
        plugins.resolve(kind, text)
