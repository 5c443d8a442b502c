"""What holds for every family: purity, no empty and no full hole, the same bytes everywhere."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from bench import plugins
from bench.api import MaskGenerator, RequestError
from bench.plan import request
from bench.report.protocol import load_protocol, protocol_names
from masks import MASKS

DRAWN = sorted(set(MASKS) - {"folder", "nvidia"})
PRESETS = [f"{family}:preset=512" for family in DRAWN if family.startswith(("lama", "mat"))]
GOLDEN = Path(__file__).parent.parent / "golden" / "masks.json"
ROOT = Path(__file__).parent.parent.parent

HASHES = """
import hashlib, json, sys
from bench import plugins
hashes = {}
for spec in json.loads(sys.argv[1]):
    digest = hashlib.sha256()
    for height, width, seed in ((64, 64, 0), (64, 64, 1), (48, 80, 2), (256, 256, 3)):
        digest.update(plugins.mask(spec)(height, width, seed).numpy().tobytes())
    hashes[spec] = digest.hexdigest()
print(json.dumps(hashes))
"""


@pytest.mark.parametrize("spec", DRAWN + PRESETS)
def test_a_hole_is_a_pure_function_of_size_and_seed(spec: str) -> None:
    generator = plugins.mask(spec)
    assert isinstance(generator, MaskGenerator)
    first = generator(40, 56, 7)
    generator(40, 56, 8)
    again = plugins.mask(spec)(40, 56, 7)
    assert first.shape == (1, 40, 56)
    assert first.dtype == torch.bool
    assert torch.equal(first, again)


@pytest.mark.parametrize(
    "spec",
    sorted(set(DRAWN) - {"center-box", "half", "expand", "alternating-lines", "super-resolve"}),
)
def test_seeds_matter(spec: str) -> None:
    generator = plugins.mask(spec)
    assert len({generator(64, 64, seed).numpy().tobytes() for seed in range(12)}) > 2


@pytest.mark.parametrize("spec", DRAWN + PRESETS)
@settings(max_examples=12, deadline=None)
@given(height=st.integers(8, 90), width=st.integers(8, 90), seed=st.integers(0, 2**63 - 1))
def test_never_empty_never_full(spec: str, height: int, width: int, seed: int) -> None:
    hole = plugins.mask(spec)(height, width, seed)
    assert hole.shape == (1, height, width)
    assert hole.any()
    assert not hole.all()


@pytest.mark.parametrize("spec", DRAWN)
def test_too_small_an_image_is_refused(spec: str) -> None:
    with pytest.raises(RequestError, match="7x20 pixels: each side must be at least 8"):
        plugins.mask(spec)(7, 20, 0)


def test_the_same_bytes_in_a_new_process_and_as_recorded() -> None:
    # A changed hash is a changed hole: bump the family's version and write the new one here.
    known = json.loads(GOLDEN.read_text())
    done = subprocess.run(
        [sys.executable, "-c", HASHES, json.dumps(DRAWN + PRESETS)],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": "1"},
    )
    assert json.loads(done.stdout) == known


def test_the_goldens_are_of_this_process_too() -> None:
    digest = hashlib.sha256()
    for height, width, seed in ((64, 64, 0), (64, 64, 1), (48, 80, 2), (256, 256, 3)):
        digest.update(plugins.mask("free-form")(height, width, seed).numpy().tobytes())
    assert digest.hexdigest() == json.loads(GOLDEN.read_text())["free-form"]


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("lama-thin:preset=128", "preset=128 is not one of 256, 512"),
        ("mat-large:preset=1", "preset=1 is not one of 256, 512"),
        ("irregular:bin=60-70", "'60-70' is not one of any, 1-10"),
        ("irregular:border=maybe", "'maybe' is not one of any, touching, free"),
        ("center-box:side=3", "Unknown parameter 'side'"),
    ],
)
def test_bad_parameters(spec: str, message: str) -> None:
    with pytest.raises(RequestError, match=message):
        plugins.mask(spec)


@pytest.mark.parametrize("family", [f.partition(":")[0] for f in PRESETS])
def test_a_preset_follows_the_size_unless_it_is_given(family: str) -> None:
    for size, preset in ((64, 256), (256, 256), (361, 256), (363, 512), (512, 512), (1024, 512)):
        mask = request.load_mask(family, size)
        assert plugins.label(mask) == f"{family}:preset={preset}"
        assert torch.equal(mask(size, size, 1), plugins.mask(family)(size, size, 1))
        other = request.load_mask(f"{family}:preset={768 - preset}", size)
        assert plugins.label(other) == f"{family}:preset={768 - preset}"
    assert plugins.label(request.load_mask(family, None)) == family


@pytest.mark.parametrize("name", protocol_names())
def test_the_presets_of_a_protocol_are_those_of_its_size(name: str) -> None:
    protocol = load_protocol(name)
    masks = [text for text in protocol.masks.values() if not text.startswith("nvidia:")]
    for text in masks:
        assert plugins.label(request.load_mask(text, protocol.size)) == text
        family = text.partition(":")[0]
        assert request.load_mask(family, protocol.size) == plugins.mask(text)


def test_listing_the_masks_imports_no_torch() -> None:
    code = (
        "import importlib, sys\nfrom masks import MASKS\n"
        "for target in MASKS.values(): importlib.import_module(target.partition(':')[0])\n"
        "print(sorted({'torch', 'cv2', 'scipy', 'numba', 'skimage'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout.strip() == "[]"
