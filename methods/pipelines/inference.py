"""Call a pipeline on a batch: what it is given, seeds row by row, evaluations counted."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from bench.api import Completion, Inpaint, Json
from bench.api.seeds import torch_stream
from methods.common.hidden import fill_hole

if TYPE_CHECKING:
    from collections.abc import Iterator

    import torch

    from methods.pipelines import Diffusers


class Pipeline:
    """A loaded pipeline.  prompts: of the images that have their own, by id."""

    def __init__(self, pipeline: Any, asked: Diffusers, prompts: Mapping[str, str]) -> None:
        self._pipeline, self._asked, self._prompts = pipeline, asked, prompts
        self._takes = set(inspect.signature(pipeline.__call__).parameters)
        # Kandinsky works in -1..1, and takes the first image of a batch for all.
        self._signed = type(pipeline).__name__.startswith("Kandinsky")
        self.dtype = str(pipeline.dtype).removeprefix("torch.")

    def for_images(self, ids: Sequence[str]) -> Inpaint:
        """Return the function that completes these images, with their own prompts."""
        own = [self._prompts.get(image_id, self._asked.prompt) for image_id in ids]

        def inpaint(
            visible: torch.Tensor, hole: torch.Tensor, seeds: Sequence[int]
        ) -> torch.Tensor | Completion:
            return self._complete(visible, hole, seeds, own)

        return inpaint

    def __call__(
        self, visible: torch.Tensor, hole: torch.Tensor, seeds: Sequence[int]
    ) -> torch.Tensor | Completion:
        """Complete a batch, every image with the same prompt."""
        return self._complete(visible, hole, seeds, [self._asked.prompt] * len(seeds))

    def _complete(
        self,
        visible: torch.Tensor,
        hole: torch.Tensor,
        seeds: Sequence[int],
        prompts: Sequence[str],
    ) -> Completion:
        import torch

        image = fill_hole(visible, hole, self._asked.fill)
        rows = range(len(seeds)) if self._signed else [slice(None)]
        made, notes = [], []
        for row in rows:
            part = slice(row, row + 1) if isinstance(row, int) else row
            output, evaluations = self._call(image[part], hole[part], seeds[part], prompts[part])
            made.append(output)
            notes += [self._notes(evaluations)] * len(output)
        return Completion(torch.cat(made).float().clamp(0, 1).to(visible.device), notes)

    def _call(
        self,
        image: torch.Tensor,
        hole: torch.Tensor,
        seeds: Sequence[int],
        prompts: Sequence[str],
    ) -> tuple[torch.Tensor, int]:
        """Return images in [0, 1] and how often the denoising network was called."""
        asked = self._asked
        arguments: dict[str, object] = {
            "prompt": list(prompts),
            "negative_prompt": [asked.negative_prompt] * len(prompts),
            "image": image * 2 - 1 if self._signed else image,
            "mask_image": hole.to(image.dtype),
            "height": image.shape[-2],
            "width": image.shape[-1],
            "num_inference_steps": asked.steps,
            "strength": asked.strength,
            "generator": [torch_stream(seed) for seed in seeds],
            "output_type": "pt",
        }
        if asked.guidance is not None:
            arguments["guidance_scale"] = asked.guidance
        with warnings.catch_warnings(), counted(self._pipeline) as calls:
            warnings.simplefilter("ignore")  # of diffusers, about its future
            output = self._pipeline(
                **{k: v for k, v in arguments.items() if k in self._takes}
            ).images
        return (output + 1) / 2 if self._signed else output, len(calls)

    def _notes(self, evaluations: int) -> Mapping[str, Json]:
        return {"evaluations": evaluations, "fill": self._asked.fill}


@contextmanager
def counted(pipeline: Any) -> Iterator[list[None]]:
    """Yield a list that grows with every call of the denoising network."""
    calls: list[None] = []
    network = getattr(pipeline, "transformer", None) or pipeline.unet
    handle = network.register_forward_pre_hook(lambda *_: calls.append(None))
    try:
        yield calls
    finally:
        handle.remove()
