"""Pipelines of diffusers, tiny and offline: batches, seeds, no peeking, and what is refused."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import pytest
import torch

from bench import plugins
from bench.api import Completion, RequestError
from bench.store.record import read_records
from tests.faults.running import go, make_runs

SEEDS = [11, 12, 13, 14]
STEPS = 3


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """One tiny folder of each family."""
    pytest.importorskip("diffusers", reason="the extra [diffusers]")
    pytest.importorskip("transformers", reason="the extra [diffusers]")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from tests.methods.pipelines import tiny

        return {name: make(tmp_path_factory.mktemp(name)) for name, make in tiny.FAMILIES.items()}


def complete(
    spec: str, visible: torch.Tensor, hole: torch.Tensor, seeds: list[int]
) -> tuple[torch.Tensor, list[object]]:
    made = plugins.method(spec).load("cpu")(visible, hole, seeds)
    assert isinstance(made, Completion)
    return made.image, list(made.notes)


def one_by_one(spec: str, visible: torch.Tensor, hole: torch.Tensor) -> torch.Tensor:
    """Complete the images of a batch as batches of one."""
    method = plugins.method(spec).load("cpu")
    rows = [method(visible[k : k + 1], hole[k : k + 1], SEEDS[k : k + 1]) for k in range(4)]
    return torch.cat([row.image for row in rows if isinstance(row, Completion)])


@pytest.mark.parametrize("family", ["sd15", "sd2", "sdxl", "flux-fill", "text-to-image"])
def test_a_family_runs_offline_and_keeps_the_contract(
    folders: dict[str, Path], family: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.methods.pipelines import tiny

    monkeypatch.setattr("socket.socket.connect", lambda *_: pytest.fail("it asks the network"))
    visible, hole = tiny.level_image(32)
    spec = f"diffusers:{folders[family]},steps={STEPS}"
    image, notes = complete(spec, visible, hole, SEEDS)
    assert image.shape == visible.shape
    assert 0 <= float(image.min()) < float(image.max()) <= 1
    assert notes[0] == {"evaluations": STEPS, "fill": "black"}
    again, _ = complete(spec, visible, hole, SEEDS)
    assert torch.equal(image, again)
    assert float((one_by_one(spec, visible, hole) - image).abs().max()) < 1e-5
    secret = torch.where(hole, 0.9, visible)
    assert torch.equal(complete(spec, secret, hole, SEEDS)[0], image)
    other, _ = complete(spec, visible, hole, [21, 22, 23, 24])
    assert float((other - image).abs().max()) > 1e-3


def test_guidance_multiplies_by_how_much_a_batch_differs_from_its_rows(
    folders: dict[str, Path],
) -> None:
    """Kernels round by the size of a batch; guidance w scales two predictions' difference by w."""
    from tests.methods.pipelines import tiny

    visible, hole = tiny.level_image(32)
    for guidance in (1.0, 7.5):
        spec = f"diffusers:{folders['sd2']},steps={STEPS},prompt=a wall,guidance={guidance}"
        image, _ = complete(spec, visible, hole, SEEDS)
        assert float((one_by_one(spec, visible, hole) - image).abs().max()) < 1e-5 * guidance


def test_sizes_follow_the_vae_and_the_patches(folders: dict[str, Path]) -> None:
    multiples = {k: plugins.method(f"diffusers:{path}").multiple_of for k, path in folders.items()}
    assert multiples == {"sd15": 2, "sd2": 2, "sdxl": 2, "flux-fill": 4, "text-to-image": 2}


def test_prompts_of_their_own_change_their_images_alone(
    folders: dict[str, Path], tmp_path: Path, images: Path
) -> None:
    prompts = tmp_path / "prompts.json"
    prompts.write_text(json.dumps({"001": "a red barn"}))
    spec = f"diffusers:{folders['sd15']},steps=2"
    hashes = []
    for k, text in enumerate((spec, f"{spec},prompts={prompts}")):
        result = go(make_runs(text, "center-box", images), tmp_path / str(k), metrics=["l1"])
        assert not result.failed
        hashes.append({r.id: r.pixels_sha256 for r in read_records(result.path)})
    assert [k for k in hashes[0] if hashes[0][k] != hashes[1][k]] == ["001"]


def test_a_row_is_called_by_its_folder_and_its_parameters_count(folders: dict[str, Path]) -> None:
    method = plugins.method(f"diffusers:{folders['sd15']},steps=7,prompt=a wall")
    assert plugins.label(method) == "sd:prompt=a wall,steps=7"
    assert set(method.assets()) == {"pipeline"}  # type: ignore[attr-defined]


def test_pickles_are_refused_unless_asked_for(folders: dict[str, Path], tmp_path: Path) -> None:
    import shutil

    from safetensors.torch import load_file

    folder = tmp_path / "old"
    shutil.copytree(folders["sd15"], folder)
    path = folder / "unet" / "diffusion_pytorch_model.safetensors"
    torch.save(load_file(path), path.with_suffix(".bin"))
    path.unlink()
    with pytest.raises(RequestError, match="weights have to be safetensors unless pickles=true"):
        plugins.method(f"diffusers:{folder}").load("cpu")
    assert plugins.method(f"diffusers:{folder},pickles=true").load("cpu")


def test_guidance_strength_and_fill_reach_the_pipeline(folders: dict[str, Path]) -> None:
    from tests.methods.pipelines import tiny

    visible, hole = tiny.level_image(32)
    spec = f"diffusers:{folders['sd15']},prompt=a wall,steps=4"
    plain, _ = complete(spec, visible, hole, SEEDS)
    weak, notes = complete(f"{spec},strength=.5", visible, hole, SEEDS)
    assert notes[0] == {"evaluations": 2, "fill": "black"}
    assert not torch.equal(weak, plain)
    assert not torch.equal(complete(f"{spec},guidance=3", visible, hole, SEEDS)[0], plain)
    assert complete(f"{spec},strength=.5,fill=mean", visible, hole, SEEDS)[1][0] == {
        **{"evaluations": 2, "fill": "mean"}
    }


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ("steps=0", "steps=0 is not at least 1"),
        ("strength=0", "strength=0.0 is not in"),
        ("strength=.1,steps=5", "are less than one"),
        ("prompts=nowhere.json", "cannot be read as JSON"),
    ],
)
def test_a_wrong_parameter_is_refused(more: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "model_index.json").write_text('{"_class_name": "X", "vae": []}')
    with pytest.raises(RequestError, match=message):
        plugins.method(f"diffusers:{tmp_path},{more}")


@pytest.mark.parametrize(
    ("index", "message"),
    [
        (None, "holds no pipeline"),
        ("no json", "holds no pipeline"),
        ('{"vae": []}', "does not name a pipeline's class"),
        ('{"_class_name": "DDPMPipeline", "unet": []}', "write ddpm:path="),
    ],
)
def test_a_folder_of_something_else_is_refused(
    index: str | None, message: str, tmp_path: Path
) -> None:
    if index is not None:
        (tmp_path / "model_index.json").write_text(index)
    with pytest.raises(RequestError, match=message) as told:
        plugins.method(f"diffusers:{tmp_path}")
    assert "\n" not in str(told.value)
