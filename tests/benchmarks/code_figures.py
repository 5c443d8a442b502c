"""Measure the code of bench/, methods/ and masks/: length, complexity, untyped dictionaries.

python tests/benchmarks/code_figures.py [CHECKOUT]

Complexity is ruff's C901 (McCabe), which reads docstrings, nested functions and comprehensions as
radon does not.  A function's length is from its `def` to its last line, docstring included.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

PACKAGES = ("bench", "methods", "masks")
LONGEST_FUNCTION, LONGEST_FILE, MOST_COMPLEX = 40, 250, 10
UNTYPED = re.compile(r"(?:dict|Mapping)\[str, Any\]")


def long_functions(path: Path) -> list[str]:
    """Return the functions of a file that are longer than LONGEST_FUNCTION lines."""
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    functions = [n for n in nodes if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
    lengths = [(f.name, (f.end_lineno or f.lineno) - f.lineno + 1) for f in functions]
    return [f"{path}: {name}, {n} lines" for name, n in lengths if n > LONGEST_FUNCTION]


def complex_functions(root: Path) -> list[str]:
    """Return ruff's line on each function of complexity above MOST_COMPLEX."""
    option = f"lint.mccabe.max-complexity={MOST_COMPLEX}"
    options = ("--isolated", "--select", "C901", "--config", option, "--output-format", "concise")
    command = [sys.executable, "-m", "ruff", "check", *options, *PACKAGES]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    return [line for line in done.stdout.splitlines() if "C901" in line]


def main(root: Path) -> None:
    """Print every figure and what it counts."""
    files = [path for package in PACKAGES for path in sorted((root / package).rglob("*.py"))]
    texts = {path: path.read_text(encoding="utf-8") for path in files}
    lengths = {path: text.count("\n") for path, text in texts.items()}
    figures = {
        f"functions over {LONGEST_FUNCTION} lines": [f for p in files for f in long_functions(p)],
        f"files over {LONGEST_FILE} lines": [
            f"{path}: {n} lines" for path, n in lengths.items() if n > LONGEST_FILE
        ],
        f"functions of complexity over {MOST_COMPLEX}": complex_functions(root),
        "dict[str, Any] and Mapping[str, Any]": [
            f"{path}: {n}" for path, text in texts.items() for n in UNTYPED.findall(text)
        ],
    }
    for title, items in figures.items():
        print(f"{title}: {len(items)}")
        print("".join(f"    {item}\n" for item in items), end="")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT)
