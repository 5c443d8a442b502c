"""Everything that an external program does wrong, and that it leaves nothing running."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bench.cli import main
from tests.conftest import ROOT, wait_until
from tests.methods.command.programs import GOOD, HERE, PYTHON, bad, records, run


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ("exit", "exit code 1: loading | RuntimeError: the weights do not fit"),
        ("signal", "ended with SIGSEGV"),
        ("nothing", "ended well, but wrote no 000000.png or 000000.jpg or 000000_comp.png"),
        ("truncated", "output 000000 cannot be used: not a readable image"),
        ("size", "output is 16x16 pixels, its image 32x32"),
        ("link", "leads out of the folder of outputs"),
        ("swap", "replaced the folder of outputs by a link"),
    ],
)
def test_what_a_program_does_wrong_is_one_line_an_image(
    how: str, message: str, tmp_path: Path, images: Path, monkeypatch: pytest.MonkeyPatch,
    scratch: Path,
) -> None:  # fmt: skip
    monkeypatch.setenv("SECRET", str(images / "000.png"))
    result = run(bad(how), images, tmp_path)
    assert len(result) == 3
    for record in result.values():
        assert not record.done
        assert message in str(record.error)
        assert "\n" not in str(record.error)
    assert not list(scratch.iterdir())


@pytest.mark.parametrize("how", ["megabytes", "delete", "escape", "good"])
def test_what_does_no_harm_is_no_error(
    how: str, tmp_path: Path, images: Path, scratch: Path
) -> None:
    result = run(bad(how), images, tmp_path)
    assert all(record.done for record in result.values())
    assert [p.name for p in scratch.iterdir()] == (["escaped.txt"] if how == "escape" else [])


def test_outputs_that_are_there_count_though_others_lack(tmp_path: Path, images: Path) -> None:
    """Half of a group is missing: each image is tried alone, where this program makes it."""
    assert all(record.done for record in run(bad("half"), images, tmp_path).values())


def test_a_program_s_children_do_not_outlive_it(
    tmp_path: Path, images: Path, monkeypatch: pytest.MonkeyPatch, scratch: Path
) -> None:
    marks = tmp_path / "marks"
    marks.mkdir()
    monkeypatch.setenv("MARK", str(marks))
    assert all(record.done for record in run(bad("fork"), images, tmp_path).values())
    pids = [int(file.name) for file in marks.iterdir()]
    assert len(pids) >= 2
    assert not any(_is_alive(pid) for pid in pids)
    assert not list(scratch.iterdir())


def test_a_program_that_hangs_costs_its_images(tmp_path: Path, images: Path, scratch: Path) -> None:
    hang = tmp_path / "hang.py"  # hangs on one image alone
    hang.write_text(
        "import sys, time, pathlib\nfrom PIL import Image\n"
        "for file in sorted(pathlib.Path(sys.argv[1]).glob('*.png')):\n"
        "    image = Image.open(file)\n"
        "    if image.getpixel((0, 0)) == tuple(map(int, sys.argv[4:7])): time.sleep(600)\n"
        "    image.save(pathlib.Path(sys.argv[3]) / file.name)\n"
    )
    from PIL import Image

    pixel = Image.open(images / "002.png").getpixel((0, 0))
    words = " ".join(map(str, pixel))  # type: ignore[arg-type]
    method = f"command:{PYTHON} {hang} {{images}} {{masks}} {{outputs}} {words}"
    result = run(method, images, tmp_path, timeout=12.0, batch_size=2)
    assert [r.id for r in result.values() if not r.done] == ["002"]
    assert "after 12 s (--timeout)" in str(result["002"].error)
    wait_until(lambda: not list(scratch.iterdir()), seconds=60)
    assert not _running("hang.py")


def test_a_killed_run_leaves_nothing_running_and_goes_on(
    tmp_path: Path, images: Path, scratch: Path
) -> None:
    slow = tmp_path / "slow.py"
    slow.write_text(
        "import pathlib, runpy, sys, time\n"
        "(pathlib.Path(__file__).parent / 'started').touch()\n"
        "time.sleep(600 if not (pathlib.Path(__file__).parent / 'quick').exists() else 0)\n"
        f"runpy.run_path({str(HERE / 'good.py')!r})\n"
    )
    words = GOOD.replace(str(HERE / "good.py"), str(slow))
    request = ["run", "--method", f"command:{words}", "--mask", "center-box", "--metrics", "l1"]
    request += ["--dataset", f"folder:{images}", "--out", str(tmp_path / "out"), "--quiet"]
    code = "import sys; from bench.cli import main; main(sys.argv[1:])"
    process = subprocess.Popen(
        [sys.executable, "-c", code, *request], env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    wait_until((tmp_path / "started").exists)
    process.send_signal(signal.SIGKILL)
    process.wait()
    wait_until(lambda: not _running("slow.py"), seconds=60)
    wait_until(lambda: not list(scratch.iterdir()), seconds=60)
    (tmp_path / "quick").touch()
    with pytest.raises(SystemExit) as ended:
        main(request)
    assert ended.value.code == 0
    assert all(record.done for record in records(tmp_path).values())


def _is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
    return state != "Z"


def _running(script: str) -> list[str]:
    """Return the command lines of running processes that name a script as their own."""
    running = []
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = process.read_bytes().split(b"\0")
        except OSError:
            continue
        if any(word.endswith(b"/" + script.encode()) for word in words[1:2]):
            running.append(str(process))
    return running
