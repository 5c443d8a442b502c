"""Every sampler's parameters with their checks, and facts for choosing a sampler.

`name` is what `ddpm:sampler=NAME` takes; `paper`; `cost`: network evaluations + gradients per step;
`gradients`: whether it needs them; `function`: its module and name.  The samplers that follow
gradients are in guided.py.  Imports no torch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from methods.ddpm.samplers.guided import DPS, MCG, TDS, CoPaint, PiGDM
from methods.ddpm.samplers.limits import (
    check_jumps,
    check_least,
    check_one_of,
    check_positive,
    check_steps,
    check_within,
)


@dataclass(frozen=True)
class Repaint:
    """RePaint: known pixels are noised anew at every level, levels are walked several times.

    jump_length: levels that a resampling jump goes back up (j).  jump_samples: how often each
    stretch is walked in all (r); 1 is replacement.  The paper's are 250, 10 and 10.
    """

    name: ClassVar[str] = "repaint"
    paper: ClassVar[str] = "Lugmayr et al., CVPR 2022, arXiv 2201.09865"
    cost: ClassVar[str] = "1 + 0"
    gradients: ClassVar[bool] = False
    function: ClassVar[str] = "methods.ddpm.samplers.repaint:repaint"
    steps: int = 15
    jump_length: int = 1
    jump_samples: int = 5

    def __post_init__(self) -> None:
        check_steps(self.steps)
        check_jumps(self.jump_length, self.jump_samples)


@dataclass(frozen=True)
class DDRM:
    """Denoising diffusion restoration: known pixels are drawn near their values, with new noise.

    eta: share of new noise in the hole.  eta_b: how far known pixels are drawn to their values.
    """

    name: ClassVar[str] = "ddrm"
    paper: ClassVar[str] = "Kawar et al., NeurIPS 2022, arXiv 2201.11793"
    cost: ClassVar[str] = "1 + 0"
    gradients: ClassVar[bool] = False
    function: ClassVar[str] = "methods.ddpm.samplers.ddrm:ddrm"
    steps: int = 50
    eta: float = 0.85
    eta_b: float = 1.0

    def __post_init__(self) -> None:
        check_steps(self.steps)
        check_within("eta", self.eta, 0, 1)
        check_within("eta_b", self.eta_b, 0, 1)


@dataclass(frozen=True)
class DDNM:
    """Null-space: known pixels are put into the predicted image, its noise is partly renewed.

    eta: share of new noise (the paper's .85).  form: "eps", or "posterior" (algorithm 1).
    jump_length, jump_samples: time travel; 1 is none.
    """

    name: ClassVar[str] = "ddnm"
    paper: ClassVar[str] = "Wang, Yu, Zhang, ICLR 2023, arXiv 2212.00490"
    cost: ClassVar[str] = "1 + 0"
    gradients: ClassVar[bool] = False
    function: ClassVar[str] = "methods.ddpm.samplers.ddnm:ddnm"
    steps: int = 50
    eta: float = 0.7
    form: Literal["eps", "posterior"] = "eps"
    jump_length: int = 1
    jump_samples: int = 1

    def __post_init__(self) -> None:
        check_steps(self.steps)
        check_within("eta", self.eta, 0, 1)
        check_one_of("form", self.form, ("eps", "posterior"))
        check_jumps(self.jump_length, self.jump_samples)


@dataclass(frozen=True)
class DiffPIR:
    """Plug-and-play restoration: as DDNM, but its noise follows the corrected image.

    zeta: share of new noise.  spacing: of the levels; "quadratic" is dense at low noise.
    """

    name: ClassVar[str] = "diffpir"
    paper: ClassVar[str] = "Zhu et al., CVPR workshops 2023, arXiv 2305.08995"
    cost: ClassVar[str] = "1 + 0"
    gradients: ClassVar[bool] = False
    function: ClassVar[str] = "methods.ddpm.samplers.diffpir:diffpir"
    steps: int = 50
    zeta: float = 1.0
    spacing: Literal["even", "quadratic"] = "even"

    def __post_init__(self) -> None:
        check_steps(self.steps)
        check_within("zeta", self.zeta, 0, 1)
        check_one_of("spacing", self.spacing, ("even", "quadratic"))


@dataclass(frozen=True)
class DInG:
    """Decoupled guidance: known pixels carry the noise that the network predicts.

    spread: of the step, sqrt(1 - a)(1 - sqrt a), sqrt(1 - a) sqrt(1 - sqrt a) or DDPM's.
    delayed: take the noise where the step begins (one evaluation), not where it ends (two).
    """

    name: ClassVar[str] = "ding"
    paper: ClassVar[str] = "Moufad et al., ICLR 2026, arXiv 2512.18365"
    cost: ClassVar[str] = "1 + 0, 2 + 0 with delayed=false"
    gradients: ClassVar[bool] = False
    function: ClassVar[str] = "methods.ddpm.samplers.ding:ding"
    steps: int = 50
    spread: Literal["square", "default", "ddpm"] = "square"
    delayed: bool = True

    def __post_init__(self) -> None:
        check_steps(self.steps)
        check_one_of("spread", self.spread, ("square", "default", "ddpm"))


@dataclass(frozen=True)
class SMCDiff:
    """Particles, weighted by how well they predict a noised copy of the known pixels.

    particles: P, per row.  threshold: resample when the effective sample size is at most this share
    of P.
    """

    name: ClassVar[str] = "smc-diff"
    paper: ClassVar[str] = "Trippe et al., ICLR 2023, arXiv 2206.04119"
    cost: ClassVar[str] = "P + 0"
    gradients: ClassVar[bool] = False
    function: ClassVar[str] = "methods.ddpm.samplers.smc_diff:smc_diff"
    steps: int = 50
    particles: int = 4
    threshold: float = 0.5

    def __post_init__(self) -> None:
        check_steps(self.steps)
        check_least("particles", self.particles, 1)
        check_within("threshold", self.threshold, 0, 1)


@dataclass(frozen=True)
class LanPaint:
    """Langevin steps of the whole image at every level.

    inner: N, steps per level.  guidance: how strongly known pixels are drawn to theirs (lambda).
    step: their size (h) in units of the level's variance.  ratio: of the known pixels' to it.
    """

    name: ClassVar[str] = "lanpaint"
    paper: ClassVar[str] = "Zheng, Lan, Wang, TMLR 2025, arXiv 2502.03491"
    cost: ClassVar[str] = "(N + 1) + 0"
    gradients: ClassVar[bool] = False
    function: ClassVar[str] = "methods.ddpm.samplers.lanpaint:lanpaint"
    steps: int = 50
    inner: int = 5
    guidance: float = 5.0
    step: float = 0.2
    ratio: float = 1.0

    def __post_init__(self) -> None:
        check_steps(self.steps)
        check_least("inner", self.inner, 0)
        check_within("guidance", self.guidance, 0, 1e6)
        check_within("step", self.step, 0, 1)
        check_positive("ratio", self.ratio)


# RePaint stays the first: runs of it do not record its name (bench.plugins.parts).
Sampler = (
    Repaint | DDRM | DDNM | DiffPIR | DInG | PiGDM | DPS | MCG | CoPaint | SMCDiff | TDS | LanPaint
)
