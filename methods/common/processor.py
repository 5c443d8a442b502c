"""What this processor and this torch can do, dtype by dtype: asked of torch, or tried.

    runs(dtype, device)     convolutions work at all
    packs(dtype)            convolutions take weights that oneDNN laid out once (CPU)
    attends(dtype, device)  torch's own choice of attention kernel works; its plain one always does
    fast(dtype, device)     the hardware multiplies this dtype, which then is faster than float32

Nothing reads the system's files or assumes x86.  Torch's own answers, such as
`torch.ops.mkldnn._is_mkldnn_bf16_supported`, are about the processor and ignore what caps oneDNN
(ONEDNN_MAX_CPU_ISA), so what runs, packs and attends is found by doing it once on a small example.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import cache

import torch
from torch.nn import functional as F
from torch.nn.attention import SDPBackend, sdpa_kernel

from bench.api import PRECISIONS, RequestError

# What torch.cpu.get_capabilities calls the instructions that multiply a dtype, on x86 and on arm64.
INSTRUCTIONS = {
    torch.bfloat16: ("avx512_bf16", "amx_bf16", "bf16", "sve_bf16"),
    torch.float16: ("avx512_fp16", "amx_fp16", "fp16_arith"),
}


@cache
def runs(dtype: torch.dtype, device: str = "cpu", *, onednn: bool = True) -> bool:
    """Return whether torch has a convolution of this dtype on a device, with or without oneDNN."""
    try:
        with torch.no_grad(), _onednn(enabled=onednn):
            return _is_right(F.conv2d(*_example(dtype, device), padding=1))
    except (RuntimeError, TypeError):  # TypeError: a dtype that the device does not know
        return False


@cache
def packs(dtype: torch.dtype) -> bool:
    """Return whether oneDNN's convolutions with weights laid out once work on this processor."""
    if not torch.backends.mkldnn.is_available():
        return False
    x, weight = _example(dtype, "cpu")
    settings = ([1, 1], [1, 1], [1, 1], 1)  # padding, stride, dilation, groups
    try:
        with torch.no_grad():
            reorder: Callable[..., torch.Tensor] = torch._C._nn.mkldnn_reorder_conv2d_weight
            packed = reorder(weight.to_mkldnn(), *settings, list(x.shape))
            convolve = torch.ops.mkldnn._convolution_pointwise
            return _is_right(convolve(x, packed, None, *settings, "none", [], ""))
    except (RuntimeError, AttributeError):  # refused by oneDNN, or a torch without the operators
        return False


@cache
def attends(dtype: torch.dtype, device: str = "cpu") -> bool:
    """Return whether attention works in the kernel that torch takes by itself.

    On an x86 processor with AMX whose other kernels are held to less than AVX-512 (by
    ATEN_CPU_CAPABILITY), torch 2.15 takes a fused bfloat16 kernel that then refuses to run.
    """
    ones = torch.ones(1, 1, 64, 32, dtype=dtype, device=device)
    try:
        with torch.no_grad():
            return bool((F.scaled_dot_product_attention(ones, ones, ones) == 1).all())
    except RuntimeError:
        return False


def fast(dtype: torch.dtype, device: str = "cpu") -> bool:
    """Return whether the hardware multiplies this dtype; what is only emulated is not fast."""
    kind = torch.device(device).type
    if dtype == torch.float32:
        return True
    if kind == "cuda":
        return dtype == torch.float16 or torch.cuda.is_bf16_supported(including_emulation=False)
    if kind != "cpu" or not packs(dtype):
        return False
    instructions = capabilities()
    return any(instructions.get(name, False) for name in INSTRUCTIONS.get(dtype, ()))


@cache
def capabilities() -> Mapping[str, object]:
    """Return what torch says of the processor's instruction sets, by name."""
    if hasattr(torch.cpu, "get_capabilities"):
        return dict(torch.cpu.get_capabilities())
    names = ("avx512_bf16", "amx_tile")  # of an older torch; every AMX processor has bfloat16
    asked = {name: getattr(torch.cpu, f"_is_{name}_supported", lambda: False)() for name in names}
    return {**asked, "amx_bf16": asked["amx_tile"]}


def choose(precision: str, device: str) -> torch.dtype:
    """Return the dtype of "fp32", "bf16" or "auto": bfloat16 where it is fast.

    Raises RequestError for another precision, and where torch cannot compute in it at all.
    """
    if precision not in PRECISIONS:
        raise RequestError(f"precision={precision!r}; allowed: {', '.join(PRECISIONS)}")
    if precision == "auto":
        return torch.bfloat16 if fast(torch.bfloat16, device) else torch.float32
    if precision == "fp32":
        return torch.float32
    if not (runs(torch.bfloat16, device) or runs(torch.bfloat16, device, onednn=False)):
        raise RequestError(
            f"precision=bf16: this torch cannot compute in bfloat16 on {device}; "
            "give precision=fp32."
        )
    return torch.bfloat16


def emulated(dtype: torch.dtype, device: str) -> bool:
    """Return whether a dtype is one that the CPU of this machine computes in without hardware."""
    return torch.device(device).type == "cpu" and not fast(dtype, device)


def in_words(dtype: torch.dtype, device: str) -> str:
    """Return a dtype as the manifest holds it: "bfloat16", or "bfloat16 (emulated)"."""
    name = str(dtype).removeprefix("torch.")
    return f"{name} (emulated)" if emulated(dtype, device) else name


def remark(dtype: torch.dtype, device: str) -> str:
    """Return what a user should know about computing in a dtype on a device; "" for nothing."""
    if not emulated(dtype, device):
        return ""
    name = str(dtype).removeprefix("torch.")
    return f"this processor only emulates {name}: precision=fp32 is faster and more exact"


def announce(asked: str, dtype: torch.dtype, device: str, report: Callable[[str], None]) -> None:
    """Report, as the first line of training, what is unusual about its precision."""
    if asked == "bf16" and dtype == torch.float32:
        report("precision=fp32 instead of the recipe's bf16: this processor only emulates it\n")
    elif said := remark(dtype, device):
        report(f"precision=bf16: {said}\n")


@contextmanager
def backend(dtype: torch.dtype, device: str) -> Iterator[None]:
    """Leave out, inside of this context, what fails in a dtype: oneDNN, fused attention."""
    with ExitStack() as left_out:
        if dtype != torch.float32:
            if not runs(dtype, device):
                left_out.enter_context(_onednn(enabled=False))
            if not attends(dtype, device):
                left_out.enter_context(sdpa_kernel(SDPBackend.MATH))
        yield


@contextmanager
def _onednn(*, enabled: bool) -> Iterator[None]:
    """Allow or forbid oneDNN; `torch.backends.mkldnn.flags` does so too, but warns about TF32."""
    before = torch._C._get_mkldnn_enabled()
    torch._C._set_mkldnn_enabled(enabled and before)
    try:
        yield
    finally:
        torch._C._set_mkldnn_enabled(before)


def _example(dtype: torch.dtype, device: str) -> tuple[torch.Tensor, torch.Tensor]:
    """Return an image (1, 8, 8, 8) and weights (8, 8, 3, 3), all 1: sums are exact in any dtype."""
    x = torch.ones(1, 8, 8, 8, dtype=dtype, device=device)
    weight = torch.ones(8, 8, 3, 3, dtype=dtype, device=device)
    return x.to(memory_format=torch.channels_last), weight


def _is_right(y: torch.Tensor) -> bool:
    """Return whether a 3x3 convolution of the example, padded with 1, is what it must be."""
    return bool((y[0, :, 1:-1, 1:-1] == 72).all())
