"""Checkpoints and weights: written whole, and read without running their pickles."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
import torch
from torch import nn

from bench.api import RequestError
from methods.common import checkpoints


def test_a_failed_write_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "checkpoint.pt"
    checkpoints.save_checkpoint(path, {"step": 1})

    def broken(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "no space left")

    monkeypatch.setattr(os, "fsync", broken)
    with pytest.raises(OSError, match="no space"):
        checkpoints.save_checkpoint(path, {"step": 2})
    monkeypatch.undo()
    assert checkpoints.load_checkpoint(path) == {"step": 1}
    assert list(tmp_path.iterdir()) == [path]


class Evil:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("true",)


def test_pickles_with_more_than_tensors_are_refused(tmp_path: Path) -> None:
    torch.save({"weight": Evil()}, tmp_path / "evil.pt")
    with pytest.raises(RequestError, match="refused: not a plain file of tensors"):
        checkpoints.load_weights(tmp_path / "evil.pt")
    torch.save(nn.Linear(2, 2), tmp_path / "module.pt")
    with pytest.raises(RequestError, match="refused: not a plain file of tensors"):
        checkpoints.load_weights(tmp_path / "module.pt")
    torch.save({"state_dict": {"weight": torch.zeros(2)}}, tmp_path / "nested.pt")
    with pytest.raises(RequestError, match=r"no tensors \(state_dict\)"):
        checkpoints.load_weights(tmp_path / "nested.pt")
    (tmp_path / "noise.pt").write_bytes(b"no checkpoint at all")
    with pytest.raises(RequestError, match=r"noise\.pt is refused"):
        checkpoints.load_weights(tmp_path / "noise.pt")
    (tmp_path / "short.safetensors").write_bytes(b"abc")
    with pytest.raises(RequestError, match="not a whole safetensors file"):
        checkpoints.load_weights(tmp_path / "short.safetensors")
    with pytest.raises(RequestError, match="does not exist"):
        checkpoints.load_weights(tmp_path / "none.pt")


def test_weights_survive_safetensors(tmp_path: Path) -> None:
    tensors = {"a": torch.arange(6.0).reshape(2, 3).T, "b": torch.ones(2, dtype=torch.float16)}
    checkpoints.save_weights(tmp_path / "w.safetensors", tensors, {"k": "v"})
    loaded = checkpoints.load_weights(tmp_path / "w.safetensors")
    assert loaded.keys() == tensors.keys()
    assert all(torch.equal(loaded[k], tensors[k]) for k in tensors)
    assert loaded["b"].dtype == torch.float16
