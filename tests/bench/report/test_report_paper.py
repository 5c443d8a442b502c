"""The paper's table, one of methods by masks and metrics, and tables for a terminal."""

from __future__ import annotations

import csv
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from bench.api import RequestError
from bench.report import terminal
from bench.report.leaderboard import format_of, render
from bench.report.matrix import ColumnGroup, Matrix, TableEntry
from bench.report.paper import Style, parse_decimals
from bench.store.scored_run import load_runs
from tests.conftest import Bench


@pytest.fixture
def loaded(make_run):
    for mask in ("half", "free-form"):
        make_run("telea", mask, set_metrics={"diversity": (0.1, 12)})
        make_run("navier_stokes", mask, shift=0.05)
        run = make_run("biharmonic", mask, shift=0.02, set_metrics={"diversity": (0.3, 12)})
    return load_runs([run.parent])


def paper(loaded, format: str = "md", metrics: list[str] | None = None, **style: object) -> str:
    text = render(loaded, format, metrics=metrics, style=Style(**style))
    assert isinstance(text, str)
    return text


def test_one_table_of_methods_by_masks_and_metrics(loaded):
    text = paper(loaded, metrics=["psnr", "lpips"], intervals=False, n=False, seconds=False)
    lines = [line for line in text.splitlines() if line.startswith("|")]
    assert lines[0] == (
        "| method | free-form: psnr (dB) ↑ | free-form: lpips ↓ | half: psnr (dB) ↑ | "
        "half: lpips ↓ |"
    )
    assert len(lines) == 2 + 3
    for column in range(2, 6):
        cells = [line.split("|")[column].strip() for line in lines[2:]]
        assert sum(cell.startswith("**") for cell in cells) == 1
        assert sum(cell.startswith("<ins>") for cell in cells) == 1
    assert "[" not in "".join(lines)
    assert "in bold, second best underlined" in text
    assert "≈: not significantly worse" not in text or "≈ |" in text


def test_the_best_is_best_by_its_metrics_own_direction(make_run):
    for method, value in (("a", 0.1), ("b", 0.3), ("c", 0.2)):
        path = make_run(method, set_metrics={"diversity": (value, 12)})
        summary = (path / "summary.json").read_text()
        summary = summary.replace('"value": ', '"mean": ').replace(
            '"unit": "", "higher_is_better": false, "mean"',
            '"unit": "", "higher_is_better": true, "mean"',
        )
        (path / "summary.json").write_text(summary)
    text = paper(load_runs([path.parent]), "latex", ["diversity"], n=False, seconds=False)
    body = text.split(r"\midrule")[1]
    assert re.search(r"b & \\textbf\{0\.3000\}", body)
    assert re.search(r"c & \\underline\{0\.2000\}", body)
    assert re.search(r"a & 0\.1000", body)


def test_decimals_label_caption_and_the_tabular_alone(loaded):
    text = paper(
        loaded,
        "latex",
        ["psnr", "lpips"],
        decimals={"psnr": 1, "": 3},
        label="tab:us",
        caption="Us.",
    )
    assert r"\caption{Us.}\label{tab:us}" in text
    assert r"\multicolumn{2}{c}{free-form} & \multicolumn{2}{c}{half} & " in text
    assert r"\cmidrule(lr){2-3}\cmidrule(lr){4-5}" in text
    assert re.search(r"\\textbf\{\d\d\.\d\}", text)
    assert re.search(r"\\textbf\{0\.\d\d\d\}", text)
    assert re.search(r"\\scriptsize \[0\.\d{3}, 0\.\d{3}\]", text)
    alone = paper(loaded, "latex", ["psnr"], bare=True)
    assert alone.startswith(r"\begin{tabular}{lrrrr}")
    assert alone.rstrip().endswith(r"\end{tabular}")
    assert r"navier\_stokes" in alone
    with pytest.raises(RequestError, match=r"--decimals: no column 'fid'\. There are: lpips, psnr"):
        paper(loaded, metrics=["psnr", "lpips"], decimals={"fid": 2})


def test_csv_and_html_hold_the_same_table(loaded):
    lines = list(csv.reader(paper(loaded, "csv", ["lpips"]).splitlines()))
    assert lines[0] == [
        *("method", "free-form: lpips ↓", "free-form: lpips ↓ low", "free-form: lpips ↓ high"),
        *("half: lpips ↓", "half: lpips ↓ low", "half: lpips ↓ high", "n", "s/image"),
    ]
    telea = next(line for line in lines if line[0] == "telea")
    scores = next(r for r in loaded if (r.method, r.mask) == ("telea", "half")).scores["lpips"]
    assert float(telea[4]) == pytest.approx(scores.mean(), rel=1e-14)
    page = paper(loaded, "html", ["lpips"])
    assert '<th colspan="1">half</th>' in page
    assert page.count("<tr>") == 2 + 3
    with pytest.raises(RequestError, match="Unknown format 'parquet'"):
        paper(loaded, "parquet")


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
def test_the_papers_table_compiles(loaded, tmp_path: Path):
    (tmp_path / "paper.tex").write_text(paper(loaded, "latex"), encoding="utf-8")
    done = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "paper.tex"],
        cwd=tmp_path,
        capture_output=True,
    )
    assert done.returncode == 0, done.stdout[-2000:]


def test_a_terminal_gets_aligned_lines_of_80_columns_without_markdown(loaded):
    for text in (render(loaded, "text"), paper(loaded, "text")):
        assert isinstance(text, str)
        assert max(map(len, text.splitlines())) <= 80
        assert "navier_stokes" in text
        assert not re.search(r"\\|\*\*|<ins>|\| ---", text)
        assert "marked *" in text


@pytest.mark.parametrize("title", ["a", "telea", "navier-stokes", "m" * 40])
def test_the_first_columns_heading_stays_whole_beside_names_of_any_length(title: str) -> None:
    row = (title, (TableEntry("0.1", "[0.0, 0.2]"),))
    lines = terminal.text(Matrix((ColumnGroup("", ("l1",)),), (row,))).splitlines()
    assert lines[0].split() == ["method", "l1"]
    assert lines[1].split()[0] == title[: terminal.STUB]


@pytest.mark.parametrize(
    ("text", "decimals"), [("3", {"": 3}), ("psnr=2,1", {"psnr": 2, "": 1}), ("", {})]
)
def test_decimals_are_parsed(text, decimals):
    assert parse_decimals(text) == decimals


@pytest.mark.parametrize("text", ["x", "psnr=", "psnr=-1", "11"])
def test_wrong_decimals_are_one_line(text):
    with pytest.raises(RequestError, match=r"give 0 to 10, or METRIC=N,\.\.\. such as"):
        parse_decimals(text)


def test_the_suffix_chooses_the_format(make_run, tmp_path: Path, here: Bench):
    runs = make_run("telea").parent
    for suffix, start in (
        (".html", "<!doctype"),
        (".tex", r"\documentclass"),
        (".csv", "dataset,"),
    ):
        out = tmp_path / f"table{suffix}"
        assert here("leaderboard", runs, "--out", out).returncode == 0
        assert out.read_text("utf-8").startswith(start)
    assert format_of(tmp_path / "x.tex", "md") == "md"
    done = here("leaderboard", runs, "--out", tmp_path / "table.docx")
    assert done.returncode == 2
    assert "the suffix is none of .txt, .md, .csv, .parquet, .tex, .html" in done.stderr
    done = here("leaderboard", runs, "--label", "tab:x")
    assert done.returncode == 2
    assert "give --layout paper too" in done.stderr
