"""A picture of how `ddpm` works: noise goes in, the two schedules, the hole is filled."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from bench.api.imaging import hide
from bench.api.seeds import NoiseStreams, derive_seed
from bench.api.sheet import HOLE_COLOUR
from methods.ddpm import DDPM
from methods.ddpm.completer import DiffusionCompleter
from methods.ddpm.diffusion import q_sample
from methods.ddpm.preprocess import from_network, to_network
from methods.ddpm.sampling import inpaint
from methods.ddpm.schedule import Schedule, named

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLUMNS = 7
HOLE = tuple(value / 255 for value in HOLE_COLOUR)
INK, LINEAR, COSINE = "#333333", "#c4561f", "#1f6fb2"


def draw(
    image: torch.Tensor,
    hole: torch.Tensor,
    out: Path,
    *,
    method: DDPM,
    seed: int = 0,
) -> Path:
    """Draw the forward process, the schedules and the method's reverse process; return `out`.

    image: (3, H, W) in [0, 1].  hole: bool (1, H, W), True = missing; H and W multiples of the
    method's multiple_of.  method: with any sampler.  out: a PNG, SVG or PDF file.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    completer = DiffusionCompleter(method, "cpu")
    loaded = completer.choose(image.shape[-2:])
    known = to_network(hide(image, hole)[None], loaded.channels)
    x0 = to_network(image[None], loaded.channels)
    seen, visited = _watch(completer, known, hole, seed)
    with mpl.rc_context({"font.size": 9, "text.color": INK, "axes.labelcolor": INK}):
        figure = Figure(figsize=(1.45 * COLUMNS, 7.2), layout="constrained")
        rows: Any = figure.subfigures(3, 1, height_ratios=[1.1, 1.25, 1.1])
        name = loaded.schedule.name
        strip(
            rows[0],
            f"Forward process q(x_t | x_0): the image drowns in noise ({name} schedule)",
            _forward(named(name), x0, seed),
        )
        curves(rows[1], visited)
        strip(
            rows[2],
            f"Masked reverse process by {_in_words(method)}, {loaded.schedule.T} levels",
            [("given", _marked(image, hole)), *seen],
        )
        out.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(out, dpi=150)
    return out


def _in_words(method: DDPM) -> str:
    """Return the sampler with its parameters, "repaint (steps 250, jump_length 10, ...)"."""
    fields = dataclasses.fields(method.sampler)
    values = ", ".join(f"{f.name} {getattr(method.sampler, f.name)}" for f in fields)
    return f"{method.sampler.name} ({values})"


def _forward(schedule: Schedule, x0: torch.Tensor, seed: int) -> list[tuple[str, torch.Tensor]]:
    """Return x_t with its label at levels from 0 to T, all with the same noise."""
    noise = NoiseStreams([derive_seed("explain", seed)]).normal(x0.shape[1:])
    shown = [round(i * schedule.T / (COLUMNS - 1)) for i in range(COLUMNS)]
    return [(f"t = {t}", from_network(q_sample(schedule, x0, t, noise))[0]) for t in shown]


def _watch(
    completer: DiffusionCompleter, known: torch.Tensor, hole: torch.Tensor, seed: int
) -> tuple[list[tuple[str, torch.Tensor]], list[int]]:
    """Return x at levels spread over the masked reverse process, when it is there last.

    The second value is the original level after each step, in order.
    """
    loaded = completer.choose(known.shape[-2:])
    schedule = loaded.schedule
    by_level = {schedule.T: torch.zeros_like(known)}  # one level has no x before its only step
    walk: list[int] = []

    def watch(level: int, x: torch.Tensor) -> None:
        by_level[level] = x
        walk.append(level)

    options, labels = completer.method.sampler, completer.labels(loaded, [seed])
    inpaint(
        loaded.network,
        schedule,
        known,
        hole[None],
        [seed],
        options,
        labels=labels,
        watch=watch,
    )
    by_level[0] = torch.where(hole[None], by_level[0], known)  # as the harness composites
    last = COLUMNS - 2
    shown = [round((last - i) * 0.9 * schedule.T / last) for i in range(COLUMNS - 1)]
    steps = schedule.network_step
    pictures = [(f"t = {int(steps[k]) + 1}", from_network(by_level[k])[0]) for k in shown]
    return pictures, [int(steps[level]) + 1 if level else 0 for level in walk]


def _marked(image: torch.Tensor, hole: torch.Tensor) -> torch.Tensor:
    """Colour the hole, so that it is not taken for black pixels."""
    return torch.where(hole, torch.tensor(HOLE)[:, None, None], image)


def strip(figure: Any, title: str, pictures: Sequence[tuple[str, torch.Tensor]]) -> None:
    """Show labelled images side by side."""
    figure.suptitle(title, x=0.01, ha="left", weight="bold")
    for axes, (label, image) in zip(figure.subplots(1, len(pictures)), pictures, strict=True):
        axes.imshow(image.permute(1, 2, 0).clamp(0, 1).numpy(), interpolation="nearest")
        axes.set_title(label, fontsize=9)
        axes.set_axis_off()


def curves(figure: Any, visited: Sequence[int] = ()) -> None:
    """Plot alpha_bar and signal to noise of both schedules, and the levels that were visited."""
    title = "Schedules: alpha_bar, the image's share of the variance, at level t"
    figure.suptitle(
        title + ("; the way of this run" if visited else ""), x=0.01, ha="left", weight="bold"
    )
    left, right, *way = figure.subplots(1, 3 if visited else 2)
    for name, colour in (("linear", LINEAR), ("cosine", COSINE)):
        abar = named(name).alpha_bar
        left.plot(range(len(abar)), abar, color=colour, label=name, lw=2)
        ratio = 10 * torch.log10(abar[1:] / (1 - abar[1:]))
        right.plot(range(1, len(abar)), ratio, color=colour, label=name, lw=2)
    _finish(left, "alpha_bar")
    _finish(right, "signal to noise, dB")
    right.set_ylim(-50, 50)
    for axes in way:
        axes.plot(range(1, len(visited) + 1), visited, color=INK, lw=0.8)
        axes.set(xlabel=f"step of {len(visited)}", ylabel="level t after it")
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(alpha=0.25)


def _finish(axes: Axes, label: str) -> None:
    """Label an axis, name the curves, drop what frames nothing."""
    axes.set_xlabel("level t")
    axes.set_ylabel(label)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(alpha=0.25)
    axes.legend(frameon=False)
