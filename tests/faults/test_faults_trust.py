"""Nothing from outside is executed: pickles, scripts in names, paths in archives.

Elsewhere: GLCIC's loader (tests/methods/test_glcic_checkpoint.py), the numpy unpickler and hashes
of downloads (tests/bench/assets/test_weights.py), report pages (tests/bench/report).
"""

from __future__ import annotations

import ast
import os
import pickle
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
import torch

from bench import plugins
from bench.api import RequestError
from bench.cli import main
from tests.conftest import ROOT, write_images
from tests.faults.running import go, make_runs


class Trap:
    """Unpickling this makes a folder."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        return (os.mkdir, (str(self.mark),))


class Tags(HTMLParser):
    """Counts the scripts of a page and collects the names of all attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.scripts = 0
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.scripts += tag == "script"
        self.attributes |= {key for key, _ in attrs}


def _pickled(path: Path, trap: Trap) -> None:
    path.write_bytes(pickle.dumps(trap, protocol=2))


def _saved(path: Path, trap: Trap) -> None:
    torch.save({"state_dict": trap}, path)


def _saved_old(path: Path, trap: Trap) -> None:
    torch.save({"weight": trap}, path, _use_new_zipfile_serialization=False)


def _numpy(path: Path, trap: Trap) -> None:
    with path.open("wb") as file:
        np.save(file, np.array([trap], dtype=object), allow_pickle=True)


@pytest.mark.parametrize("write", [_pickled, _saved, _saved_old, _numpy])
@pytest.mark.parametrize(
    "spec",
    [
        "ddpm:path={}/x.pt,weights=places-256",
        "ddpm:path={}/x.safetensors",
        "glcic:path={}/x.pth",
        "glcic:path={}/x.safetensors",
        "torchscript:{}/x.pt",
    ],
)
def test_a_malicious_pickle_is_refused_and_not_run(
    spec: str, write: Callable[[Path, Trap], None], tmp_path: Path
) -> None:
    mark = tmp_path / "executed"
    write(tmp_path / spec.format("").split("/")[1].split(",")[0], Trap(mark))
    hole = torch.zeros(1, 1, 64, 64, dtype=torch.bool)
    hole[..., 20:40, 20:40] = True
    method = plugins.method(spec.format(tmp_path))  # the file is what is refused, not the spec
    with pytest.raises(RequestError) as raised:
        method.load("cpu")(torch.zeros(1, 3, 64, 64), hole, [0])
    assert "\n" not in str(raised.value)
    assert "x." in str(raised.value), "the message does not name the file"
    assert not mark.exists()
    write(tmp_path / "control", Trap(mark))
    if write is _pickled:
        pickle.loads((tmp_path / "control").read_bytes())
        assert mark.is_dir()  # the trap does work


def test_no_code_reads_pickles_of_files() -> None:
    """What unpickles is named here: own tasks and plug-ins, and a loader of arrays only."""
    names = set()
    for package in ("bench", "methods", "masks"):
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if not isinstance(node, ast.Call):
                    continue
                call = ast.unparse(node)
                name = ast.unparse(node.func)
                if name.endswith(("pickle.load", "pickle.loads", "Unpickler", "joblib.load")):
                    names.add(path.relative_to(ROOT).as_posix())
                if name == "torch.load":
                    assert "weights_only=True" in call, path
                if name in {"np.load", "numpy.load"}:
                    assert "allow_pickle=True" not in call, path
                assert name not in {"eval", "exec", "os.system"}, path
                assert "shell=True" not in call, path
    assert names <= {
        "bench/execute/dask_worker.py",
        "bench/assets/converters.py",
        "bench/api/checks.py",
    }


def test_scripts_in_names_do_not_reach_the_page(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    images = write_images(tmp_path / "images", 2, 16)
    name = "<img src=x onerror=alert(1)>"
    (images / "000.png").rename(images / f"{name}.png")
    (images / "001.png").rename(images / "'\"><script>x.png")
    path = go(make_runs("telea", "half", images), tmp_path / "runs").path
    page = tmp_path / "page.html"
    with pytest.raises(SystemExit) as ended:
        main(["leaderboard", str(path), "--format", "html", "--out", str(page)])
    assert ended.value.code == 0
    assert "onerror" in page.read_text()  # the name is there, as text
    odd, plain = Tags(), Tags()
    odd.feed(page.read_text())
    (images / f"{name}.png").rename(images / "a.png")
    (images / "'\"><script>x.png").rename(images / "b.png")
    path = go(make_runs("telea", "half", images), tmp_path / "plain").path
    with pytest.raises(SystemExit):
        main(["leaderboard", str(path), "--format", "html", "--out", str(page)])
    plain.feed(page.read_text())
    assert (odd.scripts, odd.attributes) == (plain.scripts, plain.attributes)
    assert not [key for key in odd.attributes if key.startswith("on")]
    capsys.readouterr()


def test_an_html_page_names_no_other_server(tmp_path: Path) -> None:
    images = write_images(tmp_path / "images", 2, 16)
    path = go(make_runs("telea", "half", images), tmp_path / "runs").path
    page = tmp_path / "page.html"
    with pytest.raises(SystemExit):
        main(["leaderboard", str(path), "--format", "html", "--out", str(page)])
    for text in ('src="http', "src='http", 'href="http://', "@import", "url(http"):
        assert text not in page.read_text()
