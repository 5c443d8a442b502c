"""What a processor can do is found by trying; both answers are tested on every machine."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import torch

from bench import plugins
from bench.api import Completion, RequestError
from bench.api.seeds import torch_stream
from methods.common import processor
from methods.common.images import FixedImages
from methods.ddpm import DDPM
from methods.glcic import GLCIC
from methods.glcic.completer import NetworkCompleter

HALF = (torch.bfloat16, torch.float16)


@pytest.fixture(autouse=True)
def _forget() -> None:
    """Let no test see what another has found: the answers are kept for a process's life."""
    for asked in (processor.runs, processor.packs, processor.attends, processor.capabilities):
        asked.cache_clear()


@pytest.mark.parametrize("dtype", [torch.float32, *HALF])
def test_what_it_says_of_packing_is_so(dtype: torch.dtype) -> None:
    weight = torch.ones(8, 8, 1, 1, dtype=dtype)
    x = torch.ones(1, 8, 4, 4, dtype=dtype)

    def pack() -> torch.Tensor:
        ones = [1, 1]
        packed = torch._C._nn.mkldnn_reorder_conv2d_weight(
            weight.to_mkldnn(), [0, 0], ones, ones, 1, list(x.shape)
        )
        settings = [0, 0], ones, ones, 1
        return torch.ops.mkldnn._convolution_pointwise(x, packed, None, *settings, "none", [], "")

    if processor.packs(dtype):
        assert (pack() == 8).all()
    else:
        with pytest.raises((RuntimeError, AttributeError)):
            pack()


def test_float32_always_runs_and_is_never_emulated() -> None:
    assert processor.runs(torch.float32)
    assert processor.runs(torch.float32, onednn=False)
    assert not processor.packs(torch.float64)
    assert not processor.emulated(torch.float32, "cpu")
    assert processor.in_words(torch.float32, "cpu") == "float32"


@pytest.mark.parametrize("dtype", HALF)
@pytest.mark.parametrize("named", [True, False])
@pytest.mark.parametrize("packs", [True, False])
def test_a_dtype_is_fast_where_hardware_multiplies_it_and_onednn_may_use_it(
    dtype: torch.dtype, named: bool, packs: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = processor.INSTRUCTIONS[dtype]
    monkeypatch.setattr(processor, "packs", lambda dtype: packs)
    monkeypatch.setattr(processor, "capabilities", lambda: {names[-1]: named, "avx512_bw": True})
    assert processor.fast(dtype) == (named and packs)
    assert processor.emulated(dtype, "cpu") != (named and packs)
    assert processor.fast(dtype, "mps") is False


def test_an_older_torch_is_asked_in_its_own_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(torch.cpu, "get_capabilities", raising=False)
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: True)
    assert processor.capabilities()["amx_bf16"] is True
    processor.capabilities.cache_clear()
    monkeypatch.delattr(torch.cpu, "_is_amx_tile_supported")
    assert processor.capabilities()["amx_bf16"] is False


def test_a_torch_without_the_operators_packs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(torch._C._nn, "mkldnn_reorder_conv2d_weight", raising=False)
    assert not processor.packs(torch.float32)
    processor.packs.cache_clear()
    monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: False)
    assert not processor.packs(torch.float32)


@pytest.mark.parametrize("fast", [True, False])
def test_precision_by_name(fast: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processor, "fast", lambda dtype, device="cpu": fast)
    assert processor.choose("fp32", "cpu") is torch.float32
    assert processor.choose("bf16", "cpu") is torch.bfloat16
    assert processor.choose("auto", "cpu") is (torch.bfloat16 if fast else torch.float32)
    with pytest.raises(RequestError, match="precision='fp16'; allowed: auto, fp32, bf16"):
        processor.choose("fp16", "cpu")


def test_no_bfloat16_at_all_is_one_line_that_names_fp32(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processor, "runs", lambda dtype, device="cpu", **_: False)
    for name in ("ddpm:sampler=ddnm", "glcic"):
        method = plugins.method(name, precision="bf16")
        with pytest.raises(RequestError, match="cannot compute in bfloat16 on cpu; give precision"):
            method.check_device("cpu")  # type: ignore[attr-defined]
        plugins.method(name).check_device("cpu")  # type: ignore[attr-defined]


def test_where_onednn_refuses_a_dtype_it_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processor, "runs", lambda dtype, device="cpu", onednn=True: not onednn)
    assert processor.choose("bf16", "cpu") is torch.bfloat16
    with processor.backend(torch.bfloat16, "cpu"):
        assert not torch._C._get_mkldnn_enabled()
    with processor.backend(torch.float32, "cpu"):
        assert torch._C._get_mkldnn_enabled()


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_what_it_says_of_attention_is_so(dtype: torch.dtype) -> None:
    query = torch.linspace(-1, 1, 4 * 64 * 32).reshape(1, 4, 64, 32).to(dtype)

    def attend() -> torch.Tensor:
        return torch.nn.functional.scaled_dot_product_attention(query, query, query)

    with processor.backend(dtype, "cpu"):
        plain = attend()
    assert plain.isfinite().all()
    if processor.attends(dtype):
        assert torch.equal(attend(), plain)
    else:
        with pytest.raises(RuntimeError):
            attend()


