from __future__ import annotations

import hashlib
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import scipy.linalg
import torch
from safetensors.torch import load_file
from sklearn.svm import LinearSVC

from bench.api import RequestError, SetMetric
from bench.api.imaging import decode_png, encode_png
from bench.assets import weights
from bench.execute.local import InProcess
from bench.metrics import features, ids
from bench.metrics.fid import FID
from bench.metrics.ids import PIDS, UIDS
from bench.metrics.kid import KID
from bench.scoring import sets
from bench.scoring.sets import PngSet


class Folder:
    """An ImageSet over a folder of PNGs."""

    def __init__(self, path: Path) -> None:
        self.files = sorted(path.glob("*.png"))

    @property
    def content_hash(self):
        digests = [hashlib.sha256(f.read_bytes()).hexdigest() for f in self.files]
        return hashlib.sha256("".join(digests).encode()).hexdigest()

    def __len__(self):
        return len(self.files)

    def __iter__(self):
        return (decode_png(f.read_bytes()) for f in self.files)


class Named:
    """An ImageSet without images, for tests that replace the features."""

    def __init__(self, name, n):
        self.content_hash, self.n = name, n

    def __len__(self):
        return self.n

    def __iter__(self):
        return iter(())


@pytest.fixture
def given_features(monkeypatch):
    """Let inception_features return what the test gives, by content hash."""
    table: dict[str, np.ndarray] = {}
    monkeypatch.setattr(features, "inception_features", lambda images: table[images.content_hash])
    return table


@pytest.fixture
def counted_network(monkeypatch, tmp_path):
    """Replace the Inception by channel means, and count its calls; the cache is empty."""
    calls = []

    def network(batch):
        calls.append(len(batch))
        return batch.float().mean((2, 3)).repeat(1, 683)[:, :2048]

    monkeypatch.setattr(features, "load_network", lambda device: network)
    monkeypatch.setenv("INPAINT_BENCH_CACHE", str(tmp_path / "cache"))
    return calls


def write_images(folder, seed, n=64, size=48):
    """Write n PNGs of coloured gradients with noise."""
    folder.mkdir()
    stream = np.random.default_rng(seed)
    ramp = np.linspace(0, 1, size)
    for i in range(n):
        slopes = stream.random((3, 2, 1, 1))
        image = slopes[:, 0] * ramp + slopes[:, 1] * ramp[:, None]
        image = image / 2 + stream.normal(0, 0.05 + 0.1 * seed, (3, size, size))
        levels = torch.from_numpy(np.clip(image * 255, 0, 255).round().astype(np.uint8))
        (folder / f"{i:03}.png").write_bytes(encode_png(levels))
    return Folder(folder)


def draw(n, d, seed, shift=0.0):
    return (np.random.default_rng(seed).normal(size=(n, d)) + shift).astype(np.float32)


def test_features_are_cached_by_content(counted_network, tmp_path):
    images = write_images(tmp_path / "a", 0, n=3, size=8)
    first = features.inception_features(images)
    (tmp_path / "a").rename(tmp_path / "moved")
    again = features.inception_features(Folder(tmp_path / "moved"))
    assert np.array_equal(first, again)
    assert counted_network == [3]
    (tmp_path / "moved" / "000.png").unlink()
    assert features.inception_features(Folder(tmp_path / "moved")).shape == (2, 2048)
    assert counted_network == [3, 2]


def test_a_set_in_parts_is_cached_by_its_parts(counted_network, tmp_path, monkeypatch):
    monkeypatch.setattr(sets, "PART", 4)
    folder = write_images(tmp_path / "a", 0, n=10, size=8)
    digests = [hashlib.sha256(f.read_bytes()).hexdigest() for f in folder.files]
    images = PngSet(zip(folder.files, digests, strict=True))
    whole = features.compute_features(folder)
    counted_network.clear()
    assert np.array_equal(
        features.inception_features(PngSet(zip(folder.files[:8], digests[:8], strict=True))),
        whole[:8],
    )
    assert counted_network == [4, 4]
    assert [FID().has_features(part) for part in images.parts()] == [True, True, False]
    assert np.array_equal(features.inception_features(images), whole)
    assert counted_network == [4, 4, 2]


def test_images_of_other_sizes_go_alone(counted_network, tmp_path):
    small = [torch.full((3, 8, 8), i, dtype=torch.uint8) for i in range(9)]
    large = torch.full((3, 9, 8), 99, dtype=torch.uint8)
    rows = features.compute_features([*small, large, *small[:1]])
    assert counted_network == [8, 1, 1, 1]
    assert rows[:, 0].tolist() == [*range(9), 99, 0]


def test_workers_compute_what_is_lacking_and_the_rest_is_kept(
    counted_network, tmp_path, monkeypatch
):
    monkeypatch.setattr(sets, "PART", 4)
    folder = write_images(tmp_path / "a", 0, n=6, size=8)
    digests = [hashlib.sha256(f.read_bytes()).hexdigest() for f in folder.files]
    pairs = [
        SimpleNamespace(output=f, target=f, sha256=d, target_sha256=d)
        for f, d in zip(folder.files, digests, strict=True)
    ]
    monkeypatch.setattr(KID, "over_sets", lambda metric, outputs, targets: 0.5)
    seen = []
    for _ in range(2):
        entries = sets.score_sets(pairs, ["kid"], {}, InProcess(), lambda *done: seen.append(done))
        assert (entries["kid"].value, entries["kid"].n) == (0.5, 6)
    assert counted_network == [4, 2, 4, 2]  # outputs and targets, once
    assert seen == [(4, 12), (6, 12), (10, 12), (12, 12)]


