"""Broken methods, masks and datasets: each costs its own images, with one line that says why."""

from __future__ import annotations

from pathlib import Path
from typing import NoReturn

import pytest
from PIL import Image

from bench.api import RequestError
from bench.complete import worker
from bench.plan.spec import hole_seed
from bench.store.directory import RunDirectory
from tests.conftest import write_images
from tests.faults.running import PLUGINS, go, kept, make_runs, mark

METHOD_FAULTS = {
    "raise": "KeyError: 'no such thing\\nin two lines'",
    "memory": "out of memory",
    "nan": "the output holds values that are not finite",
    "infinite": "the output holds values that are not finite",
    "bytes": "returned torch.uint8, not float32",
    "bool": "returned torch.bool, not float32",
    "complex": "returned torch.complex64, not float32",
    "shape": "returned (1, 3, 8, 16), not an image of shape (1, 3, 16, 16)",
    "channels": "returned (1, 1, 16, 16), not",
    "flat": "returned (3, 16, 16), not",
    "none": "returned NoneType, not",
    "numpy": "returned ndarray, not",
    "nan-notes": "its notes are no strict JSON",
    "odd-notes": "its notes are no strict JSON",
}


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """Eight images, of which 003 is black in the corner: what Picky stumbles over."""
    folder = write_images(tmp_path / "images", 8, 16)
    with Image.open(folder / "003.png") as image:
        dark = image.copy()
    dark.paste((0, 0, 0), (0, 0, 2, 2))
    dark.save(folder / "003.png")
    return folder


@pytest.mark.parametrize("fault", METHOD_FAULTS)
def test_a_broken_method_costs_the_images_it_breaks_on(
    fault: str, images: Path, tmp_path: Path
) -> None:
    calm = kept(go(make_runs(f"{PLUGINS}:Mean", "center-box", images), tmp_path / "c").path)
    requested = make_runs(f"{PLUGINS}:Picky:fault={fault}", "center-box", images)
    result = go(requested, tmp_path / "out")
    lost = ["000", "001", "002", "003"] if fault == "memory" else ["003"]
    assert list(result.failed) == lost  # out of memory: the batch was halved once, no more
    assert METHOD_FAULTS[fault] in result.failed["003"]
    assert "\n" not in result.failed["003"]
    for name, sha256 in kept(result.path).items():
        assert name == "scores.csv" or calm[name] == sha256
    assert result.summary.n == 8 - len(lost)
    assert not result.summary.complete


def test_a_batch_too_large_for_the_memory_is_halved(images: Path, tmp_path: Path) -> None:
    requested = make_runs(f"{PLUGINS}:Picky:fault=memory-of-batches", "center-box", images)
    result = go(requested, tmp_path / "out", batch_size=8)
    assert result.failed == {}
    plain = go(make_runs(f"{PLUGINS}:Mean", "center-box", images), tmp_path / "plain")
    assert kept(result.path) == kept(plain.path)


def test_too_few_notes_are_an_error_of_the_batch(images: Path, tmp_path: Path) -> None:
    requested = make_runs(f"{PLUGINS}:Picky:fault=few-notes", "center-box", images)
    result = go(requested, tmp_path / "out", batch_size=8)
    assert result.summary.n + len(result.failed) == 8


def test_errors_are_tried_again(images: Path, tmp_path: Path) -> None:
    requested = make_runs(f"{PLUGINS}:Picky:fault=raise", "center-box", images)
    go(requested, tmp_path / "out")
    again = go(requested, tmp_path / "out")
    assert (again.n_new, list(again.failed)) == (0, ["003"])


