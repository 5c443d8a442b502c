"""External programs as methods: the contract, the layouts, groups and identity."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from bench import plugins
from bench.api import checks
from bench.runner.result import RunResult
from tests.faults.running import go, kept, make_runs
from tests.methods.command.programs import GOOD, HERE, PYTHON, program, run


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