def test_damaged_features_are_computed_again(counted_network, tmp_path):
    images = write_images(tmp_path / "a", 0, n=2, size=8)
    first = features.inception_features(images)
    path = features.features_path(images)
    path.write_bytes(path.read_bytes()[:200])
    assert np.array_equal(features.inception_features(images), first)
    assert counted_network == [2, 2]
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_an_empty_set_is_refused(counted_network):
    with pytest.raises(RequestError, match="no image"):
        features.inception_features(Named("empty", 0))


def test_fid_is_the_frechet_distance(given_features):
    given_features.update(a=draw(300, 16, 0), b=draw(300, 16, 1, shift=0.3))
    x, y = (given_features[k].astype(np.float64) for k in "ab")
    root = scipy.linalg.sqrtm(np.cov(x.T) @ np.cov(y.T)).real
    moved = ((x.mean(0) - y.mean(0)) ** 2).sum()
    expected = moved + np.trace(np.cov(x.T) + np.cov(y.T) - 2 * root)
    assert FID().over_sets(Named("a", 300), Named("b", 300)) == pytest.approx(expected, rel=1e-5)
    assert FID().over_sets(Named("a", 300), Named("a", 300)) == pytest.approx(0, abs=1e-3)


def test_kid_of_whole_sets_is_the_unbiased_mmd(given_features):
    given_features.update(a=draw(40, 16, 0), b=draw(40, 16, 1, shift=0.5))
    x, y = given_features["a"], given_features["b"]

    def kernel(p, q):
        return (p.astype(np.float64) @ q.T / 16 + 1) ** 3

    within = [(k.sum() - np.trace(k)) / (40 * 39) for k in (kernel(x, x), kernel(y, y))]
    expected = sum(within) - 2 * kernel(x, y).mean()
    kid = KID(subsets=2)
    assert kid.size_for(40) == 40
    assert kid.over_sets(Named("a", 40), Named("b", 40)) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("metric", [FID(), KID()])
def test_a_distance_needs_two_images(metric):
    with pytest.raises(RequestError, match="at least 2 images"):
        metric.over_sets(Named("a", 1), Named("b", 1))


def test_kid_refuses_senseless_parameters():
    with pytest.raises(RequestError, match="subset_size=1"):
        KID(subset_size=1)
    with pytest.raises(RequestError, match="subsets=0"):
        KID(subsets=0)


def test_ids_agree_with_scikit_learn(given_features):
    given_features.update(fake=draw(200, 20, 0), real=draw(200, 20, 1, shift=0.2))
    fake, real = given_features["fake"], given_features["real"]
    svm = LinearSVC(dual=False, C=1)
    labels = np.array([1] * 200 + [0] * 200)
    svm.fit(np.concatenate([real, fake]), labels)
    accuracy = svm.score(np.concatenate([real, fake]), labels)
    paired = (svm.decision_function(fake) > svm.decision_function(real)).mean()
    sets = Named("fake", 200), Named("real", 200)
    assert UIDS(force=True).over_sets(*sets) == pytest.approx(100 * (1 - accuracy), abs=1e-9)
    assert PIDS(force=True).over_sets(*sets) == pytest.approx(100 * paired, abs=1e-9)
    assert 0 < 100 * (1 - accuracy) < 50


def test_ids_by_hand():
    fake, real = np.array([1.0, -1, 0, 2]), np.array([2.0, -2, 0, 1])
    assert ids.p_ids(fake, real) == 50
    # Wrong: fakes 1 and 2 look real; reals -2 and 0 do not.
    assert ids.u_ids(fake, real) == 50


@pytest.mark.parametrize("metric", [PIDS, UIDS])
def test_ids_refuse_few_or_unpaired_images(metric):
    with pytest.raises(RequestError, match=r"2N = 4094, at least 4096"):
        metric().over_sets(Named("a", 2047), Named("b", 2047))
    with pytest.raises(RequestError, match="3000 and 2999"):
        metric(force=True).over_sets(Named("a", 3000), Named("b", 2999))


@pytest.mark.parametrize("metric", [FID(), KID(), PIDS(), UIDS()])
def test_set_metrics_keep_the_contract_and_name_their_weights(metric):
    assert isinstance(metric, SetMetric)
    assert metric.assets() == {"fid-inception": weights.pinned("fid-inception")}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning")
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_fid_and_kid_agree_with_torch_fidelity_on_the_same_folders(tmp_path, monkeypatch):
    try:
        tensors = load_file(weights.require("fid-inception"))
    except RequestError as error:
        pytest.skip(f"the FID Inception cannot be fetched here: {error}")
    import torch_fidelity

    from tests.torch_fidelity_network import torch_fidelity_state

    outputs, targets = write_images(tmp_path / "a", 1), write_images(tmp_path / "b", 0)
    torch.save(torch_fidelity_state(tensors), tmp_path / "inception.pth")
    theirs = torch_fidelity.calculate_metrics(
        input1=str(tmp_path / "a"),
        input2=str(tmp_path / "b"),
        cuda=False,
        fid=True,
        kid=True,
        kid_subset_size=64,
        batch_size=8,
        save_cpu_ram=True,
        feature_extractor_weights_path=str(tmp_path / "inception.pth"),
        cache=False,
        verbose=False,
    )
    monkeypatch.setattr(features, "features_path", lambda s: tmp_path / f"{s.content_hash}.npy")
    fid, kid = FID().over_sets(outputs, targets), KID().over_sets(outputs, targets)
    print("FID", fid, theirs["frechet_inception_distance"])
    print("KID", kid, theirs["kernel_inception_distance_mean"])
    assert fid == pytest.approx(theirs["frechet_inception_distance"], rel=1e-3)
    assert kid == pytest.approx(theirs["kernel_inception_distance_mean"], rel=1e-3)
