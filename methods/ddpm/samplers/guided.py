"""The parameters of samplers that follow gradients; options.py explains the fields and lists all.

Imports no torch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from methods.ddpm.samplers.limits import (
    check_jumps,
    check_least,
    check_one_of,
    check_positive,
    check_steps,
    check_within,
)


@dataclass(frozen=True)
class PiGDM:
    """Pseudoinverse guidance: a step of DDIM and the gradient of the known pixels' error.

    rule: the gradient's coefficient, the paper's, scaled by the step's end, or DDIM's own for the
    guided score.  eta: DDIM's.  replace: put the known pixels into the step as well.  power: of the
    levels' spread, 1 is even (the paper's), more is denser at low noise.
    """

    name: ClassVar[str] = "pigdm"
    paper: ClassVar[str] = "Song, Vahdat, Mardani, Kautz, ICLR 2023"
    cost: ClassVar[str] = "1 + 1"
    gradients: ClassVar[bool] = True
    function: ClassVar[str] = "methods.ddpm.samplers.pigdm:pigdm"
    steps: int = 18
    rule: Literal["paper", "scaled", "ddim"] = "paper"
    eta: float = 1.0
    replace: bool = True
    power: float = 1.3

    def __post_init__(self) -> None:
        check_steps(self.steps)
        check_one_of("rule", self.rule, ("paper", "scaled", "ddim"))
        check_within("eta", self.eta, 0, 1)
        check_within("power", self.power, 0.25, 4)


@dataclass(frozen=True)
class DPS:
    """Posterior sampling: ancestral steps pushed along the gradient of the known pixels' error.

    scale: of the gradient at 1,000 steps for n_ref known values (half of 3 x 256 x 256); other
    sizes and steps keep the push by sqrt(n / n_ref) 1000 / steps.
    """

    name: ClassVar[str] = "dps"
    paper: ClassVar[str] = "Chung et al., ICLR 2023, arXiv 2209.14687"
    cost: ClassVar[str] = "1 + 1"
    gradients: ClassVar[bool] = True
    function: ClassVar[str] = "methods.ddpm.samplers.dps:dps"
    steps: int = 50
    scale: float = 0.5
    n_ref: int = 98_304

    def __post_init__(self) -> None:
        check_steps(self.steps)
        check_positive("scale", self.scale)
        check_least("n_ref", self.n_ref, 1)


@dataclass(frozen=True)
class MCG:
    """Manifold constraint: DPS's push in the hole, newly noised known pixels.

    scale, n_ref: as DPS's.
    """

    name: ClassVar[str] = "mcg"
    paper: ClassVar[str] = "Chung, Sim, Ryu, Ye, NeurIPS 2022, arXiv 2206.00941"
    cost: ClassVar[str] = "1 + 1"
    gradients: ClassVar[bool] = True
    function: ClassVar[str] = "methods.ddpm.samplers.mcg:mcg"
    steps: int = 50
    scale: float = 1.0
    n_ref: int = 98_304

    def __post_init__(self) -> None:
        check_steps(self.steps)
        check_positive("scale", self.scale)
        check_least("n_ref", self.n_ref, 1)


@dataclass(frozen=True)
class CoPaint:
    """Optimises each level's image until its prediction fits the known pixels, then steps.

    iterations: G, of the optimisation per level.  rate, growth: its step size and factor per level.
    pull, pull_growth: of the penalty on leaving the level's image.  jump_length, jump_samples: time
    travel; 2 is CoPaint-TT.
    """

    name: ClassVar[str] = "copaint"
    paper: ClassVar[str] = "Zhang et al., ICML 2023, arXiv 2304.03322"
    cost: ClassVar[str] = "(1 + G) + G"
    gradients: ClassVar[bool] = True
    function: ClassVar[str] = "methods.ddpm.samplers.copaint:copaint"
    steps: int = 50
    iterations: int = 2
    rate: float = 0.02
    growth: float = 1.012
    pull: float = 1e-4
    pull_growth: float = 1.01
    jump_length: int = 10
    jump_samples: int = 1

    def __post_init__(self) -> None:
        check_steps(self.steps)
        check_least("iterations", self.iterations, 1)
        for name in ("rate", "growth", "pull_growth"):
            check_positive(name, getattr(self, name))
        check_within("pull", self.pull, 0, 1e6)
        check_jumps(self.jump_length, self.jump_samples)


@dataclass(frozen=True)
class TDS:
    """Twisted particles: proposals follow the gradient, weights correct to the conditional law.

    particles, threshold: as SMC-Diff's.  variance: of the known pixels around their prediction,
    (1 - a)/a, 1 - a, or the first limited by .12.
    """

    name: ClassVar[str] = "tds"
    paper: ClassVar[str] = "Wu et al., NeurIPS 2023, arXiv 2306.17775"
    cost: ClassVar[str] = "P + P"
    gradients: ClassVar[bool] = True
    function: ClassVar[str] = "methods.ddpm.samplers.tds:tds"
    steps: int = 50
    particles: int = 4
    threshold: float = 0.5
    variance: Literal["sigma", "unit", "tau"] = "sigma"

    def __post_init__(self) -> None:
        check_steps(self.steps)
        check_least("particles", self.particles, 1)
        check_within("threshold", self.threshold, 0, 1)
        check_one_of("variance", self.variance, ("sigma", "unit", "tau"))
