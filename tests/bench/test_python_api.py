"""`import bench`: what the command line does, as functions that import nothing until called."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import bench
from bench.api import RequestError
from bench.api.checks import ContractError
from tests.conftest import ROOT


def test_importing_it_imports_nothing_heavy() -> None:
    heavy = ("torch", "numpy", "pandas", "click", "PIL", "rich")
    code = (
        "import sys, bench\n"
        "bench.method, bench.mask, bench.dataset, bench.metric, bench.__version__\n"
        f"print([name for name in {heavy!r} if name in sys.modules])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout == "[]\n"


def test_it_offers_what_it_says() -> None:
    assert {name for name in bench.__all__ if getattr(bench, name) is None} == set()
    assert set(bench.__all__) <= set(dir(bench))
    with pytest.raises(AttributeError, match="has no attribute 'nonsense'"):
        bench.nonsense  # noqa: B018


def test_a_run_is_two_lines(images: Path, tmp_path: Path) -> None:
    runs = bench.run(
        "telea,navier-stokes", "half", f"folder:{images}", metrics="l1", out=tmp_path / "runs"
    )
    table = bench.leaderboard(runs)
    assert isinstance(table, str)
    assert "telea" in table
    assert "navier-stokes" in table
    assert len(runs) == 2
    frame = bench.load_runs(runs)
    assert len(frame) == 12
    documented = str(bench.load_runs.__doc__)
    assert list(frame.columns)[-1] == "l1"
    assert all(name in documented for name in list(frame.columns)[:-1])
    assert bench.score(runs[0], metrics=["psnr"]) == runs[:1]
    assert bench.load_runs(runs)["psnr"].notna().sum() == 6
    assert "psnr" not in str(bench.leaderboard(runs, format="csv", metrics="l1"))


def test_outputs_made_elsewhere_are_scored(images: Path, tmp_path: Path) -> None:
    arguments = {"mask": "half", "dataset": f"folder:{images}", "metrics": "l1"}
    (run,) = bench.run("telea", **arguments, keep_raw=True, out=tmp_path / "a")  # type: ignore[arg-type]
    theirs = run / "images" / "raw"
    (scored,) = bench.score(outputs=theirs, name="theirs", **arguments, out=tmp_path / "b")  # type: ignore[arg-type]
    assert scored.name.startswith("theirs-half-")
    assert set(bench.load_runs(scored)["l1"]) == set(bench.load_runs(run)["l1"])


def test_failed_images_are_warned_of_and_wrong_requests_are_errors(
    images: Path, tmp_path: Path
) -> None:
    (images / "broken.png").write_bytes(b"not a PNG")
    with pytest.warns(bench.FailedImagesWarning, match=r"1 of 7 images failed \(first: broken"):
        bench.run("telea", "half", f"folder:{images}", metrics="l1", out=tmp_path)
    with pytest.raises(RequestError, match="Did you mean 'telea'"):
        bench.run("teleo", "half")


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("method", "telea"),
        ("mask", "hybrid"),
        ("dataset", "photos"),
        ("metric", "l1"),
        ("metric", "diversity"),
    ],
)
def test_check_knows_every_kind(kind: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    plugin = getattr(bench, kind)(name)
    bench.check(plugin)
    monkeypatch.setattr(type(plugin), "version", "")
    with pytest.raises(ContractError, match="no version"):
        bench.check(plugin)
    with pytest.raises(TypeError, match="no contract"):
        bench.check(object())
