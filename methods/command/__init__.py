"""Any program that reads images and masks from files and writes images: an external method."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from bench.api import Completion, Inpaint, Local, RequestError
from bench.api.exchange import LayoutName, Polarity

if TYPE_CHECKING:
    import torch

    from methods.command.recipe import Recipe


@dataclass(frozen=True)
class Command:
    """An external program, run without a shell on a private folder of images and masks.

    command: its command line with the placeholders {images}, {masks} and {outputs}, or {image},
    {mask} and {output}, and {seed}, {seeds}, {device}; or a .toml file that holds it as `command`,
    and may hold name, licence, version, directory, environment, files, group, layout, polarity and
    hidden.
    layout, polarity: how the files lie, and what white means in a mask; "auto" is the layout's.
    hidden: the content of the hole in its images: black, grey or the mean of the known pixels.
    The files among the arguments and those of `files` are part of a run's identity.  A program that
    draws random numbers should take each image's seed from {seeds}; {seed} is that of a group's
    first image, so that its outputs depend on --batch-size.
    """

    name: ClassVar[str] = "command"
    version: ClassVar[str] = "1"
    single_threaded: ClassVar[bool] = False
    positional: ClassVar[str] = "command"
    command: Local
    layout: LayoutName = "plain"
    polarity: Literal["auto", "hole-white", "keep-white"] = "auto"
    hidden: Literal["black", "grey", "mean"] = "black"
    multiple_of: int = 1

    def __post_init__(self) -> None:
        if self.multiple_of < 1:
            raise RequestError(f"multiple_of={self.multiple_of} is not at least 1")
        self.recipe().check()

    def recipe(self) -> Recipe:
        """Return what to run; raises RequestError for an invalid file."""
        from methods.command.recipe import Recipe, from_words, read_recipe

        text = str(self.command).strip()
        if text.endswith(".toml") and len(text.split()) == 1:
            self._check_only_the_file_decides()
            return read_recipe(Path(text).expanduser())
        polarity: Polarity | None = None if self.polarity == "auto" else self.polarity
        return Recipe(from_words(text), layout=self.layout, polarity=polarity, hidden=self.hidden)

    @property
    def seeded(self) -> bool:
        """Whether the program gets a seed; without one it is taken for deterministic."""
        return self.recipe().seeded

    def title(self) -> str:
        """Return its name for tables: the file's `name`, else the program or script."""
        recipe = self.recipe()
        words = [Path(w).name for w in recipe.argv if not w.startswith("-") and "{" not in w]
        scripts = [word for word in words if Path(word).suffix in {".py", ".sh", ".pl", ".jl"}]
        return recipe.name or (scripts or words)[0]

    def licence(self) -> str:
        """Return the licence that the file states, "" for none."""
        return self.recipe().licence

    def group_size(self) -> int | None:
        """Return the number of images per start; None leaves it to --batch-size."""
        return self.recipe().group

    def assets(self) -> Mapping[str, str]:
        """Return the sha256 of the command, and of the files that decide its outputs."""
        return self.recipe().assets()

    def load(self, device: str) -> Inpaint:
        """Return a function that starts the program; the program loads what it needs itself."""
        from bench.api.imaging import to_uint8
        from methods.command.program import Group, complete
        from methods.common.hidden import fill_hole

        recipe = self.recipe()

        def inpaint(
            visible: torch.Tensor, hole: torch.Tensor, seeds: Sequence[int]
        ) -> torch.Tensor | Completion:
            images = to_uint8(fill_hole(visible, hole, recipe.hidden)).cpu()
            made = complete(recipe, Group(images, hole.cpu(), seeds, device)).to(visible.device)
            off = ((made - visible).abs() * 255).round().masked_fill(hole, 0).flatten(1).amax(1)
            return Completion(made, [{"known_pixels_off_by": int(level)} for level in off])

        return inpaint

    def _check_only_the_file_decides(self) -> None:
        for key, default in (("layout", "plain"), ("polarity", "auto"), ("hidden", "black")):
            if getattr(self, key) != default:
                raise RequestError(f"{key} stands in the .toml file; leave {key}= out")
