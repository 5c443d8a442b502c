"""Runs through Dask: the bytes of the serial run, also when a worker is killed on the way."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

import pytest

from bench.api import RequestError
from bench.execute import Lost, dask, dask_worker
from bench.runner.options import Options, check
from tests.conftest import write_images
from tests.faults.running import PLUGINS, go, kept, make_runs, mark

pytest.importorskip("distributed")


def test_a_worker_killed_once_costs_its_shard_and_changes_no_byte(tmp_path: Path) -> None:
    images = write_images(tmp_path / "images", 40, 16)
    marks = tmp_path / "marks"
    marks.mkdir()
    requested = make_runs(f"{PLUGINS}:Dies:folder={marks}", "random-box", images)
    calm = go(requested, tmp_path / "calm", batch_size=2)
    mark(requested[0], ["005"], marks)
    (marks / "tried").touch()
    result = go(requested, tmp_path / "dask", batch_size=2, workers=2, executor="dask")
    assert [file.name for file in marks.iterdir()] == ["tried"]  # it was killed
    assert result.failed == {}
    assert result.n_new == 40
    again = len((marks / "tried").read_text().split()) - 40
    # What it was at, and at most what it had done and not yet handed over: two groups of at most
    # a fifth of the 20 batches each (two workers have four groups in flight).
    assert 2 <= again <= 20
    assert kept(result.path) == kept(calm.path)


@pytest.mark.slow
@pytest.mark.parametrize(("plugin", "reason"), [("Dies", "died"), ("Hangs", "timed out after 5 s")])
def test_what_kills_or_hangs_every_worker_is_lost_alone(
    plugin: str, reason: str, tmp_path: Path
) -> None:
    images = write_images(tmp_path / "images", 40, 16)
    method = f"{PLUGINS}:{plugin}:folder={tmp_path / 'marks'},always=true"
    (run,) = make_runs(method, "random-box", images)
    mark(run, ["007"], tmp_path / "marks")
    options = {"executor": "dask", "workers": 2, "timeout": 5.0, "batch_size": 4}
    result = go([run], tmp_path / "dask", **options)  # type: ignore[arg-type]
    assert list(result.failed) == ["007"]
    assert reason in result.failed["007"]
    assert result.summary.n == 39


def test_groups_follow_the_measured_cost() -> None:
    assert dask._group_size([]) == 1
    assert dask._group_size([3.0, 3.0]) == 1
    assert dask._group_size([0.1, 0.1, 20.0]) == 15
    assert dask._group_size([0.0]) == dask.MOST_TASKS


def test_a_task_within_its_time_answers_and_errors_pass() -> None:
    assert dask_worker.within(60, lambda task: task + 1, 1) == 2
    with pytest.raises(ZeroDivisionError):
        dask_worker.within(60, lambda task: task / 0, 1)
    forever = dask_worker.within(0.01, lambda event: event.wait(), threading.Event())
    assert forever == Lost("timed out")


def test_a_missing_package_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    dask._distributed.cache_clear()
    with pytest.raises(RequestError, match=r"inpaint-bench\[dask\]"):
        dask.DaskExecutor(scheduler=None, workers=1, gpu=False)


def test_no_scheduler_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dask, "JOIN_SECONDS", 1)
    with pytest.raises(RequestError, match="no Dask scheduler answers there") as raised:
        dask.DaskExecutor(scheduler="tcp://127.0.0.1:9", workers=1, gpu=False)
    assert "\n" not in str(raised.value)
    with pytest.raises(RequestError, match="--scheduler"):
        dask.DaskExecutor(scheduler="nonsense://", workers=1, gpu=False)


def test_a_scheduler_needs_dask(tmp_path: Path) -> None:
    (run,) = make_runs("telea", "half", "photos")
    with pytest.raises(RequestError, match="needs --executor dask"):
        check(run, Options(tmp_path, scheduler="tcp://127.0.0.1:8786"))
