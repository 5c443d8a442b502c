"""External programs as methods: the contract, the layouts, and everything a program does wrong."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from bench import plugins
from bench.api import RequestError, checks
from bench.cli import main
from bench.runner.result import RunResult
from bench.store.record import Record, read_records
from tests.conftest import ROOT, wait_until, write_images
from tests.faults.running import go, kept, make_runs

HERE = Path(__file__).parent
PYTHON = shlex.quote(sys.executable)


def program(name: str) -> str:
    """Return the path of a program beside this file as a word of a command line."""
    return shlex.quote(str(HERE / name))


GOOD = f"{PYTHON} {program('good.py')} --images {{images}} --masks {{masks}} --out {{outputs}}"
Method = Callable[..., str]


def bad(how: str) -> str:
    return f"command:{PYTHON} {program('bad.py')} {how} {{images}} {{masks}} {{outputs}}"


@pytest.fixture(autouse=True)
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of temporary files that has to be empty afterwards."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    monkeypatch.setenv("TMPDIR", str(folder))
    return folder


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """A folder of few images: every start of a program takes a moment."""
    return write_images(tmp_path / "images", 3)


def run(method: str, images: Path, out: Path, **options: object) -> dict[str, Record]:
    go(make_runs(method, "center-box", images), out / "out", metrics=["l1"], **options)
    return records(out)


def records(out: Path) -> dict[str, Record]:
    (folder,) = (p for p in (out / "out").iterdir() if p.name != "reports")
    return {record.id: record for record in read_records(folder)}


def test_a_good_program_keeps_the_contract_of_a_method(scratch: Path) -> None:
    checks.check_method(plugins.method(f"command:{GOOD} --seeds {{seeds}}"))
    assert not list(scratch.iterdir())


@pytest.mark.parametrize("layout", ["plain", "lama", "mat", "repaint", "ntire"])
def test_every_layout_reaches_the_program(layout: str, tmp_path: Path, images: Path) -> None:
    words = GOOD + (" --suffix _mask" if layout == "lama" else "")
    if layout == "ntire":  # NTIRE's run.sh: the folders are variables of the environment
        script = tmp_path / "run.sh"
        script.write_text(
            f'{PYTHON} {program("ntire.py")} "$input_dir" "$output_dir"\n', encoding="utf-8"
        )
        words = f"sh {shlex.quote(str(script))}"
    if layout in {"mat", "repaint"}:
        words += " --keep-white"
    if layout == "lama":
        words = f"{PYTHON} {program('ntire.py')} {{images}} {{outputs}} _mask"
    result = run(f"command:{words},layout={layout}", images, tmp_path)
    assert [r.error for r in result.values()] == [None] * 3
    assert {r.notes["known_pixels_off_by"] for r in result.values()} == {0}


def test_one_image_a_start_and_a_group_give_the_same(tmp_path: Path, images: Path) -> None:
    single = f"{PYTHON} {program('single.py')} {{image}} {{mask}} {{output}} {{seed}}"
    group = f"{GOOD} --seeds {{seeds}}"
    result = [
        run(f"command:{words}", images, tmp_path / str(k))
        for k, words in enumerate((single, group))
    ]
    hashes = [[r.pixels_sha256 for r in records.values()] for records in result]
    assert hashes[0] == hashes[1]


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


def test_a_toml_file_says_the_rest(tmp_path: Path, images: Path) -> None:
    (tmp_path / "weights.bin").write_bytes(b"w")
    recipe = tmp_path / "mat.toml"
    recipe.write_text(
        f"command = '''{GOOD} --keep-white'''\nname = 'MAT'\nversion = '1.0'\nlayout = 'mat'\n"
        "group = 2\nfiles = ['weights.bin']\n[environment]\nLEVEL = '{seed}'\n"
    )
    method = plugins.method(f"command:{recipe}")
    assert plugins.label(method) == "MAT"
    before = method.assets()  # type: ignore[attr-defined]
    assert set(before) == {"command", "good.py", "weights.bin"}
    (tmp_path / "weights.bin").write_bytes(b"v")
    assert method.assets() != before  # type: ignore[attr-defined]
    assert all(r.done for r in run(f"command:{recipe}", images, tmp_path).values())


def test_the_group_is_the_batch_and_a_name_is_a_label(tmp_path: Path, images: Path) -> None:
    counted = tmp_path / "count.py"
    counted.write_text(
        "import sys, pathlib\nn = len(list(pathlib.Path(sys.argv[2]).iterdir()))\n"
        "open(pathlib.Path(__file__).parent / 'sizes', 'a').write(f'{n} ')\n"
        f"sys.argv[1:1] = []\nimport runpy; runpy.run_path({str(HERE / 'good.py')!r})\n"
    )
    recipe = tmp_path / "p.toml"
    words = GOOD.replace(str(HERE / "good.py"), str(counted))
    recipe.write_text(f"command = '''{words}'''\ngroup = 2\n")
    (one,) = make_runs(f"command:{recipe},name=Mine", "center-box", images)
    result: RunResult = go([one], tmp_path / "out", metrics=["l1"])
    assert (tmp_path / "sizes").read_text().split() == ["2", "1"]
    assert result.path.name.startswith("Mine-center-box-images-seed0-")
    assert not result.remarks
    again = go([one], tmp_path / "out", metrics=["l1"])
    assert again.n_new == 0
    assert not again.remarks


def test_where_the_files_lie_is_no_part_of_the_identity(tmp_path: Path) -> None:
    result = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        script = tmp_path / name / "predict.py"
        script.write_text("pass")
        method = plugins.method(
            f"command:python {shlex.quote(str(script))} {{images}} {{masks}} {{outputs}}"
        )
        result.append((method.assets(), plugins.parameters(method)))  # type: ignore[attr-defined]
    assert result[0] == result[1]
    assert result[0][1] == {
        **{"layout": "plain", "polarity": "auto", "hidden": "black", "multiple_of": 1}
    }


def test_workers_give_the_same_bytes(tmp_path: Path, images: Path) -> None:
    method = f"command:{GOOD} --seeds {{seeds}}"
    runs = [make_runs(method, "center-box", images) for _ in range(2)]
    results = [
        go(requested, tmp_path / str(k), workers=k + 1, batch_size=2)
        for k, requested in enumerate(runs)
    ]
    assert kept(results[0].path) == kept(results[1].path)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("", "command is required"),
        ("no-such-program {images} {masks} {outputs}", "no program 'no-such-program'"),
        ("./no-such-file {images} {masks} {outputs}", "no program './no-such-file'"),
        ("python p.py {images} {masks}", r"placeholder \{outputs\} is missing"),
        ("python p.py {images} {outputs}", r"placeholder \{masks\} is missing"),
        ("python p.py {image} {output}", r"placeholder \{mask\} is missing"),
        ("python p.py {images} {masks} {out}", r"\{out\} is no placeholder; allowed: \{images\}"),
        ("python 'p.py {images} {masks} {outputs}", "cannot be split"),
        ("nowhere.toml", "nowhere.toml cannot be read as TOML"),
        ("python p.py {images} {masks} {outputs},layout=mats", "'mats' is not one of plain, lama"),
        ("python p.py {images} {masks} {outputs},size=3", "Unknown parameter 'size'"),
    ],
)
def test_a_command_that_cannot_work_is_refused_before_anything_runs(
    words: str, message: str
) -> None:
    with pytest.raises(RequestError, match=message) as refused:
        plugins.method(f"command:{words}")
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("command = 3", "neither a text nor a list"),
        ("command = []", "no program"),
        ("commands = 'x'", "unknown key 'commands'; allowed: command, directory"),
        ("command = 'sh {images} {masks} {outputs}'\nlayout = 'x'", "layout = 'x' is not one of"),
        ("command = 'sh {images} {masks} {outputs}'\ngroup = 0", "group = 0 is no number"),
        ("command = 'sh {images} {masks} {outputs}'\nfiles = ['no']", "there is no"),
        ("command = 'sh {images} {masks} {outputs}'\nfiles = 'no'", "files is no list"),
        ("command = 'sh {images} {masks} {outputs}'\nenvironment = 'no'", "no table"),
        ("command = ", "cannot be read as TOML"),
    ],
)
def test_a_recipe_that_says_nonsense_is_refused(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "r.toml").write_text(text)
    with pytest.raises(RequestError, match=message):
        plugins.method(f"command:{tmp_path / 'r.toml'}")


def test_a_list_keeps_a_command_whole() -> None:
    words = "command:python p.py --levels 1,2 {images} {masks} {outputs},name=Mine,telea"
    assert plugins.split_list([words]) == [words.removesuffix(",telea"), "telea"]


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
