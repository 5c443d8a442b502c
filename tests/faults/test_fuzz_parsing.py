"""Hypothesis against everything that parses: specs, lists, manifests, records, journals, masks.

The image reader's fuzzing is in tests/bench/api/test_read_rgb_broken.py.
"""

from __future__ import annotations

import io
import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from bench import plugins
from bench.api import RequestError
from bench.plan import request
from bench.plan.ids import safe_id
from bench.scoring.kept import kept_scores, kept_sets
from bench.store.directory import RunDirectory, file_stem
from bench.store.record import Record
from bench.store.scores import read_scores
from tests.conftest import write_images
from tests.faults.running import go, make_runs

FEW = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
SPECIAL = st.sampled_from([",", ":", "=", "/", "..", "folder:", "path=", "none", "\0", "\n", "'"])
NAMES = st.sampled_from(
    ["telea", "ddpm", "hybrid", "irregular", "photos", "lpips", "radius", "steps", "bin", "size"]
)
TEXT = st.lists(st.one_of(SPECIAL, NAMES, st.text(max_size=5)), max_size=8).map("".join)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)


def attempt(call: Callable[[], Any]) -> tuple[Any, str]:
    """Return what a call gives, or None and the message of its RequestError."""
    try:
        return call(), ""
    except RequestError as error:
        return None, str(error)


@FEW
@given(kind=st.sampled_from(sorted(plugins.KINDS)), text=TEXT)
def test_a_spec_gives_a_plugin_or_one_line(kind: str, text: str) -> None:
    plugin, message = attempt(lambda: plugins.resolve(kind, text))
    assert message or plugins.parameters(plugin) is not None


@FEW
@given(name=st.sampled_from(["telea", "ddpm", "patchmatch", "glcic"]), text=TEXT)
def test_parameters_of_methods_give_a_method_or_one_line(name: str, text: str) -> None:
    spec = f"{name}:{text}"
    method, message = attempt(lambda: plugins.method(spec))
    assert method or message.startswith(f"method {spec!r}: ")


@FEW
@given(texts=st.lists(TEXT, max_size=4))
def test_lists_lose_no_item_and_hold_no_empty_one(texts: list[str]) -> None:
    items = plugins.split_list(texts)
    assert all(items)
    again = "".join(items).replace(",", "")
    assert "".join("".join(texts).split()).replace(",", "") == "".join(again.split())


@FEW
@given(text=TEXT | st.text(alphabet="0123456789,-+. _", max_size=30))
def test_seeds_are_numbers_or_one_line(text: str) -> None:
    seeds, message = attempt(lambda: request.seeds(text))
    assert message.startswith("--seed ") or all(0 <= seed < 2**63 for seed in seeds)


@FEW
@given(image_id=st.text(alphabet=st.characters(exclude_categories=[]), max_size=40) | TEXT)
def test_an_id_stays_inside_or_is_refused(image_id: str) -> None:
    try:
        stem = file_stem(safe_id(image_id))
    except RequestError:
        return
    root = Path("/runs/x/images")
    path = root / f"{stem}.png"
    assert path.is_relative_to(root)
    assert ".." not in path.parts
    assert "\0" not in stem


@FEW
@given(
    ids=st.lists(
        st.lists(st.sampled_from(["a", "a.png", "a.png%", "%", "b" * 250]), min_size=1, max_size=3),
        min_size=2,
        max_size=6,
    )
)
def test_the_files_of_different_ids_never_meet(ids: list[list[str]]) -> None:
    names = {"/".join(parts) for parts in ids}
    files = {f"{file_stem(name)}.png" for name in names}
    assert len(files) == len(names)
    assert not any(other.startswith(f"{file}/") for file in files for other in files)


@FEW
@given(data=st.binary(max_size=60) | VALUES.map(lambda value: json.dumps(value).encode()))
def test_any_manifest_is_read_or_refused_in_one_line(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "manifest.json").write_bytes(data)
        with pytest.raises(RequestError, match="Move the folder away") as raised:
            RunDirectory(Path(folder)).manifest()
        assert "\n" not in str(raised.value).replace("\\n", "")


WHOLE = {
    "id": "x", "image_id": "x", "status": "ok", "sha256": "0", "target_sha256": "0",
    "hole_sha256": "0", "hole_fraction": 0.5,
}  # fmt: skip
LINES = st.one_of(
    st.binary(max_size=40),
    VALUES.map(lambda value: json.dumps(value).encode()),
    st.fixed_dictionaries({}, optional=dict.fromkeys(WHOLE, VALUES)).map(
        lambda changes: json.dumps({**WHOLE, **changes}).encode()
    ),
    st.sampled_from([json.dumps(WHOLE).encode(), b"[" * 5000, b"9" * 5000, b"\xff"]),
)


@FEW
@given(lines=st.lists(LINES, max_size=6))
def test_any_records_are_read_and_only_whole_ones_kept(lines: list[bytes]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        directory = RunDirectory(Path(folder))
        (directory.path / "records.jsonl").write_bytes(b"\n".join(lines))
        directory.drop_torn_line()
        for name, record in directory.records().items():
            assert record.id == name
            assert record.status in {"ok", "error"}
            if record.done:
                hashes = (record.sha256, record.target_sha256, record.hole_sha256)
                assert all(isinstance(value, str) for value in hashes)
        for record in directory.each_record():
            assert not directory.is_done(record)  # its PNGs are not there


@FEW
@given(
    lines=st.lists(LINES | st.just(b'{"id": "x", "sha256": "0", "metric": "l1"}'), max_size=5),
    summary=st.binary(max_size=30) | VALUES.map(lambda value: json.dumps(value).encode()),
)
def test_any_journal_and_summary_are_read(lines: list[bytes], summary: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        (path / "scores.partial.jsonl").write_bytes(b"\n".join(lines))
        (path / "summary.json").write_bytes(summary)
        done = [Record("x", "x", "x", "ok", sha256="0")]
        assert kept_scores(RunDirectory(path), done) == {}
        assert kept_sets(RunDirectory(path), done) == {}
        assert read_scores(path) == {}


@settings(FEW, max_examples=25)
@given(data=st.data())
def test_any_bytes_as_a_mask_give_a_hole_or_one_line(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("masks")
    buffer = io.BytesIO()
    Image.fromarray(np.eye(8, dtype=np.uint8) * 255).save(buffer, "PNG")
    good = bytearray(buffer.getvalue())
    position = data.draw(st.integers(0, len(good) - 1))
    good[position] = data.draw(st.integers(0, 255))
    cut = data.draw(st.sampled_from([len(good), position]))
    (folder / "x.png").write_bytes(data.draw(st.sampled_from([bytes(good[:cut]), b""])))
    mask = plugins.mask(f"folder:{folder},pairing=seed")
    hole, message = attempt(lambda: mask(8, 8, 1))
    assert "\n" not in message
    assert "x.png" in message or 0 < int(hole.sum()) < 64


def test_a_mangled_line_in_the_middle_costs_that_image_alone(tmp_path: Path) -> None:
    images = write_images(tmp_path / "images", 6, 16)
    requested = make_runs("telea", "half", images)
    path = go(requested, tmp_path / "out").path
    records = path / "records.jsonl"
    lines = records.read_bytes().split(b"\n")
    lines[2] = lines[2].replace(b'"sha256"', b'"sha"')
    lines[4] = b"\xff" + lines[4]
    records.write_bytes(b"\n".join(lines))
    assert go(requested, tmp_path / "out").n_new == 2
