"""Time the leaderboard of 200 run directories of 1,000 images.

    python tests/benchmarks/leaderboard_200_runs.py [FORMAT...]

Writes synthetic runs (40 methods x 5 masks, five metrics) to a temporary folder and prints the
seconds of each step.  The aim is 10 s on 2 cores, reading included.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

METRICS = {"l1": False, "lpips": False, "psnr": True, "ssim": True, "lpips_hole": False}
METHODS, MASKS, IMAGES = 40, 5, 1000


def main() -> None:
    """Write the runs, then time reading them and every format."""
    sys.path.insert(0, str(Path(__file__).parents[2]))
    from bench.report import leaderboard
    from bench.store.scored_run import load_runs

    with tempfile.TemporaryDirectory() as folder:
        for number in range(METHODS * MASKS):
            write_run(Path(folder), number % METHODS, number // METHODS)
        start = time.perf_counter()
        runs = load_runs([folder])
        print(f"{len(runs)} runs listed: {time.perf_counter() - start:.2f} s")
        for kind in sys.argv[1:] or ["md"]:
            start = time.perf_counter()
            size = len(leaderboard.render(load_runs([folder]), kind))
            print(f"{kind}: {time.perf_counter() - start:.2f} s, {size / 1e6:.2f} MB")


def write_run(folder: Path, method: int, mask: int) -> None:
    """Write one synthetic run without pictures."""
    stream = np.random.default_rng(method * 100 + mask)
    hard = np.random.default_rng(mask).uniform(0.1, 0.4, IMAGES)
    table = {name: hard + 0.001 * method + stream.normal(0, 0.02, IMAGES) for name in METRICS}
    spec = {
        "method": {"name": f"method-{method}", "parameters": {}, "version": "1", "assets": {}},
        "mask": {"name": f"mask-{mask}", "parameters": {}, "version": "1", "assets": {}},
        "dataset": {"name": "folder", "parameters": {}, "version": "1", "content_sha256": "ab"},
        "size": 64, "limit": None, "seed": 0, "mask_seed": 0, "samples": 1, "precision": "auto",
    }  # fmt: skip
    entries = {
        name: {
            "version": "1", "unit": "", "higher_is_better": up, "mean": float(table[name].mean()),
            "std": 0.1, "n": IMAGES, "n_infinite": 0, "interval": [0.1, 0.4], "by_hole_area": [],
        }
        for name, up in METRICS.items()
    }  # fmt: skip
    run = folder / f"method-{method}-mask-{mask}"
    run.mkdir()
    summary = {
        "schema_version": 1, "spec": spec, "complete": True, "n": IMAGES, "n_failed": 0,
        "failed": [], "metrics": entries, "seconds_per_image": 0.01, "evaluations": None,
        "peak_memory": 1,
    }  # fmt: skip
    (run / "manifest.json").write_text(json.dumps({"schema_version": 1, "spec": spec}))
    (run / "summary.json").write_text(json.dumps(summary))
    rows = [
        f"{i:05d}," + ",".join(repr(float(v[i])) for v in table.values()) for i in range(IMAGES)
    ]
    (run / "scores.csv").write_text("\n".join(["id," + ",".join(table), *rows]) + "\n")
    with (run / "records.jsonl").open("w") as out:
        for i in range(IMAGES):
            out.write(json.dumps(_record(f"{i:05d}", float(hard[i]))) + "\n")


def _record(image: str, fraction: float) -> dict[str, object]:
    return {
        "id": image, "source": image, "status": "ok", "error": None, "height": 64, "width": 64,
        "hole_fraction": fraction, "mask_seed": 1, "seed": 2, "seconds": 0.01, "evaluations": None,
        "peak_memory": 1, "sha256": "a" * 64, "pixels_sha256": "b" * 64, "target_sha256": "c" * 64,
        "hole_sha256": "d" * 64, "notes": {},
    }  # fmt: skip


if __name__ == "__main__":
    main()
