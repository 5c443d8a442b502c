"""What networks computed for an image: a column of tables and CSV, and a plot of the page."""

import csv
import io
import json

import pytest

from bench.report.leaderboard import render
from bench.store.scored_run import load_runs

COSTS = {"ddpm": (71.0, 0.0), "ddpm:sampler=pigdm": (18.0, 18.0)}


@pytest.fixture
def runs(make_run):
    """Runs of telea and of two samplers, whose summaries hold what was counted."""
    paths = [make_run("telea", pixels=False)]
    for shift, (name, (evaluations, gradients)) in enumerate(COSTS.items()):
        path = make_run(
            "ddpm", parameters={"a": shift}, shift=0.01 * shift, pixels=False, label=name
        )
        summary = json.loads((path / "summary.json").read_text())
        counted = {"evaluations": evaluations, "gradients": gradients}
        (path / "summary.json").write_text(json.dumps({**summary, **counted}))
        paths.append(path)
    return load_runs(paths)


def _cells(text, title):
    """Return a column of the first table by method."""
    lines = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("|")]
    head, _, *rows = lines
    return {row[0]: row[head.index(title)] for row in rows if len(row) == len(head)}


def test_a_table_has_evaluations_and_gradients(runs):
    cells = _cells(render(runs, "md"), "evaluations + gradients")
    assert cells == {"telea": "–", "ddpm": "71", "ddpm:sampler=pigdm": "18 + 18"}


def test_without_gradients_the_column_says_evaluations_and_without_networks_there_is_none(runs):
    assert _cells(render(runs[:2], "md"), "evaluations") == {"telea": "–", "ddpm": "71"}
    assert "evaluations" not in render(runs[:1], "md")
    assert "evaluations" not in render(runs[:1], "csv")


def test_csv_holds_both_numbers(runs):
    lines = list(csv.DictReader(io.StringIO(render(runs, "csv"))))
    counted = {line["method"]: (line["evaluations"], line["gradients"]) for line in lines}
    assert counted == {
        "telea": ("", ""),
        "ddpm": ("71.0", "0.0"),
        "ddpm:sampler=pigdm": ("18.0", "18.0"),
    }


def test_the_page_draws_quality_against_evaluations(runs, blank, tmp_path):
    page = tmp_path / "page.html"
    page.write_text(render(runs, "html"))
    blank.page.goto(page.as_uri())
    cards = "[...document.querySelectorAll('.plots .card')]"
    titles = blank.js(f"{cards}.map(c => c.querySelector('h3').textContent)")
    assert titles[:2] == [
        "Quality against time: lpips ↓",
        "Quality against network evaluations: lpips ↓",
    ]
    points = blank.js(f"{cards}[1].querySelectorAll('circle title').length")
    assert points == len(COSTS)
    heads = blank.js("[...document.querySelectorAll('#scores th')].map(e => e.textContent)")
    assert "evaluations + gradients" in heads
    assert blank.problems == []