def test_a_method_that_cannot_be_loaded_is_one_line(images: Path, tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="'unloadable' cannot be loaded") as raised:
        go(make_runs(f"{PLUGINS}:Unloadable", "center-box", images), tmp_path / "out")
    assert "\n" not in str(raised.value)
    assert "size mismatch" in str(raised.value)
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize("data", [b"", b"no network", b"PK\5\6" + bytes(18), b"PK\3\4" * 99])
def test_a_file_that_is_no_network_is_one_short_line(
    data: bytes, images: Path, tmp_path: Path
) -> None:
    path = tmp_path / "network.pt"
    path.write_bytes(data)
    with pytest.raises(RequestError, match=r"network\.pt is no TorchScript file \(") as raised:
        go(make_runs(f"torchscript:{path}", "center-box", images), tmp_path / "out")
    assert str(raised.value).endswith("; give one that torch.jit.save wrote.")
    assert len(str(raised.value)) < len(str(path)) + 150
    assert list((tmp_path / "out").iterdir()) == []


def test_what_was_done_stays_when_the_method_cannot_be_loaded_again(
    images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    requested = make_runs("telea", "center-box", images)
    path = go(requested, tmp_path / "out").path
    before = kept(path)
    (path / "images/output/003.png").unlink()

    def refuse(*_: object) -> NoReturn:
        raise RequestError("no weights")

    monkeypatch.setattr(worker, "_load", refuse)
    with pytest.raises(RequestError, match="no weights"):
        go(requested, tmp_path / "out")
    monkeypatch.undo()
    assert go(requested, tmp_path / "out").n_new == 1
    assert kept(path) == before


@pytest.mark.slow
def test_a_method_that_hangs_is_stopped_and_a_method_that_exits_is_named(
    images: Path, tmp_path: Path
) -> None:
    marks = tmp_path / "marks"
    (run,) = make_runs(f"{PLUGINS}:Hangs:folder={marks}", "center-box", images)
    mark(run, ["005"], marks)
    result = go([run], tmp_path / "out", timeout=5.0, batch_size=2)
    assert result.failed == {"005": "timed out after 5 s (--timeout)"}
    assert result.summary.n == 7
    (marks / next(marks.iterdir())).unlink()
    assert go([run], tmp_path / "out", timeout=5.0, batch_size=2).failed == {}


MASK_FAULTS = {
    "raise": "ZeroDivisionError: division by zero",
    "empty": "0 of 256 pixels",
    "full": "256 of 256 pixels",
    "float": "gave torch.float32; a hole is a bool tensor",
    "flat": "of shape (16, 16)",
    "numpy": "gave ndarray; a hole is a bool tensor",
    "none": "gave NoneType; a hole is a bool tensor",
    "facts": "its notes are no strict JSON",
}


@pytest.mark.parametrize("fault", MASK_FAULTS)
def test_a_broken_mask_is_refused_before_anything_runs(
    fault: str, images: Path, tmp_path: Path
) -> None:
    requested = make_runs("telea", f"{PLUGINS}:OddMask:fault={fault}", images, limit=3)
    with pytest.raises(RequestError, match="Cannot draw the hole of image '000'") as raised:
        go(requested, tmp_path / "out")
    assert MASK_FAULTS[fault] in str(raised.value)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("raise", "KeyError: '2'"),
        ("shape", "an image of shape (16, 16), not (3, H, W)"),
        ("nan", "values that are not finite"),
    ],
)
def test_a_broken_dataset_costs_its_image(fault: str, message: str, tmp_path: Path) -> None:
    requested = make_runs("telea", "center-box", f"{PLUGINS}:OddNames:fault={fault}")
    result = go(requested, tmp_path / "out")
    assert list(result.failed) == ["2"]
    assert message in result.failed["2"]
    assert len(RunDirectory(result.path).records()) == 6


@pytest.mark.parametrize("fault", MASK_FAULTS)
def test_a_mask_that_breaks_on_some_images_costs_them(
    fault: str, images: Path, tmp_path: Path
) -> None:
    mask = f"{PLUGINS}:OddMask:fault={fault}"
    (run,) = make_runs("telea", mask, images, limit=3)
    mask += f",spares={hole_seed(run, '000')}"
    result = go(make_runs("telea", mask, images, limit=3), tmp_path / "out")
    assert list(result.failed) == ["001", "002"]
    for error in result.failed.values():
        assert error.startswith("cannot draw the hole: ")
        assert MASK_FAULTS[fault] in error
    assert result.summary.n == 1
