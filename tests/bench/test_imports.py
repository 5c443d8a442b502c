"""Who may import whom, randomness only from bench.api.seeds, and nothing heavy early."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from methods import METHODS

ROOT = Path(__file__).resolve().parents[2]

# Who may import whom: each package of ours, and the packages of ours that it may import beside
# itself.  Every module is checked against this table; the packages are listed from the bottom up.
ALL = {"*"}
MAY_IMPORT: dict[str, set[str]] = {
    "bench.api": set(),
    "bench.plugins": {"bench.api"},
    "bench.assets": {"bench.api"},
    "bench.statistics": {"bench.api"},
    "bench.execute": {"bench.api"},
    "bench.datasets": {"bench.api"},
    "bench.metrics": {"bench.api", "bench.assets"},
    "bench.plan": {"bench.api", "bench.plugins"},
    # A worker fills in the store's records; it opens no run directory.
    "bench.complete": {"bench.api", "bench.plan", "bench.store"},
    "bench.store": {"bench.api", "bench.plugins", "bench.plan"},
    "bench.scoring": {
        *("bench.api", "bench.plugins", "bench.store", "bench.statistics", "bench.execute"),
    },
    "bench.report": {
        *("bench.api", "bench.plugins", "bench.plan", "bench.store", "bench.statistics"),
    },
    "bench.handout": {"bench.api", "bench.plan", "bench.complete", "bench.store"},
    "bench.runner": {
        *("bench.api", "bench.plugins", "bench.plan", "bench.complete", "bench.execute"),
        *("bench.store", "bench.scoring", "bench.statistics", "bench.handout"),
    },
    "bench.filling": {
        *("bench.api", "bench.plugins", "bench.complete", "bench.execute", "bench.runner"),
    },
    "bench.paint": {
        *("bench.api", "bench.plugins", "bench.plan", "bench.complete", "bench.execute"),
        *("bench.store", "bench.scoring"),
    },
    "bench.submission": {
        *("bench.api", "bench.plugins", "bench.plan", "bench.complete", "bench.store"),
        "bench.runner",
    },
    "bench.cli": ALL,
    "bench": ALL,  # bench/__init__.py: the Python interface, which imports when it is called
    "masks": {"bench.api"},
    "methods": {"bench.api"},
    "methods.common": {"bench.api"},
    "methods.*": {"bench.api", "methods.common", "methods.weights"},
}


def modules() -> dict[str, Path]:
    """Return the name and the file of every module of ours."""
    paths = {}
    for package in ("bench", "methods", "masks"):
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            paths[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return paths


def room_of(name: str) -> str:
    """Return the package of the table that a module belongs to; each method is a room."""
    top, _, rest = name.partition(".")
    if top == "masks" or not rest:
        return top
    return ".".join(name.split(".")[:2])


def allowed_for(room: str) -> set[str]:
    """Return the table's row of a room."""
    if room in MAY_IMPORT:
        return MAY_IMPORT[room]
    assert room.startswith("methods."), f"{room} is not in the table"
    return MAY_IMPORT["methods.*"]