def test_where_fused_attention_fails_the_plain_one_is_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refused(*_: torch.Tensor) -> torch.Tensor:
        raise RuntimeError("pack_vnni2 is only supported when avx512 is supported")

    with monkeypatch.context() as patched:
        patched.setattr(processor.F, "scaled_dot_product_attention", refused)
        assert not processor.attends(torch.bfloat16, "cpu")
    before = torch.backends.cuda.flash_sdp_enabled()
    with processor.backend(torch.bfloat16, "cpu"):
        assert not torch.backends.cuda.flash_sdp_enabled()
        assert torch.backends.cuda.math_sdp_enabled()
    assert torch.backends.cuda.flash_sdp_enabled() == before


@pytest.mark.parametrize("fast", [True, False])
@pytest.mark.parametrize("attends", [True, False])
@pytest.mark.parametrize("runs", [True, False])
def test_bf16_fills_holes_on_every_processor(
    fast: bool, attends: bool, runs: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    fused = processor.attends
    monkeypatch.setattr(processor, "attends", lambda *asked: attends and fused(*asked))
    real = processor.packs
    monkeypatch.setattr(processor, "packs", lambda dtype: fast and real(dtype))
    monkeypatch.setattr(processor, "fast", lambda dtype, _: fast or dtype == torch.float32)
    able = processor.runs
    monkeypatch.setattr(
        processor,
        "runs",
        lambda dtype, device="cpu", onednn=True: able(dtype, device, onednn=onednn and runs),
    )
    ramp = torch.linspace(0.2, 0.8, 32)
    image = torch.stack(
        [ramp.expand(32, 32), ramp[:, None].expand(32, 32), ramp.flip(0).expand(32, 32)]
    )[None]
    hole = torch.zeros(1, 1, 32, 32, dtype=torch.bool)
    hole[..., 8:24, 8:24] = True
    visible = image.masked_fill(hole, 0)
    for name in ("glcic:", "ddpm:steps=2,jump_samples=1,weights=fashion-mnist-32,"):
        half = plugins.method(f"{name}precision=bf16").load("cpu")
        full = plugins.method(f"{name}precision=fp32").load("cpu")
        assert half.dtype == ("bfloat16" if fast else "bfloat16 (emulated)")  # type: ignore[attr-defined]
        assert bool(half.remark) != fast  # type: ignore[attr-defined]
        assert not full.remark  # type: ignore[attr-defined]
        made = [_image(inpaint(visible, hole, [1])) for inpaint in (half, full)]
        off = (made[0] - made[1]).abs()[hole.expand_as(image)]
        # The mean is no measure: a few pixels that a sampler decides otherwise weigh too much.
        assert 0 < float(off.quantile(0.75)) < 0.05, name


def _image(returned: torch.Tensor | Completion) -> torch.Tensor:
    return returned.image if isinstance(returned, Completion) else returned


def test_auto_never_emulates(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processor, "fast", lambda dtype, device="cpu": dtype == torch.float32)
    loaded = plugins.method("glcic").load("cpu")
    assert isinstance(loaded, NetworkCompleter)
    assert (loaded.dtype, loaded.remark) == ("float32", "")


@pytest.mark.parametrize("method", ["ddpm", "glcic"])
@pytest.mark.parametrize(
    ("fast", "asked", "said"),
    [
        (False, "bf16", "precision=bf16: this processor only emulates bfloat16"),
        (False, "fp32", "step 1/1"),
        (True, "bf16", "step 1/1"),
        (False, "auto", {"ddpm": "step 1/1", "glcic": "precision=fp32 instead of the recipe's"}),
    ],
)
def test_the_first_line_of_training_says_what_is_emulated(
    method: str, fast: bool, asked: str, said: str | dict[str, str], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(processor, "fast", lambda dtype, *_: fast or dtype == torch.float32)
    lines: list[str] = []
    trainer = DDPM.trainer() if method == "ddpm" else GLCIC.trainer()
    config = dataclasses.replace(trainer.recipes["fashion-mnist-32"], batch=2)
    images = torch.randint(0, 256, (4, 32, 32, 3), generator=torch_stream(0), dtype=torch.uint8)
    masks = [plugins.mask("center-box")]
    source = FixedImages(images.numpy())
    trainer.train(
        config, source, tmp_path, holes=masks, steps=1, precision=asked, report=lines.append
    )
    assert lines[0].startswith(said if isinstance(said, str) else said[method])
