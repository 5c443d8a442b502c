"""From text to plug-ins: types, lists, paths, and one-line errors that say what is allowed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pytest
import torch

from bench import plugins
from bench.api import (
    BuildsGallery,
    Explains,
    HasPrecision,
    PairedMasks,
    RequestError,
    Trains,
    added_later,
    is_exact,
    stated,
)
from methods import METHODS


def test_parameters_are_typed() -> None:
    assert plugins.parameters(plugins.method("telea:radius=5")) == {"radius": 5.0}
    assert plugins.label(plugins.method("telea:radius=5")) == "telea:radius=5.0"
    assert plugins.label(plugins.method("telea")) == "telea"
    assert plugins.method("telea", radius=2.0) == plugins.method("telea:radius=2")


@pytest.mark.parametrize(
    ("texts", "items"),
    [
        (("ddpm:steps=50,jump_samples=5,telea",), ["ddpm:steps=50,jump_samples=5", "telea"]),
        (("a,b", "c"), ["a", "b", "c"]),
        (("folder:x,center-box",), ["folder:x", "center-box"]),
        (("folder:x,name=X,folder:y",), ["folder:x,name=X", "folder:y"]),
        (("telea:radius=2,telea:radius=3",), ["telea:radius=2", "telea:radius=3"]),
        (
            ("telea,windowed:ddpm:steps=3,eta=1,glcic",),
            ["telea", "windowed:ddpm:steps=3,eta=1", "glcic"],
        ),
        ((" a , b ",), ["a", "b"]),
    ],
)
def test_lists(texts: tuple[str, ...], items: list[str]) -> None:
    assert plugins.split_list(texts) == items


def test_a_path_in_a_list_keeps_its_commas_where_it_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a,b").mkdir()
    text = "folder:a,b,polarity=keep-white,half,net:path=a,b,steps=2"
    items = ["folder:a,b,polarity=keep-white", "half", "net:path=a,b,steps=2"]
    assert plugins.split_list([text]) == items


@pytest.mark.parametrize(
    ("kind", "spec", "message"),
    [
        ("method", "patchmach", "Unknown method 'patchmach'. Did you mean 'patchmatch'?"),
        ("mask", "center-bx", "Did you mean 'center-box'?"),
        ("dataset", "foto", "Known: "),
        ("metric", "lpip", "Did you mean 'lpips'?"),
        ("method", "telea:radios=3", "Unknown parameter 'radios'. Did you mean 'radius'?"),
        ("method", "telea:radius=three", "radius='three' is not of type float"),
        ("method", "telea:radius", "'radius' is not key=value"),
        ("method", "telea:radius=0", "not in (0, 100]"),
        ("method", "no.such.module:Thing", "Cannot load the method 'no.such.module:Thing'"),
        ("method", "pathlib.x:Path", "Cannot load the method"),
        ("method", "collections.abc:Mapping", "is not a dataclass"),
        ("mask", "center-box:x=1", "Unknown parameter 'x'"),
        ("method", "windowed", "it uses another method. Write windowed:NAME."),
        ("method", "windowed:ddmp", "Unknown method 'ddmp'. Did you mean 'ddpm'?"),
        ("method", "windowed:ddpm:stops=3", "Unknown parameter 'stops'. Did you mean 'steps'?"),
        ("method", "windowed:telea", "telea sees whole images at any size; leave windowed: out"),
        ("method", "", "Unknown method ''"),
        ("method", "torchscript", "path is required. Write NAME:PATH."),
        ("method", "torchscript:polarity=keep", "path is required. Write NAME:PATH."),
        ("mask", "folder", "path is required. Write NAME:PATH."),
    ],
)
def test_a_wrong_spec_is_one_line(kind: str, spec: str, message: str) -> None:
    with pytest.raises(RequestError) as error:
        plugins.resolve(kind, spec)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_the_python_api_completes_an_image() -> None:
    visible = torch.full((1, 3, 16, 16), 128 / 255)
    hole = torch.zeros(1, 1, 16, 16, dtype=torch.bool)
    hole[..., 4:8, 4:8] = True
    completed = plugins.method("telea").load("cpu")(visible * ~hole, hole, [0])
    assert torch.allclose(completed, visible, atol=1 / 255)
    assert plugins.mask("center-box")(16, 16, 0).sum() == 64
    assert plugins.dataset("photos", size=64).load("astronaut-0").shape == (3, 64, 64)
    assert float(plugins.metric("l1")(visible, visible, hole)) == 0.0


def test_a_positional_path_is_literal(tmp_path: Path) -> None:
    folder = tmp_path / "with, comma=and equals"
    folder.mkdir()
    dataset = plugins.dataset(f"folder:{folder}")
    assert dataset.path == folder  # type: ignore[attr-defined]


def test_a_path_can_be_given_with_its_key(tmp_path: Path) -> None:
    folder = tmp_path / "a,b"
    folder.mkdir()
    plain = plugins.dataset(f"folder:{folder},size=64")
    assert plugins.dataset(f"folder:path={folder},size=64") == plain
    assert plugins.dataset(f"folder:size=64,path={tmp_path}").path == tmp_path  # type: ignore[attr-defined]


def test_other_parameters_need_no_path_before_them() -> None:
    method = plugins.method("scenecompletion:rank=2,candidates=50")
    assert plugins.label(method) == "scenecompletion:rank=2,candidates=50"


def test_paths_do_not_enter_the_identity(images: Path) -> None:
    assert "path" not in plugins.parameters(plugins.dataset(f"folder:{images}"))


@dataclass(frozen=True)
class Before:
    """A plug-in as it was."""

    name: ClassVar[str] = "sharpen"
    radius: float = 2.0


@dataclass(frozen=True)
class After(Before):
    """The same with a parameter more."""

    strength: float = added_later(1.0)


def test_a_parameter_added_later_enters_the_identity_where_it_is_set() -> None:
    assert plugins.parameters(After()) == plugins.parameters(Before()) == {"radius": 2.0}
    assert plugins.label(After()) == "sharpen"
    assert plugins.parameters(After(strength=0.5)) == {"radius": 2.0, "strength": 0.5}
    assert plugins.label(After(strength=0.5)) == "sharpen:strength=0.5"
    assert stated(After()) == {"radius": 2.0}
    assert stated(After(strength=0.5)) == {"radius": 2.0, "strength": 0.5}


def test_what_a_method_offers_is_found_by_protocol() -> None:
    explained = ["telea", "navier-stokes", "biharmonic", "patchmatch", "scenecompletion"]
    assert plugins.offering("method", Explains) == [*explained, "ddpm", "glcic"]
    assert plugins.offering("method", Trains) == ["ddpm", "glcic"]
    assert plugins.offering("method", BuildsGallery) == ["scenecompletion"]
    assert set(plugins.offering("mask", PairedMasks)) >= {"folder"}


PEERS = ("pypatchmatch", "patchmatch-cython")


def test_methods_without_a_network_promise_the_same_bytes() -> None:
    classes = {name: plugins.find_class("method", name)[0] for name in METHODS}
    exact = {name for name, plugin_class in classes.items() if is_exact(plugin_class)}
    assert exact == {
        "telea",
        "navier-stokes",
        "biharmonic",
        "patchmatch",
        "scenecompletion",
        *PEERS,
    }
    assert is_exact(plugins.method("telea"))
    assert not is_exact(object())


def test_the_precision_reaches_methods_that_have_one() -> None:
    assert isinstance(plugins.method("ddpm"), HasPrecision)
    assert not isinstance(plugins.method("telea"), HasPrecision)
