"""What a worker process does with a batch: when it loads a method, and what it does only once."""

from __future__ import annotations

import pytest

from bench.api import imaging
from bench.complete import worker
from bench.complete.batch import Batch, BatchResult
from bench.plan.request import Request, runs
from bench.plan.spec import method_seed


def process(method: str) -> BatchResult:
    (run,) = runs(Request((method,), ("center-box",), "photos", size=16, limit=1))
    return worker.process(Batch(run, ((run.ids()[0], 0),)))


def is_warm(result: BatchResult) -> bool:
    (image,) = result.done
    assert image.record.done
    assert (result.loading is not None) != image.record.warm
    return image.record.warm


def test_the_first_batch_of_a_loaded_method_is_not_warm_and_the_next_is() -> None:
    worker._load.cache_clear()
    assert not is_warm(process("telea:radius=2"))
    assert is_warm(process("telea:radius=2"))


def test_a_method_that_was_given_up_and_is_loaded_again_is_not_warm() -> None:
    worker._load.cache_clear()
    for radius in (2, 4, 5):  # a worker keeps two methods: the third one drives the first out
        assert not is_warm(process(f"telea:radius={radius}"))
    assert not is_warm(process("telea:radius=2"))
    assert is_warm(process("telea:radius=2"))


def test_steps_are_shown_to_who_watches_and_change_nothing() -> None:
    request = Request(("ddpm:steps=2,jump_samples=1",), ("center-box",), "photos", 32, limit=1)
    (run,) = runs(request)
    batch = Batch(run, ((run.ids()[0], 0),))
    seen: list[int] = []
    watched = worker.process(batch, lambda level, levels, images: seen.append(level))
    assert seen == [1, 0]
    assert watched.done[0].record.done
    assert watched.done[0].pngs == worker.process(batch).done[0].pngs
    assert watched.loading is not None
    assert watched.loading.dtype


def test_a_method_that_seeds_do_not_change_completes_an_image_once_for_all_samples(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (run,) = runs(Request(("telea",), ("center-box",), "photos", 16, limit=2, samples=3))
    items = tuple((image_id, k) for image_id in run.ids() for k in range(3))
    sizes = []
    composite = imaging.composite
    monkeypatch.setattr(
        imaging, "composite", lambda t, o, h: (sizes.append(len(t)), composite(t, o, h))[1]
    )
    done = worker.process(Batch(run, items)).done
    assert sizes == [2]
    assert [d.record.id for d in done] == [f"{i}@{k}" for i, k in items]
    assert [d.record.seed for d in done] == [method_seed(run, i, k) for i, k in items]
    assert len({d.pngs["output"] for d in done}) == 2
