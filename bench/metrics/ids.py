"""Paired and unpaired inception discriminative scores (CoModGAN, Zhao et al. 2021; MAT)."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar

from bench.api import ImageSet, RequestError
from bench.metrics.features import InceptionFeatures

if TYPE_CHECKING:
    import numpy as np

# With fewer samples than this, 2,048 features separate anything and both scores are 0.
FEWEST = 4096


@dataclass(frozen=True)
class PIDS(InceptionFeatures):
    """Paired inception discriminative score (Zhao et al. 2021), in percent.

    The share of pairs whose fake looks more real than its real, decision(fake_i) >
    decision(real_i), to a linear SVM fitted on all 2N Inception features and scored on the same.
    Collapses to 0 when 2N is not well above 2,048: print N.

    force: compute it below 2N = 4,096 too.
    """

    name: ClassVar[str] = "p_ids"
    version: ClassVar[str] = "2"
    unit: ClassVar[str] = "%"
    higher_is_better: ClassVar[bool] = True
    force: bool = False

    def over_sets(self, outputs: ImageSet, targets: ImageSet) -> float:
        """Return percent in [0, 100]; RequestError below 2N = 4,096 or for unequal sets."""
        check_number(len(outputs), len(targets), self.force)
        return p_ids(*_decisions_of_sets(outputs, targets))


@dataclass(frozen=True)
class UIDS(InceptionFeatures):
    """Unpaired inception discriminative score (Zhao et al. 2021), in percent.

    1 - accuracy of a linear SVM fitted on all 2N Inception features and scored on the same: 50 is
    indistinguishable.  Collapses to 0 when 2N is not well above 2,048: print N.

    force: compute it below 2N = 4,096 too.
    """

    name: ClassVar[str] = "u_ids"
    version: ClassVar[str] = "2"
    unit: ClassVar[str] = "%"
    higher_is_better: ClassVar[bool] = True
    force: bool = False

    def over_sets(self, outputs: ImageSet, targets: ImageSet) -> float:
        """Return percent in [0, 100]; RequestError below 2N = 4,096 or for unequal sets."""
        check_number(len(outputs), len(targets), self.force)
        return u_ids(*_decisions_of_sets(outputs, targets))


def p_ids(fake: np.ndarray, real: np.ndarray) -> float:
    """Return the percentage of pairs with fake_i > real_i.  fake, real: SVM decisions (N,)."""
    return 100 * float((fake > real).mean())


def u_ids(fake: np.ndarray, real: np.ndarray) -> float:
    """Return the percentage of misclassified samples: fakes above 0, reals not above it."""
    return 100 * float(((fake > 0).mean() + (real <= 0).mean()) / 2)


def svm_decisions(fakes: np.ndarray, reals: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Fit `LinearSVC(dual=False, C=1)` on both sets; return its decisions (N,), (N,), real > 0.

    fakes, reals: features (N, D).
    """
    import numpy as np
    from sklearn.svm import LinearSVC

    labels = np.concatenate([np.zeros(len(fakes)), np.ones(len(reals))])
    svm = LinearSVC(dual=False, C=1).fit(np.concatenate([fakes, reals]), labels)
    return svm.decision_function(fakes), svm.decision_function(reals)


def check_number(fakes: int, reals: int, force: bool) -> None:
    """Raise RequestError unless the sets pair up and hold enough images for the SVM."""
    if fakes != reals or not fakes:
        raise RequestError(f"P-IDS and U-IDS pair outputs with targets: {fakes} and {reals} given.")
    if fakes + reals < FEWEST and not force:
        raise RequestError(
            f"P-IDS and U-IDS collapse to 0 on few images: 2N = {fakes + reals}, at least {FEWEST} "
            "needed; take more images, or force=true to see it."
        )


def _decisions_of_sets(outputs: ImageSet, targets: ImageSet) -> tuple[np.ndarray, np.ndarray]:
    key = (outputs.content_hash, targets.content_hash)
    return _decisions(_HashedSets(key, outputs, targets))


@dataclass(frozen=True)
class _HashedSets:
    """Two sets that are equal when their contents are."""

    key: tuple[str, str]
    outputs: ImageSet = field(compare=False)
    targets: ImageSet = field(compare=False)


@lru_cache(maxsize=1)
def _decisions(sets: _HashedSets) -> tuple[np.ndarray, np.ndarray]:
    """Fit once for P-IDS and U-IDS of the same run: the last pair of sets is kept."""
    from bench.metrics.features import inception_features

    return svm_decisions(inception_features(sets.outputs), inception_features(sets.targets))
