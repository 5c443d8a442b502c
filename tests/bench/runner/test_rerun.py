"""`bench verify --write`: a run that was reproduced says so, with what was compared."""

from __future__ import annotations

import datetime
import json
import re
from importlib.metadata import version
from pathlib import Path

import pytest

from bench.cli import main
from bench.plan.request import Request, runs
from bench.runner.benchmark import run_all
from bench.runner.options import Options
from bench.runner.progress import Silent
from bench.runner.rerun import evidence
from bench.runner.verify import Verdict
from bench.store.state import State, read_state, write_state


def verify(*arguments: str) -> int:
    with pytest.raises(SystemExit) as stopped:
        main(["verify", *arguments, "--write", "--quiet"])
    return int(stopped.value.code or 0)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run of three photographs."""
    request = Request(("telea",), ("center-box",), "photos", size=32, limit=3)
    options = Options(tmp_path / "runs")
    (result,) = run_all(runs(request), options, metrics=("l1",), workers=1, progress=Silent())
    return result.path


def spoil(run: Path) -> None:
    records = run / "records.jsonl"
    records.write_text(
        re.sub(
            '"pixels_sha256": "[0-9a-f]{64}', '"pixels_sha256": "' + 64 * "0", records.read_text()
        )
    )


def test_what_is_reproduced_is_re_run_with_date_version_and_counts(run: Path) -> None:
    write_state(run, State("re-scored", told="3 outputs"))
    assert verify(str(run), "--count", "2") == 0
    state = read_state(run)
    assert state is not None
    assert (state.state, state.unreliable) == ("re-run", "")
    today = datetime.datetime.now(datetime.UTC).date()
    assert state.told.startswith(f"{today}, inpaint-bench {version('inpaint-bench')}")
    assert state.told.endswith(": 2 of 2 images run again equal to the bit")


def test_what_is_not_reproduced_keeps_its_state(run: Path) -> None:
    spoil(run)
    assert verify(str(run)) == 1
    assert read_state(run) is None
    write_state(run, State("claimed", told="3 outputs"))
    assert verify(str(run)) == 1
    assert read_state(run) == State("claimed", told="3 outputs")


def test_what_cannot_be_run_again_keeps_its_state(run: Path) -> None:
    told = json.loads((run / "manifest.json").read_text())
    (run / "manifest.json").write_text(json.dumps(told).replace('"radius": 3.0', '"radius": 4.0'))
    assert verify(str(run)) == 1
    assert read_state(run) is None


def test_a_flag_stays(run: Path) -> None:
    write_state(run, State("claimed", unreliable="it saw the test set"))
    assert verify(str(run)) == 0
    state = read_state(run)
    assert state is not None
    assert (state.state, state.unreliable) == ("re-run", "it saw the test set")


def test_without_write_nothing_is_written(run: Path) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["verify", str(run), "--quiet"])
    assert not stopped.value.code
    assert read_state(run) is None


def test_a_network_within_tolerance_says_that() -> None:
    told = evidence(Verdict("ddpm-a", 8, 3, (), "ddpm"))
    assert told.endswith(": 3 of 8 images run again equal to the bit, mean scores within 5%")
