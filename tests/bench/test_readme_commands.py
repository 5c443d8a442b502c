"""Every command of the README runs: with fewer and smaller images, on stand-ins for the files."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import bench
from tests.conftest import ROOT, Bench, write_images

README = (ROOT / "README.md").read_text(encoding="utf-8")
LINES = re.findall(r"^(?:> {5}| {4})(bench .*)$", README, re.M)
INLINE = re.findall(r"`(bench [^`]*)`", README)
COMMANDS = list(dict.fromkeys([*LINES, *INLINE]))
# A server, minutes of training, and what needs a scheduler or only names options: their help.
HELP_ALONE = ("bench paint", "bench train", "bench fill")
SMALL = {"--size": "32", "--limit": "2", "--count": "2", "--samples": "2", "--seed": "0,1"}


class Grey(torch.nn.Module):
    """A network that fills with grey, called as LaMa's."""

    def forward(self, image: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        return image * (1 - mask) + 0.5 * mask


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with all that the commands name, and a finished run."""
    folder = tmp_path_factory.mktemp("desk")
    write_images(folder / "images", 3)
    write_images(folder / "photos", 3, size=128)
    (folder / "masks").mkdir()
    for file in (folder / "images").iterdir():
        mask = np.zeros((32, 32), np.uint8)
        mask[8:20, 8:20] = 255
        Image.fromarray(mask).save(folder / "masks" / file.name)
    with pytest.warns((FutureWarning, DeprecationWarning)) as _:
        torch.jit.script(Grey()).save(str(folder / "big-lama.pt"))
    options = {"limit": 2, "metrics": "l1,psnr,ssim,lpips", "out": folder / "results/runs"}
    bench.run("telea,patchmatch", "half", f"folder:{folder / 'images'}", **options)
    return folder


@pytest.fixture
def here_at(desk: Path, here: Bench, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """Run commands in that folder."""
    monkeypatch.chdir(desk)
    return here


def shrunk(command: str, desk: Path) -> list[str]:
    """Return a command's words, on small data and files that are there."""
    if command.startswith(HELP_ALONE) or "--scheduler" in command:
        return [shlex.split(command)[1], "--help"]
    text = command.replace("bench run ...", "bench run --method telea --mask half")
    run = next((desk / "results/runs").glob("telea-half-images-seed0-*"))
    names = {
        "COMMAND": "run", "RUN": str(run), "NAME": "lpips-alexnet", "PAPER": "repaint-celebahq",
        "results/leaderboards": str(ROOT / "results/leaderboards"), "METHOD": "telea",
    }  # fmt: skip
    for name, stand_in in names.items():
        text = re.sub(rf"(?<![\w-]){name}(?![\w-])", stand_in, text)
    words = shlex.split(text)[1:]
    if words[0] == "verify":  # all references take minutes
        return ["verify", str(run), "--dataset", "folder:images/", "--count", "1"]
    for option, value in SMALL.items():
        if option in words:
            words[words.index(option) + 1] = value
    return [*words, *_besides(words)]


def _besides(words: list[str]) -> list[str]:
    """Return the options that a command needs to be small."""
    least = {"run": {"--limit": "2", "--metrics": "l1"}, "explain": {"--size": "64"}}
    added = dict(least.get(words[0], {}))
    if words[0] == "run" and "--dataset" not in words:
        added["--dataset"] = "folder:images/"
    return [word for key, value in added.items() if key not in words for word in (key, value)]


def test_there_are_commands() -> None:
    assert len(COMMANDS) > 25
    assert any("--layout paper" in command for command in LINES)


@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning")
@pytest.mark.parametrize("command", COMMANDS)
def test_the_command_runs(command: str, desk: Path, here_at: Bench) -> None:
    words = shrunk(command, desk)
    if words[0] == "score" and "--like" in words and not (desk / "handout").is_dir():
        options = ("--dataset", "folder:images/", "--mask", "half", "--size", "32")
        here_at("handout", *options, "--out", "handout/")
    if "--outputs" in words:
        shutil.copytree(desk / "images", desk / "theirs", dirs_exist_ok=True)
        for k, file in enumerate(sorted((desk / "images").iterdir())):  # as a handout calls them
            shutil.copy(file, desk / "theirs" / f"{k:06d}.png")
    for option in ("--out",):
        if option in words and (made := desk / words[words.index(option) + 1]).is_dir():
            shutil.rmtree(made)
    done = here_at(*words)
    assert done.returncode == 0, (words, done.stderr, done.stdout[-500:])
