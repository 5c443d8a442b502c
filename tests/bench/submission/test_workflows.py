"""The workflows of a repository of results, run step by step as they would be there."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from bench.cli import main
from bench.store.state import State, write_state
from tests.bench.submission.test_submission import CARD, better_score
from tests.conftest import ROOT

WORKFLOWS = ROOT / "results/workflows"
# What GitHub would fill in.
VALUES = {"github.base_ref": "main", "github.event.number": "12"}


def workflow(name: str) -> dict[str, Any]:
    return dict(yaml.safe_load((WORKFLOWS / name).read_text("utf-8")))


def steps(name: str) -> list[dict[str, Any]]:
    (job,) = workflow(name)["jobs"].values()
    return [step for step in job["steps"] if "run" in step]


def run_step(step: dict[str, Any], folder: Path, path: Path) -> int:
    """Run a step as GitHub's runner does, with the programs in `path` first; return its code."""
    of_step = {
        key: re.sub(r"\$\{\{ (.*?) \}\}", lambda match: VALUES.get(match[1], ""), value)
        for key, value in step.get("env", {}).items()
    }
    summary = {"GITHUB_STEP_SUMMARY": str(folder.parent / "summary.md")}
    environment = {**os.environ, **of_step, **summary, "PATH": f"{path}:{os.environ['PATH']}"}
    shell = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]]
    return subprocess.run(shell, cwd=folder, env=environment, check=False).returncode


def git(folder: Path, *arguments: str) -> None:
    who = ["-c", "user.name=A. Person", "-c", "user.email=person@example.org"]
    subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True)


def call(*arguments: str) -> None:
    with pytest.raises(SystemExit) as stopped:
        main([*arguments, "--quiet"])
    assert not stopped.value.code


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`bench` of this checkout, and a `pip` and a `gh` that note what they are asked for."""
    folder = tmp_path_factory.mktemp("programs")
    ours = (
        f'PYTHONPATH={shlex.quote(str(ROOT))} exec {shlex.quote(sys.executable)} -m bench.cli "$@"'
    )
    for name, line in {
        "bench": ours,
        "pip": 'echo "$@" > pip.txt',
        "gh": 'echo "$@" > gh.txt',
    }.items():
        (folder / name).write_text(f"#!/bin/bash\n{line}\n")
        (folder / name).chmod(0o755)
    return folder


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Submissions of two methods."""
    folder = tmp_path_factory.mktemp("packed")
    (folder / "card.json").write_text(json.dumps(CARD))
    request = ["--mask", "center-box", "--dataset", "photos", "--size", "32", "--limit", "2"]
    for method in ("telea", "biharmonic"):
        out = folder / "runs" / method
        call("run", "--method", method, *request, "--metrics", "l1", "--out", str(out))
        (run,) = out.glob(f"{method}-*")
        card = str(folder / "card.json")
        call("submit", str(run), "--method", card, "--out", str(folder / method))
    return folder


@pytest.fixture
def repository(packed: Path, tmp_path: Path) -> Path:
    """A repository with telea's submission on main, on a branch of a pull request."""
    subprocess.run(["git", "init", "-q", "-b", "main", str(tmp_path / "results")], check=True)
    folder = tmp_path / "results"
    bring(packed / "telea", folder)
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "Add telea")
    git(folder, "update-ref", "refs/remotes/origin/main", "main")
    git(folder, "checkout", "-q", "-b", "theirs")
    return folder


def bring(submission: Path, folder: Path) -> None:
    """Copy a submission without its archives, which are attached elsewhere."""
    target = folder / "submissions" / submission.name
    shutil.copytree(submission, target, ignore=shutil.ignore_patterns("archives"))


def check(repository: Path, programs: Path) -> tuple[int, str]:
    """Commit, run all steps that check, and return the code of the last one and the report."""
    git(repository, "add", "-A")
    git(repository, "commit", "-q", "-m", "Theirs")
    (install, last) = steps("submission.yml")
    assert run_step(install, repository, programs) == 0
    assert (repository / "pip.txt").read_text() == "install -r requirements.txt\n"
    code = run_step(last, repository, programs)
    assert (repository / "number.txt").read_text() == "12\n"
    return code, (repository / "report.md").read_text("utf-8")


def test_a_new_row_is_checked_and_shown(packed: Path, repository: Path, programs: Path) -> None:
    bring(packed / "biharmonic", repository)
    (repository / "submissions" / "README.md").write_text("Ours.\n")
    code, report = check(repository, programs)
    assert code == 0, report
    assert re.search(r"## submissions/biharmonic\nbiharmonic-\S+: claimed, 2 outputs\n", report)
    assert re.search(r"^\+\| biharmonic \(claimed\) \|", report, re.M)
    assert "changed or removed" not in report
    assert "A state is set" not in report
    assert "## submissions/telea" not in report
    assert (repository.parent / "summary.md").read_text("utf-8") == report


def test_a_changed_row_is_named_and_a_state_of_ones_own_is_not_taken(
    repository: Path, programs: Path
) -> None:
    (run,) = (repository / "submissions/telea/runs").iterdir()
    better_score(repository / "submissions/telea")
    write_state(run, State("re-run", told="by me"))
    code, report = check(repository, programs)
    assert code == 1
    assert f"- submissions/telea/runs/{run.name}/scores.csv" in report
    assert "A state is set: only a maintainer does that." in report
    assert re.search(r"telea-\S+: refused, 2 outputs\n  scores.csv was changed after", report)


def test_what_is_no_submission_is_said(repository: Path, programs: Path) -> None:
    (repository / "submissions/mine").mkdir()
    (repository / "submissions/mine/scores.csv").write_text("id,l1\n")
    code, report = check(repository, programs)
    assert code == 1
    assert "## submissions/mine\nError: submissions/mine is no submission" in report


def test_the_report_is_posted_to_the_digits_of_a_number(tmp_path: Path, programs: Path) -> None:
    (tmp_path / "report.md").write_text("x" * 70_000)
    (tmp_path / "number.txt").write_text("12; echo >\n")
    (post,) = steps("comment.yml")
    assert run_step(post, tmp_path, programs) == 0
    assert (tmp_path / "gh.txt").read_text() == "pr comment 12 --body-file comment.md\n"
    assert (tmp_path / "comment.md").stat().st_size == 60_000


def test_only_the_one_that_runs_nothing_of_theirs_may_write() -> None:
    assert workflow("submission.yml")["permissions"] == {"contents": "read"}
    assert workflow("comment.yml")["permissions"] == {"actions": "read", "pull-requests": "write"}
    used = [
        step.get("uses", "")
        for job in workflow("comment.yml")["jobs"].values()
        for step in job["steps"]
    ]
    assert not any("checkout" in name for name in used)
    for name in ("submission.yml", "comment.yml"):  # what a fork names itself is no shell text
        assert not any("${{" in step["run"] for step in steps(name))
