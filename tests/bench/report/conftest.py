"""Run directories as results/README.md documents them, written without running anything."""

from __future__ import annotations

import csv
import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from bench.api.imaging import encode_png
from bench.report.leaderboard import render
from bench.store.scored_run import load_runs
from tests import browser

HOSTILE = "<script>alert(1)</script>"
METRICS = {
    "lpips": {"unit": "", "higher_is_better": False},
    "psnr": {"unit": "dB", "higher_is_better": True},
}


def write_run(
    folder: Path,
    method: str = "telea",
    mask: str = "center-box",
    *,
    parameters: dict | None = None,
    assets: dict | None = None,
    seed: int = 0,
    n: int = 12,
    shift: float = 0.0,
    side: int = 32,
    complete: bool = True,
    set_metrics: dict | None = None,
    pixels: bool = True,
    seconds: float = 0.01,
    drop: int = 0,
    dataset: str = "photos",
    label: str | None = None,
) -> Path:
    """Write one run; `shift` moves its scores, `drop` leaves out that many images."""
    spec = {
        "method": {
            "name": method,
            "parameters": parameters or {},
            "version": "1",
            "assets": assets or {},
        },
        "mask": {"name": mask, "parameters": {}, "version": "1", "assets": {}},
        "dataset": {
            "name": dataset,
            "parameters": {"size": side},
            "version": "1",
            "content_sha256": hashlib.sha256(f"{dataset}{n}".encode()).hexdigest(),
            "n": n,
        },
        "size": side,
        "limit": None,
        "seed": seed,
        "mask_seed": 0,
        "samples": 1,
        "precision": "auto",
    }
    digest = hashlib.sha256(json.dumps(spec, sort_keys=True).encode()).hexdigest()
    safe = "".join(c if c.isalnum() else "_" for c in method)
    run = folder / f"{safe}-{mask}-{dataset}-{digest[:8]}"
    run.mkdir(parents=True)
    ids = [f"scene{i // 2}-{i % 2}" for i in range(n)][: n - drop]
    rng = np.random.default_rng(7)
    difficulty = rng.uniform(0.1, 0.3, size=n)[: n - drop]
    noise = np.random.default_rng(int(digest[:8], 16)).normal(0, 0.002, size=n)[: n - drop]
    scores = {"lpips": difficulty + shift + noise, "psnr": 30 - 40 * (difficulty + shift + noise)}
    (run / "manifest.json").write_text(json.dumps({"schema_version": 1, "spec": spec}))
    with (run / "records.jsonl").open("w") as out:
        for index, image in enumerate(ids):
            record = {
                "id": image,
                "source": image.split("-")[0],
                "status": "ok",
                "error": None,
                "height": side,
                "width": side,
                "hole_fraction": 0.05 + 0.5 * index / n,
                "seconds": seconds,
                "evaluations": None,
                "hole_sha256": hashlib.sha256(f"{mask}{image}".encode()).hexdigest(),
                "target_sha256": hashlib.sha256(image.encode()).hexdigest(),
                "notes": {},
            }
            out.write(json.dumps(record) + "\n")
    with (run / "scores.csv").open("w", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(["id", *scores])
        writer.writerows(
            [i, *map(repr, map(float, row))] for i, *row in zip(ids, *scores.values(), strict=True)
        )
    (run / "summary.json").write_text(
        json.dumps(
            {
                **_summary(spec, scores, complete, set_metrics or {}, seconds),
                "labels": {"method": label, "mask": mask, "dataset": dataset},
            }
        )
    )
    if pixels:
        _write_images(run, ids, side, shift)
    return run


def _summary(spec, scores, complete, set_metrics, seconds) -> dict:
    n = len(scores["lpips"])
    metrics = {}
    for name, values in scores.items():
        half = 1.96 * values.std() / np.sqrt(n)
        metrics[name] = {
            "version": "1",
            **METRICS[name],
            "mean": values.mean(),
            "std": values.std(),
            "n": n,
            "n_infinite": 0,
            "interval": [values.mean() - half, values.mean() + half],
            "by_hole_area": [
                {"edges": [k / 10, (k + 1) / 10], "n": 2, "mean": values.mean() * (1 + k / 20)}
                for k in range(6)
            ],
        }
    for name, (value, count) in set_metrics.items():
        metrics[name] = {
            "version": "1",
            "unit": "",
            "higher_is_better": False,
            "value": value,
            "n": count,
        }
    return {
        "schema_version": 1,
        "spec": spec,
        "complete": complete,
        "n": n,
        "n_failed": 0,
        "failed": [],
        "metrics": metrics,
        "seconds_per_image": seconds,
        "evaluations": None,
        "peak_memory": 1,
    }


def _write_images(run: Path, ids: list[str], side: int, shift: float) -> None:
    hole = torch.zeros(1, side, side, dtype=torch.bool)
    hole[:, side // 4 : -side // 4, side // 4 : -side // 4] = True
    ramp = torch.arange(side * side * 3).reshape(3, side, side)
    for index, image in enumerate(ids):
        target = ((ramp + 37 * index) % 256).to(torch.uint8)
        filled = torch.full_like(target, min(255, 100 + int(1000 * shift)))
        output = torch.where(hole, filled, target)
        for kind, picture in {"target": target, "hole": hole, "output": output}.items():
            path = run / "images" / kind / f"{image}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(encode_png(picture))


@pytest.fixture(scope="session")
def write():
    """Return write_run, for tests that share their runs."""
    return write_run


@pytest.fixture
def make_run(tmp_path):
    """Write a run below tmp_path/runs and return its directory."""

    def make(*args, **options) -> Path:
        return write_run(tmp_path / "runs", *args, **options)

    return make


@pytest.fixture(scope="module")
def page(tmp_path_factory, write):
    """A page of four methods on three masks."""
    folder = tmp_path_factory.mktemp("html")
    for mask in ("center-box", "half", "irregular"):
        write(folder / "runs", "telea", mask, seconds=0.01, set_metrics={"fid": (80.0, 12)})
        write(folder / "runs", "navier-stokes", mask, shift=0.02, seconds=0.02)
        write(folder / "runs", HOSTILE, mask, shift=0.05, seconds=0.001)
        write(folder / "runs", "ddpm", mask, shift=-0.02, seconds=20.0)
    path = folder / "page.html"
    path.write_text(render(load_runs([folder / "runs"]), "html"), encoding="utf-8")
    return path


@pytest.fixture
def blank(chromium):
    """An empty page of 1280 x 900."""
    size = {"width": 1280, "height": 900}
    with browser.opened(chromium, viewport=size, color_scheme="light") as shown:
        yield shown


@pytest.fixture
def opened(blank, page):
    """The page, which complains of nothing and asks no host for anything."""
    blank.page.goto(page.as_uri())
    yield blank
    assert blank.problems == []
    assert all(url.startswith(("data:", page.as_uri())) for url in blank.requests)
