"""The loaded method: which weights for which size, precision, post-processing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import torch

from bench.api import Completion
from bench.api.imaging import hide
from methods.common import processor
from methods.glcic.checkpoint import load_generator, recommended_blend
from methods.glcic.inference import FastGenerator


class NetworkCompleter:
    """GLCIC's `Inpaint`: a pure function of each image and its hole; the seeds are not used.

    files: of weights by name; with "fashion-mnist-32" among several, that one takes 32x32 images.
    """

    def __init__(
        self, files: Mapping[str, Path], device: str, *, precision: str, blend: str
    ) -> None:
        self._files, self._device, self._blend = dict(files), device, blend
        self._dtype = processor.choose(precision, device)
        self.dtype = processor.in_words(self._dtype, device)
        self.remark = processor.remark(self._dtype, device)
        self._loaded: dict[str, tuple[FastGenerator, str]] = {}

    def __call__(
        self, visible: torch.Tensor, hole: torch.Tensor, seeds: Sequence[int]
    ) -> Completion:
        """Complete a batch of any size that is a multiple of 4; the notes hold the weights."""
        name = choose_weights(list(self._files), visible.shape[-2], visible.shape[-1])
        completed = self._complete(name, visible, hole)
        return Completion(completed, [{"weights": name} for _ in seeds])

    def _complete(self, name: str, visible: torch.Tensor, hole: torch.Tensor) -> torch.Tensor:
        network, blend = self._network(name)
        visible = hide(visible, hole)
        pixels, missing = visible.to(self._device), hole.to(self._device)
        # On the CPU image by image: from 64x64 on it costs nothing, and a row's bytes do not depend
        # on the batch even in bfloat16.
        share = 1 if self._device == "cpu" else max(len(visible), 1)
        with torch.inference_mode(), processor.backend(self._dtype, self._device):
            parts = zip(torch.split(pixels, share), torch.split(missing, share), strict=True)
            completed = torch.cat([network(*part) for part in parts]).cpu()
        completed = completed.clone()  # outside of inference mode: an ordinary tensor
        if blend == "none":
            return completed
        from methods.glcic.blend import blend_completion

        rows = zip(completed, visible.cpu(), hole.cpu(), strict=True)
        return torch.stack([blend_completion(*row) for row in rows])

    def network_output(
        self, visible: torch.Tensor, hole: torch.Tensor
    ) -> tuple[torch.Tensor, tuple[float, ...], str]:
        """Return the network's own output, its mean colour and the blending.

        visible: (N, 3, H, W) in [0, 1].  hole: bool (N, 1, H, W).  The output is in [0, 1]; the
        mean colour fills the hole of the network's input.
        """
        name = choose_weights(list(self._files), visible.shape[-2], visible.shape[-1])
        network, blend = self._network(name)
        inputs, missing = hide(visible, hole).to(self._device), hole.to(self._device)
        with torch.inference_mode(), processor.backend(self._dtype, self._device):
            completed = network(inputs, missing).cpu()
        return completed.clone(), tuple(network.config.mean or ()), blend

    def _network(self, name: str) -> tuple[FastGenerator, str]:
        """Return the network of a name and its post-processing, from its file the first time."""
        if name not in self._loaded:
            path = self._files[name]
            network = FastGenerator(load_generator(path), self._dtype).to(self._device)
            blend = recommended_blend(path) if self._blend == "auto" else self._blend
            self._loaded[name] = network, blend
        return self._loaded[name]


def choose_weights(names: Sequence[str], height: int, width: int) -> str:
    """Return the name for a size: of several, fashion-mnist-32 for 32x32 images alone."""
    if len(names) == 1:
        return names[0]
    return "fashion-mnist-32" if (height, width) == (32, 32) else "photos-64"
