"""Every sampler's parameters, checked, with what is worth knowing before one is chosen.

Light: no torch.  `name` is what `ddpm:sampler=NAME` takes; `paper`; `cost`: network evaluations +
gradients a step; `gradients`: whether it needs them; `function`: where it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from bench.api import RequestError

MOST_STEPS = 1000


@dataclass(frozen=True)
class Repaint:
    """RePaint: known pixels noised afresh at every level, levels walked several times.

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
        _check_steps(self.steps)
        _check_jumps(self.jump_length, self.jump_samples)


@dataclass(frozen=True)
class DDRM:
    """Denoising diffusion restoration: known pixels drawn around their values, partly new noise.

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
        _check_steps(self.steps)
        _check_within("eta", self.eta, 0, 1)
        _check_within("eta_b", self.eta_b, 0, 1)


@dataclass(frozen=True)
class DDNM:
    """Null-space: known pixels put into the predicted image, its noise partly renewed.

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
        _check_steps(self.steps)
        _check_within("eta", self.eta, 0, 1)
        _check_one_of("form", self.form, ("eps", "posterior"))
        _check_jumps(self.jump_length, self.jump_samples)


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
        _check_steps(self.steps)
        _check_within("zeta", self.zeta, 0, 1)
        _check_one_of("spacing", self.spacing, ("even", "quadratic"))


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
        _check_steps(self.steps)
        _check_one_of("spread", self.spread, ("square", "default", "ddpm"))


@dataclass(frozen=True)
class PiGDM:
    """Pseudoinverse guidance: a step of DDIM and the gradient of the known pixels' error.

    rule: the gradient's coefficient, the paper's, scaled by the step's end, or DDIM's own for the
    guided score.  eta: DDIM's.  replace: put the known pixels into the step as well.
    """

    name: ClassVar[str] = "pigdm"
    paper: ClassVar[str] = "Song, Vahdat, Mardani, Kautz, ICLR 2023"
    cost: ClassVar[str] = "1 + 1"
    gradients: ClassVar[bool] = True
    function: ClassVar[str] = "methods.ddpm.samplers.pigdm:pigdm"
    steps: int = 50
    rule: Literal["paper", "scaled", "ddim"] = "paper"
    eta: float = 1.0
    replace: bool = True

    def __post_init__(self) -> None:
        _check_steps(self.steps)
        _check_one_of("rule", self.rule, ("paper", "scaled", "ddim"))
        _check_within("eta", self.eta, 0, 1)


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
        _check_steps(self.steps)
        _check_positive("scale", self.scale)
        _check_least("n_ref", self.n_ref, 1)


@dataclass(frozen=True)
class MCG:
    """Manifold constraint: DPS's push in the hole, known pixels noised afresh.

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
        _check_steps(self.steps)
        _check_positive("scale", self.scale)
        _check_least("n_ref", self.n_ref, 1)


@dataclass(frozen=True)
class CoPaint:
    """Optimises each level's image until its prediction fits the known pixels, then steps.

    iterations: G, of the optimisation at a level.  rate, growth: its step size and factor a level.
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
        _check_steps(self.steps)
        _check_least("iterations", self.iterations, 1)
        for name in ("rate", "growth", "pull_growth"):
            _check_positive(name, getattr(self, name))
        _check_within("pull", self.pull, 0, 1e6)
        _check_jumps(self.jump_length, self.jump_samples)


@dataclass(frozen=True)
class SMCDiff:
    """Particles weighted by how well they foresee a noised copy of the known pixels.

    particles: P, a row's.  threshold: resample when the effective sample size is at most this share
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
        _check_steps(self.steps)
        _check_least("particles", self.particles, 1)
        _check_within("threshold", self.threshold, 0, 1)


@dataclass(frozen=True)
class TDS:
    """Twisted particles: proposed along the gradient, weighted to the conditional law.

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
        _check_steps(self.steps)
        _check_least("particles", self.particles, 1)
        _check_within("threshold", self.threshold, 0, 1)
        _check_one_of("variance", self.variance, ("sigma", "unit", "tau"))


@dataclass(frozen=True)
class LanPaint:
    """Langevin steps of the whole image at every level before it is left.

    inner: N, of them a level.  guidance: how hard known pixels are drawn to their values (lambda).
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
        _check_steps(self.steps)
        _check_least("inner", self.inner, 0)
        _check_within("guidance", self.guidance, 0, 1e6)
        _check_within("step", self.step, 0, 1)
        _check_positive("ratio", self.ratio)


Sampler = (
    Repaint | DDRM | DDNM | DiffPIR | DInG | PiGDM | DPS | MCG | CoPaint | SMCDiff | TDS | LanPaint
)


def _check_steps(steps: int) -> None:
    if not 1 <= steps <= MOST_STEPS:
        raise RequestError(f"steps={steps}; allowed: 1 to {MOST_STEPS}")


def _check_jumps(jump_length: int, jump_samples: int) -> None:
    if jump_length < 1 or jump_samples < 1:
        raise RequestError(
            f"jump_length={jump_length}, jump_samples={jump_samples}; allowed: 1 or more"
        )


def _check_within(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:  # NaN is refused too
        raise RequestError(f"{name}={value}; allowed: {low:g} to {high:g}")


def _check_positive(name: str, value: float) -> None:
    if not 0 < value < float("inf"):
        raise RequestError(f"{name}={value}; allowed: above 0")


def _check_least(name: str, value: int, least: int) -> None:
    if value < least:
        raise RequestError(f"{name}={value}; allowed: {least} or more")


def _check_one_of(name: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise RequestError(f"{name}={value!r}; allowed: {', '.join(allowed)}")
