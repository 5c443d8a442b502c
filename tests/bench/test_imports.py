"""Who may import whom, randomness only from bench.seeds, and nothing heavy early."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PLUGIN_LAYER = {"bench.api", "bench.seeds", "bench.imaging", "bench.files"}
TOP_LAYER = {"bench.cli"}
DRIVERS = {
    "runner",
    "executors",
    "score",
    "report",
    "campaign",
    "cli",
    "worker",
    "store",
    "request",
}


def modules() -> dict[str, Path]:
    found = {}
    for package in ("bench", "methods", "masks"):
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imported(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module)
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names & set(modules())


@pytest.mark.parametrize("name", [n for n in modules() if n.split(".")[0] in {"methods", "masks"}])
def test_plugins_know_the_lowest_layer_alone(name: str) -> None:
    package, *rest = name.split(".")
    allowed = PLUGIN_LAYER | {"bench"}
    for other in imported(modules()[name]):
        other_package, *other_rest = other.split(".")
        own = other_package == package and (
            package == "masks"
            or not other_rest
            or other_rest[0] in {*rest[:1], "common", "weights"}
        )
        assert own or other in allowed, f"{name} imports {other}"


@pytest.mark.parametrize(
    "name", [n for n in modules() if n.startswith(("bench.metrics", "bench.datasets"))]
)
def test_metrics_and_datasets_do_not_know_the_runner(name: str) -> None:
    for other in imported(modules()[name]):
        assert other.split(".")[1:2] not in [[d] for d in DRIVERS], f"{name} imports {other}"


def test_only_the_command_line_imports_the_command_line() -> None:
    for name, path in modules().items():
        assert not imported(path) & TOP_LAYER, name


def test_the_runner_names_no_plugin() -> None:
    names = json.loads(
        subprocess.run(
            [
                sys.executable,
                "-c",
                "import json, methods, masks; print(json.dumps([*methods.METHODS, *masks.MASKS]))",
            ],
            capture_output=True,
            text=True,
            check=True,
            cwd=ROOT,
        ).stdout
    )
    for module in ("runner", "worker", "executors", "score", "spec", "store"):
        strings = {
            node.value
            for node in ast.walk(ast.parse((ROOT / "bench" / f"{module}.py").read_text()))
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
        }
        assert not strings & (set(names) - {"folder"}), module


@pytest.mark.parametrize("name", [n for n in modules() if n != "bench.seeds"])
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
