"""Installed, from a wheel and editable: every file is there, and no folder's name gets in the way.

Both are installed as pip does it, into environments of their own that see this one's dependencies.
"""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest
import torch

from bench.api.imaging import encode_png
from tests.conftest import ROOT

SCRIPT = (
    "import sys\nfrom bench.cli import main\nif __name__ == '__main__':\n    sys.exit(main())\n"
)
PLUGIN = '''
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True)
class Grey:
    """Grey holes."""

    name: ClassVar[str] = "grey"
    version: ClassVar[str] = "1"
    multiple_of: ClassVar[int] = 1
    single_threaded: ClassVar[bool] = True

    def load(self, device):
        return lambda visible, hole, seeds: visible.masked_fill(hole, 0.5)
'''


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project as it is committed, without what building leaves behind."""
    folder = tmp_path_factory.mktemp("source")
    for name in tracked():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes((ROOT / name).read_bytes())
    return folder


def tracked() -> list[str]:
    """Return the files of the three packages, and those that building reads."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "bench", "methods", "masks", "*.toml", "*.md", "LICENSE"],
        cwd=ROOT, capture_output=True, check=True, text=True,
    )  # fmt: skip
    return [name for name in listed.stdout.split("\0") if name]


@pytest.fixture(scope="module")
def wheel(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel."""
    return built(source, "build_wheel", tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def editable(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel that `pip install -e` installs: it leads to the source."""
    return built(source, "build_editable", tmp_path_factory.mktemp("editable"))


def built(source: Path, hook: str, out: Path) -> Path:
    """Call a hook of the build backend, as pip does; return the wheel it wrote."""
    code = f"import sys, setuptools.build_meta as backend; backend.{hook}(sys.argv[1])"
    command = [sys.executable, "-c", code, str(out)]
    done = subprocess.run(command, cwd=source, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    (path,) = out.glob("*.whl")
    return path


@pytest.fixture(scope="module", params=["wheel", "editable"])
def environment(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `bin` of an environment that holds the project, installed one way or the other."""
    folder = tmp_path_factory.mktemp(request.param)
    venv.create(folder, symlinks=True)
    (site,) = folder.glob("lib/python*/site-packages")
    with zipfile.ZipFile(request.getfixturevalue(request.param)) as archive:
        archive.extractall(site)
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    script = folder / "bin" / "bench"
    script.write_text(f"#!{folder}/bin/python\n{SCRIPT}")
    script.chmod(0o755)
    return folder / "bin"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A working directory whose folders are called as our packages are; masks/ holds a mask."""
    for name in ("masks", "methods", "bench", "results"):
        (tmp_path / name).mkdir()
    hole = torch.zeros(1, 32, 32, dtype=torch.bool)
    hole[:, 8:24, 8:24] = True
    (tmp_path / "masks" / "hole.png").write_bytes(encode_png(hole))
    (tmp_path / "mine.py").write_text(PLUGIN)
    return tmp_path


def run(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a command there, as a shell would that knows nothing of this checkout."""
    hidden = {"PYTHONPATH", "PYTHONSAFEPATH"}
    variables = {key: value for key, value in os.environ.items() if key not in hidden}
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, env=variables)


def test_the_wheel_holds_every_file_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    shipped = {name for name in tracked() if name.split("/")[0] in {"bench", "methods", "masks"}}
    assert shipped - set(names) == set()
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"bench", "methods", "masks"}


@pytest.mark.parametrize("start", [["bench"], ["python", "-m", "bench.cli"]])
def test_folders_called_as_our_packages_are_do_not_hide_them(
    environment: Path, folder: Path, start: list[str]
) -> None:
    arguments = [
        "--method",
        "telea,mine:Grey",
        "--mask",
        "folder:masks/,pairing=seed",
        "--limit",
        "2",
    ]
    command = [str(environment / start[0]), *start[1:], "run", *arguments]
    workers = "2" if start == ["bench"] else "1"  # processes that start anew, and none
    done = run(
        [*command, "--size", "64", "--metrics", "l1", "--workers", workers, "--quiet"], folder
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert {
        path.name.split("-")[0]
        for path in folder.glob("results/runs/*-masks_pairing=seed-free-photos-*")
    } == {
        *("telea", "grey"),
    }


def test_the_installed_packages_are_the_ones_that_run(environment: Path, folder: Path) -> None:
    code = "import bench, masks, methods\nfor p in (bench, masks, methods): print(p.__file__)"
    done = run([str(environment / "python"), "-c", code], folder)
    folders = [Path(line).parents[1] for line in done.stdout.splitlines()]
    assert len(folders) == 3, done.stderr
    assert set(folders) == {folders[0]}
    assert folders[0] not in {folder, ROOT}


def test_packages_of_our_names_in_the_working_directory_do_not_hide_ours(folder: Path) -> None:
    for name in ("masks", "methods"):
        (folder / name / "__init__.py").write_text("raise SystemExit('the wrong package')\n")
    code = "import bench, masks, methods\nprint(len(masks.MASKS) > 0 and len(methods.METHODS) > 0)"
    path = {**os.environ, "PYTHONPATH": f"{folder}{os.pathsep}{ROOT}"}
    (folder / "bench").rmdir()
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, env=path
    )
    assert done.stdout == "True\n", done.stderr


def test_a_package_of_our_name_that_was_imported_before_is_named(folder: Path) -> None:
    (folder / "masks" / "__init__.py").write_text("")
    path = {**os.environ, "PYTHONPATH": f"{folder}{os.pathsep}{ROOT}"}
    done = subprocess.run(
        [sys.executable, "-c", "import masks, bench"],
        cwd=folder, capture_output=True, text=True, env=path,
    )  # fmt: skip
    assert done.returncode == 1
    assert "import bench first, or rename the other" in done.stderr.splitlines()[-1]
    assert str(folder / "masks") in done.stderr.splitlines()[-1]


def test_the_wheel_runs_a_suite(wheel: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    code = "import sys, bench; print(bench.__file__); from bench import cli; cli.main(sys.argv[1:])"
    arguments = ["run", "--suite", "quickstart", "--method", "telea", "--limit", "1"]
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments, "--out", str(tmp_path / "runs")],
        cwd=tmp_path, capture_output=True, text=True,
        env={**os.environ, "PYTHONPATH": str(site), "PYTHONSAFEPATH": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    assert str(site) in done.stdout.splitlines()[0]
    assert "leaderboard:" in done.stdout