def imported(path: Path) -> set[str]:
    """Return the modules of ours that a file imports, anywhere in it."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names |= _from(node.module, [alias.name for alias in node.names])
    return names & set(modules())


def _from(module: str, names: list[str]) -> set[str]:
    """Return what `from module import names` imports: modules of ours first, else the package."""
    below = {f"{module}.{name}" for name in names} & set(modules())
    return below if len(below) == len(names) else {*below, module}


def violations(name: str, path: Path) -> list[str]:
    """Return what a module imports against the table."""
    room = room_of(name)
    allowed = allowed_for(room)
    if allowed == ALL:
        return []
    rooms = {other: room_of(other) for other in imported(path)}
    return sorted(o for o, its_room in rooms.items() if its_room not in {room, *allowed})


@pytest.mark.parametrize("name", list(modules()))
def test_every_module_keeps_to_the_table(name: str) -> None:
    assert not violations(name, modules()[name])


def test_every_package_has_a_row_and_every_row_a_package() -> None:
    rooms = {room_of(name) for name in modules()}
    assert set(MAY_IMPORT) - {"methods.*"} <= rooms
    assert all(allowed_for(room) is not None for room in rooms)


def test_a_broken_rule_is_found(tmp_path: Path) -> None:
    scratch = tmp_path / "scratch.py"
    scratch.write_text("def f():\n    from bench.report import leaderboard\n")
    assert violations("bench.store.scratch", scratch) == ["bench.report.leaderboard"]
    assert violations("methods.ddpm.scratch", scratch) == ["bench.report.leaderboard"]
    assert violations("bench.cli.scratch", scratch) == []


def test_the_root_of_bench_holds_the_interface_and_the_registry_alone() -> None:
    here = {path.name for path in (ROOT / "bench").iterdir() if path.is_file()}
    assert here <= {"__init__.py", "__main__.py", "plugins.py", "py.typed"}


@pytest.mark.parametrize("package", [n for n, p in modules().items() if p.name == "__init__.py"])
def test_every_package_says_what_lives_there(package: str) -> None:
    assert ast.get_docstring(ast.parse(modules()[package].read_text(encoding="utf-8")))


def test_no_two_public_classes_have_one_name() -> None:
    places: dict[str, list[str]] = {}
    for module, path in modules().items():
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places.setdefault(node.name, []).append(module)
    assert {name: where for name, where in places.items() if len(where) > 1} == {}


def words(path: Path, *, help_texts: bool) -> str:
    """Return a module's code; without its docstrings unless they are the help of commands."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    documented = ast.Module | ast.ClassDef | ast.FunctionDef
    for node in ast.walk(tree):
        if isinstance(node, documented) and ast.get_docstring(node) and not help_texts:
            node.body[0] = ast.Pass()
    return ast.unparse(tree)


# Methods whose names are words of the harness itself: a layout of files is called lama, and what
# `bench fill` does with a network is one of bench.filling.
ORDINARY_WORDS = {"command", "lama", "windowed"}


def method_names_in(path: Path, *, help_texts: bool) -> set[str]:
    """Return the registered methods that a module's code names, as words."""
    code = words(path, help_texts=help_texts)
    names = METHODS.keys() - ORDINARY_WORDS
    return {name for name in names if re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", code)}


@pytest.mark.parametrize("name", [n for n in modules() if n.split(".")[0] == "bench"])
def test_no_module_of_bench_names_a_method(name: str) -> None:
    assert not method_names_in(modules()[name], help_texts=name.startswith("bench.cli"))


def test_a_method_that_is_named_is_found(tmp_path: Path) -> None:
    scratch = tmp_path / "scratch.py"
    scratch.write_text('def f():\n    """As telea."""\n    from methods.ddpm import train\n')
    assert method_names_in(scratch, help_texts=False) == {"ddpm"}
    assert method_names_in(scratch, help_texts=True) == {"ddpm", "telea"}


@pytest.mark.parametrize("name", [n for n in modules() if n != "bench.api.seeds"])
def test_randomness_comes_from_bench_seeds(name: str) -> None:
    tree = ast.parse(modules()[name].read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        text = ast.unparse(node) if isinstance(node, ast.Attribute | ast.Call) else ""
        if text == "np.random.Generator":  # a type
            continue
        assert not text.startswith(
            ("np.random.", "numpy.random.", "torch.manual_seed", "random.")
        ), f"{name}: {text}"
        assert not text.startswith("hash("), f"{name}: {text}"


HEAVY = (
    "numpy",
    "torch",
    "cv2",
    "scipy",
    "skimage",
    "pandas",
    "matplotlib",
    "numba",
    "lpips",
    "torchvision",
)


@pytest.mark.parametrize("command", [["--help"], ["run", "--help"], ["list"]])
def test_light_commands_import_nothing_heavy(command: list[str]) -> None:
    code = (
        "import sys\n"
        "from bench.cli import cli\n"
        f"cli.main(args={command!r}, standalone_mode=False)\n"
        f"print('HEAVY', [m for m in {HEAVY!r} if m in sys.modules])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout.rstrip().endswith("HEAVY []"), done.stdout[-300:]
