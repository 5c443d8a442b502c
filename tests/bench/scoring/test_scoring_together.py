"""Runs that are scored together: the same bytes as alone, each target once."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar
from unittest import mock

import pytest
import torch

from bench import plugins
from bench.api import ImageMetric, RequestError, ScoresPairs
from bench.execute.local import InProcess
from bench.plan.request import Request, runs
from bench.runner import benchmark
from bench.runner.options import Options
from bench.runner.progress import Silent
from bench.scoring import images as scoring
from bench.scoring.images import ToScore
from bench.scoring.pairs import CHUNK, MOST, Lacking, Triple, chunks

METRICS = ("l1", "lpips")


@dataclass(frozen=True)
class Foreign:
    """A metric that knows no pairs, as a package of its own would bring it."""

    name: ClassVar[str] = "foreign"
    version: ClassVar[str] = "1"
    unit: ClassVar[str] = ""
    higher_is_better: ClassVar[bool] = False

    def __call__(
        self, output: torch.Tensor, target: torch.Tensor, hole: torch.Tensor
    ) -> torch.Tensor:
        assert len(output) == 1  # one at a time: its bytes never depend on the batch
        return (output - target).abs().double().amax((1, 2, 3))


@pytest.fixture(scope="module")
def unscored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    request = Request(("telea", "navier-stokes"), ("half", "center-box"), size=32, limit=3)
    out = tmp_path_factory.mktemp("runs")
    benchmark.run_all(runs(request), Options(out), metrics=("none",), workers=1, progress=Silent())
    return out


def folders(out: Path) -> list[Path]:
    return sorted(path.parent for path in out.glob("*/manifest.json"))


def files(run: Path) -> list[bytes]:
    return [(run / name).read_bytes() for name in ("scores.csv", "summary.json")]


def score(paths: list[Path], metrics: tuple[str, ...] = METRICS) -> None:
    asked = [ToScore(path, metrics) for path in paths]
    scoring.score(asked, InProcess(), on_progress=lambda done, total: None)


def test_together_and_alone_give_the_same_bytes(unscored: Path, tmp_path: Path) -> None:
    together, alone = (Path(shutil.copytree(unscored, tmp_path / name)) for name in "ab")
    score(folders(together))
    for run in folders(alone):
        score([run])
    assert len(folders(together)) == 4
    for one, other in zip(folders(together), folders(alone), strict=True):
        assert files(one) == files(other)


def test_a_target_is_decoded_and_seen_once(unscored: Path, tmp_path: Path) -> None:
    from bench.metrics.perceptual import PerceptualNetwork
    from bench.scoring import pairs

    out = Path(shutil.copytree(unscored, tmp_path / "c"))
    with (
        mock.patch.object(pairs, "_picture", side_effect=pairs._picture) as read,
        mock.patch.object(
            PerceptualNetwork, "forward", autospec=True, side_effect=PerceptualNetwork.forward
        ) as forward,
    ):
        score(folders(out))
    outputs, targets = 4 * 3, 3
    assert read.call_count == outputs + targets
    assert sum(len(call.args[1]) for call in forward.call_args_list) == outputs + targets


def test_only_what_is_lacking_is_computed(unscored: Path, tmp_path: Path) -> None:
    out = Path(shutil.copytree(unscored, tmp_path / "d"))
    first, *others = folders(out)
    score([first])
    before = files(first)
    l1 = plugins.metric("l1")
    assert isinstance(l1, ScoresPairs)
    with mock.patch.object(type(l1), "of_pair", autospec=True, side_effect=type(l1).of_pair) as c:
        score([first, *others])
    assert c.call_count == 3 * len(others)
    assert files(first) == before


def test_a_metric_that_knows_no_pairs_is_called_for_each(unscored: Path, tmp_path: Path) -> None:
    out = Path(shutil.copytree(unscored, tmp_path / "e"))
    assert isinstance(Foreign(), ImageMetric)
    assert not isinstance(Foreign(), ScoresPairs)
    run = folders(out)[0]
    score([run], (f"{__name__}:Foreign",))
    header, *rows = (run / "scores.csv").read_text().splitlines()
    assert header == f"id,{__name__}:Foreign"
    assert all(float(row.rpartition(",")[2]) > 0 for row in rows)


def test_a_wrong_later_run_leaves_the_earlier_ones_scored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    grid = runs(Request(("telea", "navier-stokes"), ("half",), size=32, limit=2))
    execute = benchmark.loop.execute

    def failing(run, *rest, **options):  # type: ignore[no-untyped-def]
        if run.method.name == "navier-stokes":
            raise RequestError("its weights cannot be had")
        return execute(run, *rest, **options)

    monkeypatch.setattr(benchmark.loop, "execute", failing)
    with pytest.raises(RequestError, match="cannot be had"):
        benchmark.run_all(grid, Options(tmp_path), metrics=("l1",), workers=1, progress=Silent())
    (run,) = folders(tmp_path)
    assert (run / "summary.json").is_file()


def test_chunks_keep_a_target_together_but_not_without_end() -> None:
    def lacking(run: int, target: int) -> Lacking:
        here = Path(f"{run}-{target}.png")
        return Lacking(run, Triple(f"i{target}", here, here, here, "", f"{target}"), ("l1",))

    many = list(chunks(lacking(run, target) for run in range(5) for target in range(4)))
    assert [len(chunk.lacking) for chunk in many] == [10, 10]
    assert [item.triple.name for item in many[0].lacking] == ["i0"] * 5 + ["i1"] * 5
    assert [len(c.lacking) for c in chunks(lacking(0, t) for t in range(11))] == [CHUNK, 3]
    assert [len(c.lacking) for c in chunks(lacking(r, 0) for r in range(70))] == [MOST, 6]
