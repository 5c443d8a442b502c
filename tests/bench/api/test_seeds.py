"""Seeds: identities in, the same numbers on every machine out."""

from __future__ import annotations

import subprocess
import sys

import torch

from bench.api.seeds import NoiseStreams, derive_seed, numpy_stream


def test_a_seed_is_a_fixed_function_of_the_identity() -> None:
    assert derive_seed("hole", "hybrid", "astronaut-0", 0) == 4970962885705298814


def test_seeds_are_63_bit_and_differ_with_every_part() -> None:
    seeds = {derive_seed("m", name, k) for name in ("a", "b", "a,b") for k in range(100)}
    assert len(seeds) == 300
    assert all(0 <= s < 2**63 for s in seeds)
    assert derive_seed("1") != derive_seed(1)


def test_a_seed_is_the_same_in_another_process() -> None:
    code = "from bench.api.seeds import derive_seed; print(derive_seed('x', 7))"
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(other.stdout) == derive_seed("x", 7)


def test_noise_of_a_row_depends_on_its_own_seed_alone() -> None:
    both, alone = NoiseStreams([5, 6]), NoiseStreams([6])
    first, second = both.normal((3, 4)), both.normal((3, 4))
    assert torch.equal(first[1], alone.normal((3, 4))[0])
    assert torch.equal(second[1], alone.normal((3, 4))[0])
    assert not torch.equal(first[0], first[1])
    assert 0 <= float(NoiseStreams([1]).uniform((100,)).min()) < 1


def test_numpy_stream_repeats() -> None:
    assert (
        numpy_stream(3).integers(0, 100, 5).tolist() == numpy_stream(3).integers(0, 100, 5).tolist()
    )
