"""The files for the next maintainer say what the code says."""

from __future__ import annotations

import ast
import re
import tomllib

import pytest
import yaml

from bench import api
from bench.api import offers as offers_module
from masks import MASKS
from methods import METHODS
from tests.conftest import ROOT, Bench


def test_one_version_everywhere(bench: Bench) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    assert citation["version"] == project["version"]
    assert citation["license"] == project["license"]
    assert bench("--version").stdout == f"bench, version {project['version']}\n"
    assert f"\n## {project['version']}\n" in (ROOT / "CHANGELOG.md").read_text("utf-8")


def test_contributing_has_the_sentence_of_every_package() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    sentences = dict(re.findall(r"^\| `(bench/\w+)` \| (.*) \|$", text, re.M))
    packages = [path.parent for path in (ROOT / "bench").glob("*/__init__.py")]
    docstrings = {
        f"bench/{folder.name}": ast.get_docstring(ast.parse((folder / "__init__.py").read_text()))
        for folder in packages
    }
    assert sentences == {
        name: " ".join(str(text).split("\n\n")[0].split()) for name, text in docstrings.items()
    }


def test_contributing_names_every_protocol_of_plugins() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    named = set(re.findall(r"`(\w+)`", text)) & set(dir(api))
    offers = {n: getattr(api, n) for n in dir(api) if hasattr(offers_module, n)}
    protocols = {n for n, one in offers.items() if getattr(one, "_is_runtime_protocol", False)}
    assert len(protocols) >= 12
    assert protocols <= named


@pytest.mark.parametrize(("page", "registry"), [("masks", MASKS), ("methods", METHODS)])
def test_the_pages_of_plugins_name_each_with_a_picture_that_is_there(
    page: str, registry: dict[str, str]
) -> None:
    text = (ROOT / page / "README.md").read_text("utf-8")
    assert set(registry) <= set(re.findall(r"^\| `([\w-]+)`", text, re.M))
    pictures = re.findall(r"\]\(\.\./(docs/[^)]*\.png)\)", text)
    assert len(pictures) >= 7
    assert all((ROOT / picture).is_file() for picture in pictures)
