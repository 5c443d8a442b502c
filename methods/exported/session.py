"""An ONNX file in onnxruntime: its inputs and outputs, found by name and shape."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from bench.api import RequestError
from methods.exported.conventions import Network

if TYPE_CHECKING:
    import torch

# The input types that images can be converted to.
_TYPES: dict[str, type[np.generic]] = {
    "tensor(float)": np.float32,
    "tensor(float16)": np.float16,
    "tensor(double)": np.float64,
    "tensor(uint8)": np.uint8,
    "tensor(int64)": np.int64,
    "tensor(int32)": np.int32,
    "tensor(bool)": np.bool_,
}
_MASKS = ("mask", "hole")


class Session:
    """A loaded network.

    size: (h, w) of a network that takes one size; None for any.  takes_bytes: whether it takes
    8-bit images.  Uses as many threads as torch in this process, which the run's plan sets.  Raises
    RequestError for a file that is no such network.
    """

    def __init__(
        self, path: Path, provider: str, channels: Literal["auto", "first", "last"]
    ) -> None:
        self._session = _open(path, provider)
        self._inputs = self._session.get_inputs()
        _check_inputs(path, self._inputs)
        shape = self._inputs[0].shape
        self._last = channels == "last" or (channels == "auto" and _is_last(shape))
        sides = shape[1:3] if self._last else shape[2:4]
        fixed = all(isinstance(side, int) and side > 0 for side in sides)
        self.size: tuple[int, int] | None = (sides[0], sides[1]) if fixed else None
        self._one_by_one = shape[0] == 1
        self.takes_bytes = self._inputs[0].type == "tensor(uint8)"

    def arranged(self, *, stacked: bool, mask_first: bool) -> Network:
        """Return a function of the inputs in the order of Conventions; RequestError if none fits.

        Raises ValueError for an output that is no image.
        """
        if stacked != (len(self._inputs) == 1):
            takes = "one input: give inputs=stack" if not stacked else "two: give inputs=pair"
            raise RequestError(f"The network takes {takes}")
        order = self._inputs if stacked else self._in_order(mask_first=mask_first)

        def network(*tensors: torch.Tensor) -> torch.Tensor:
            import torch

            rows = range(len(tensors[0])) if self._one_by_one else [slice(None)]
            made = []
            for row in rows:
                part = [t[row : row + 1] if isinstance(row, int) else t for t in tensors]
                made.append(self._run(dict(zip([i.name for i in order], part, strict=True))))
            return torch.cat(made).to(tensors[0].device)

        return network

    def _run(self, tensors: dict[str, torch.Tensor]) -> torch.Tensor:
        """Run the network on (N, C, H, W); return its first output as (N, 3, H, W) floats."""
        import torch

        types = {i.name: _TYPES[i.type] for i in self._inputs}
        arrays = {name: self._array(t, types[name]) for name, t in tensors.items()}
        output = np.asarray(self._session.run(None, arrays)[0])
        made = torch.from_numpy(output.astype(np.float32))
        if made.ndim != 4:
            raise ValueError(f"the network returned the shape {tuple(made.shape)}, no image")
        made = made.permute(0, 3, 1, 2) if self._last else made
        return made[:, :3]

    def _array(self, tensor: torch.Tensor, kind: type[np.generic]) -> np.ndarray:
        if self._last:
            tensor = tensor.permute(0, 2, 3, 1)
        array = tensor.detach().cpu().numpy()
        whole = np.issubdtype(kind, np.integer)
        return np.ascontiguousarray((np.rint(array) if whole else array).astype(kind))

    def _in_order(self, *, mask_first: bool) -> Sequence[Any]:
        """Return the inputs for (image, mask), or (mask, image)."""
        axis = 3 if self._last else 1
        masks = [
            i
            for i in self._inputs
            if any(word in i.name.lower() for word in _MASKS) or i.shape[axis : axis + 1] == [1]
        ]
        mask = masks[0] if len(masks) == 1 else self._inputs[1]
        image = next(i for i in self._inputs if i is not mask)
        return (mask, image) if mask_first else (image, mask)


def _is_last(shape: Sequence[object]) -> bool:
    """Return whether a shape has its channels at the end."""
    return len(shape) == 4 and shape[3] in {1, 3, 4} and shape[1] not in {1, 3, 4}


def _check_inputs(path: Path, inputs: Sequence[Any]) -> None:
    """Raise RequestError for inputs that are not an image and a mask, or both in one tensor."""
    if unknown := [i for i in inputs if i.type not in _TYPES]:
        raise RequestError(f"{path}: its input {unknown[0].name!r} is a {unknown[0].type}")
    if len(inputs) not in {1, 2}:
        names = ", ".join(repr(i.name) for i in inputs)
        raise RequestError(
            f"{path} takes {len(inputs)} inputs ({names}); an image and a mask, or one "
            "tensor of both, can be given"
        )


def _open(path: Path, provider: str) -> Any:
    """Return onnxruntime's session; raises RequestError for a file that it cannot load."""
    import torch

    from methods.exported.onnx import runtime

    package = runtime()
    options = package.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    try:
        session = package.InferenceSession(str(path), options, providers=[provider])
    except Exception as error:  # onnxruntime's errors have no common class
        why = " ".join(str(error).split())[:200]
        raise RequestError(f"{path} is no ONNX network that can be loaded ({why})") from error
    if provider not in session.get_providers():
        raise RequestError(f"onnxruntime cannot use {provider} on this machine")
    return session
