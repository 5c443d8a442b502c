from __future__ import annotations

import io
import shutil
import subprocess
import sys

import pandas as pd
import pytest

from bench.api import RequestError
from bench.report.latex import escape
from bench.report.leaderboard import render
from bench.store.scored_run import load_runs

HOSTILE = "a_b&c%d$e#f{g}h~i^j\\k<script>|'\"`\n中é"


@pytest.fixture
def loaded(make_run):
    make_run("telea", set_metrics={"fid": (80.25, 12)})
    make_run("navier-stokes", shift=0.02, assets={"w_1": "ab" * 32})
    make_run(HOSTILE, shift=0.0001)
    run = make_run("telea", "irregular")
    return load_runs([run.parent])


def test_latex_marks_the_best_and_underlines_the_second(loaded):
    text = render(loaded, "latex", metrics=["lpips"])
    first = text.split(r"\end{table}")[0]
    assert first.count(r"\textbf{") == 1
    assert first.count(r"\underline{") == 1
    assert r"LPIPS $\downarrow$" in text
    assert r"% navier-stokes: w\_1 abababab" in text
    assert r"navier-stokes & " in text
    assert "[" in first.split(r"\midrule")[1]
    plain = render(loaded, "latex", metrics=["lpips"], intervals=False)
    assert r"\scriptsize[" not in plain


def test_latex_says_how_many_seeds(make_run):
    for seed in range(3):
        run = make_run("ddpm", seed=seed)
    assert "ddpm (3 seeds) & " in render(load_runs([run.parent]), "latex")


def test_latex_escapes_what_comes_from_outside():
    assert escape("a_b & 50%") == r"a\_b \& 50\%"
    assert escape("\\input{x}") == r"\textbackslash{}input\{x\}"
    assert escape("中é\n") == "[U+4E2D]é"


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
def test_latex_compiles_as_is(loaded, tmp_path):
    (tmp_path / "board.tex").write_text(render(loaded, "latex"), encoding="utf-8")
    done = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "board.tex"],
        cwd=tmp_path,
        capture_output=True,
    )
    assert done.returncode == 0, done.stdout[-2000:]
    assert (tmp_path / "board.pdf").stat().st_size > 1000
    assert b"Missing character" not in done.stdout


def test_parquet_holds_what_csv_holds(loaded):
    pytest.importorskip("pyarrow")
    frame = pd.read_parquet(io.BytesIO(render(loaded, "parquet")))
    table = pd.read_csv(io.StringIO(render(loaded, "csv")))
    assert list(frame.columns) == list(table.columns)
    assert frame["lpips"].tolist() == table["lpips"].tolist()
    assert HOSTILE in set(frame["method"])


def test_parquet_without_pyarrow_says_what_to_do(loaded, monkeypatch):
    def missing(*_, **__):
        raise ImportError("no engine")

    monkeypatch.setattr(pd.DataFrame, "to_parquet", missing)
    with pytest.raises(RequestError, match="needs pyarrow"):
        render(loaded, "parquet")


def test_markdown_without_intervals(loaded):
    assert ", 0." not in render(loaded, "md", intervals=False)
    assert ", 0." in render(loaded, "md")


def test_the_door_is_light():
    code = "import sys, bench.report.leaderboard; print({'torch', 'matplotlib'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
