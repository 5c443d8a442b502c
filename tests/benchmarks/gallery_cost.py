"""Measure the cost of a gallery: opening it, memory, the search, and a whole query.

    bench gallery build --dataset tiny-imagenet:split=train --out G
    python -m tests.benchmarks.gallery_cost G --dataset tiny-imagenet --limit 10

Processor time, medians over the queries, center-box; RssAnon and RssFile from /proc (Linux): the
process's own memory, and mapped files, which the system may drop again.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from bench import plugins
from methods.scenecompletion.complete import Completer
from methods.scenecompletion.gallery import open_gallery
from methods.scenecompletion.gist import describe


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("gallery", type=Path)
    parser.add_argument("--dataset", required=True)
    parser.add_argument("--limit", type=int, default=10)
    options = parser.parse_args()
    dataset, mask = plugins.dataset(options.dataset), plugins.mask("center-box")
    queries = [dataset.load(i).permute(1, 2, 0).numpy() for i in dataset.ids()[: options.limit]]
    print("before", memory())
    began = time.process_time()
    gallery = open_gallery(options.gallery)
    print(f"{len(gallery.scenes):,} scenes opened in {time.process_time() - began:.2f} s", memory())
    completer = Completer(gallery)
    searches, wholes = [], []
    for rgb in map(np.ascontiguousarray, queries):
        hole = mask(*rgb.shape[:2], 0)[0].numpy()
        query = describe(rgb, ~hole)
        searches.append(seconds(lambda query=query: gallery.search(query, 200)))
        wholes.append(seconds(lambda rgb=rgb, hole=hole: completer.complete(rgb, hole)))
    for name, values in (("search", searches), ("whole query", wholes)):
        print(f"{name}: {statistics.median(values):.3f} s (longest {max(values):.3f})")
    print("after", memory())


def seconds(call: Callable[[], object]) -> float:
    """Return the processor time of a call."""
    began = time.process_time()
    call()
    return time.process_time() - began


def memory() -> str:
    """Return this process's resident memory as "RssAnon 136 MiB, RssFile 43 MiB"."""
    lines = Path("/proc/self/status").read_text().splitlines()
    fields = [line.split() for line in lines if line.startswith(("RssAnon", "RssFile"))]
    return ", ".join(f"{name.rstrip(':')} {int(kib) // 1024} MiB" for name, kib, _ in fields)


if __name__ == "__main__":
    main()
