"""The method `windowed`: another one on squares of the size that it was trained at.

What `bench fill` does with a photograph (bench.filling.completion), as a method that can be
benchmarked.  A small network that is shown a whole large image sees objects larger than in its
training, and its time grows with the image, not with the hole.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from bench.api import (
    ChecksDevice,
    Completion,
    HasAssets,
    HasCautions,
    HasLicence,
    Inpaint,
    Json,
    Method,
    RequestError,
    TrainedAt,
    is_seeded,
)

if TYPE_CHECKING:
    import torch

VERSION = "1"
COSTS = ("evaluations", "gradients")


@dataclass(frozen=True)
class Windowed:
    """Another method on squares of the size it was trained at, as `bench fill`: windowed:METHOD.

    method: what completes the squares.  All that follows "windowed:" belongs to it, parameters,
    name= and licence= included.  Raises RequestError for one that is not TrainedAt.
    """

    multiple_of: ClassVar[int] = 1
    method: Method

    def __post_init__(self) -> None:
        if not isinstance(self.method, TrainedAt):
            raise RequestError(
                f"{self.method.name} sees whole images at any size; leave windowed: out"
            )

    @property
    def name(self) -> str:
        """The name, with the other's."""
        return f"windowed:{self.method.name}"

    @property
    def version(self) -> str:
        """The version of the windows, and the other's."""
        return f"{VERSION}+{self.method.version}"

    @property
    def single_threaded(self) -> bool:
        """Whether one call of the other uses one core."""
        return self.method.single_threaded

    @property
    def seeded(self) -> bool:
        """Whether seeds change what the other returns."""
        return is_seeded(self.method)

    def wrapped(self) -> Method:
        """Return the other."""
        return self.method

    def assets(self) -> Mapping[str, str]:
        """Return the other's files by their sha256."""
        return self.method.assets() if isinstance(self.method, HasAssets) else {}

    def licence(self) -> str:
        """Return the other's licence."""
        return self.method.licence() if isinstance(self.method, HasLicence) else ""

    def cautions(self) -> Sequence[str]:
        """Return the other's cautions before a run."""
        return self.method.cautions() if isinstance(self.method, HasCautions) else ()

    def check_device(self, device: str) -> None:
        """Raise RequestError when the other cannot work on this device."""
        if isinstance(self.method, ChecksDevice):
            self.method.check_device(device)

    def load(self, device: str) -> Inpaint:
        """Load the other; raises what it raises."""
        return _OnWindows(self.method, self.method.load(device), device)


class _OnWindows:
    """A loaded method that completes image by image, so that images of a batch are independent."""

    def __init__(self, method: Method, inpaint: Inpaint, device: str) -> None:
        self._method, self._inpaint, self._device = method, inpaint, device
        self.dtype = getattr(inpaint, "dtype", None)

    @property
    def remark(self) -> str | None:
        """The other's remark about this machine."""
        return getattr(self._inpaint, "remark", None)

    def __call__(
        self, visible: torch.Tensor, hole: torch.Tensor, seeds: Sequence[int]
    ) -> Completion:
        """Complete a batch; the notes count the windows and sum their costs."""
        import torch

        rows = zip(visible.cpu(), hole.cpu(), seeds, strict=True)
        completed = [self._complete(*row) for row in rows]
        images = torch.stack([image for image, _ in completed]).to(visible.device)
        return Completion(images, [notes for _, notes in completed])

    def _complete(
        self, visible: torch.Tensor, hole: torch.Tensor, seed: int
    ) -> tuple[torch.Tensor, Mapping[str, Json]]:
        """Fill one image, as a photograph of 8 bits; return it and its notes."""
        import torch

        from bench.api.imaging import to_uint8
        from bench.filling.completion import Filler

        windows: list[Mapping[str, Json]] = []

        def noting(
            visible: torch.Tensor, hole: torch.Tensor, seeds: Sequence[int]
        ) -> torch.Tensor | Completion:
            made = self._inpaint(visible, hole, seeds)
            windows.extend(made.notes if isinstance(made, Completion) and made.notes else [{}])
            return made

        filler = Filler(self._method, noting, self._device)
        pixels = to_uint8(visible).permute(1, 2, 0).contiguous().numpy()
        filled = torch.from_numpy(filler(pixels, hole[0].numpy(), seed)).permute(2, 0, 1)
        return torch.where(hole, filled.float() / 255, visible), _together(windows)


def _together(windows: Sequence[Mapping[str, Json]]) -> dict[str, Json]:
    """Return the notes of an image: sums of costs, and facts that all windows agree on."""
    together: dict[str, Json] = {"windows": len(windows)}
    for key, first in windows[0].items() if windows else ():
        told = [notes.get(key) for notes in windows]
        numbers = [value for value in told if isinstance(value, int | float)]
        if key in COSTS and len(numbers) == len(told):
            together[key] = sum(numbers)
        elif all(value == first for value in told):
            together[key] = first
    return together
