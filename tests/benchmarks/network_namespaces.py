"""Run on a cluster of several network namespaces, and cut one of them off during the run.

    sudo python tests/benchmarks/network_namespaces.py --hosts 2

Each host is a network namespace with an address of its own on a bridge; a Dask worker runs in it,
the scheduler and `bench run` outside.  When a third of the images are done the last host is cut
off.  Shows that the run completes and equals the serial one, byte for byte.  Needs root, `ip`.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.conftest import ROOT, write_images
from tests.faults.running import kept

BRIDGE, NETWORK = "inpaint0", "10.213.77"
SETTINGS = {
    "DASK_DISTRIBUTED__COMM__TIMEOUTS__TCP": "20s",
    "DASK_DISTRIBUTED__SCHEDULER__WORKER_TTL": "20s",
    "PYTHONPATH": str(ROOT),
}


def ip(*words: str) -> None:
    """Run `ip` with these arguments."""
    subprocess.run(["ip", *words], check=True)


def add_host(number: int) -> str:
    """Make a namespace with an address on the bridge; return its name."""
    name = f"inpaint-host{number}"
    ip("netns", "add", name)
    ip("link", "add", f"ib{number}", "type", "veth", "peer", "name", "eth0", "netns", name)
    ip("link", "set", f"ib{number}", "master", BRIDGE, "up")
    ip("-n", name, "addr", "add", f"{NETWORK}.{10 + number}/24", "dev", "eth0")
    ip("-n", name, "link", "set", "eth0", "up")
    ip("-n", name, "link", "set", "lo", "up")
    return name


def start(words: list[str], host: str | None = None) -> subprocess.Popen[bytes]:
    """Start a Python module, in a namespace if one is named."""
    inside = ["ip", "netns", "exec", host] if host else []
    quiet = subprocess.DEVNULL
    return subprocess.Popen(
        [*inside, sys.executable, "-m", *words],
        env={**os.environ, **SETTINGS}, stdout=quiet, stderr=quiet, cwd=ROOT,
    )  # fmt: skip


def bench_run(images: Path, out: Path, *extra: str) -> subprocess.Popen[bytes]:
    """Start `bench run` on the images."""
    code = "import sys; from bench.cli import main; main(sys.argv[1:])"
    command = [sys.executable, "-c", code, "run", "--method", "biharmonic", "--mask", "free-form"]
    command += ["--dataset", f"folder:{images}", "--metrics", "l1", "--batch-size", "2"]
    command += ["--out", str(out), "--quiet", *extra]
    return subprocess.Popen(command, env={**os.environ, **SETTINGS}, cwd=ROOT)


def cut_when(out: Path, lines: int, cable: str, running: subprocess.Popen[bytes]) -> None:
    """Cut a host off when this many images are done."""
    while running.poll() is None:
        records = next(out.glob("*/records.jsonl"), None)
        if records is not None and records.read_bytes().count(b"\n") >= lines:
            ip("link", "set", cable, "down")
            print(f"cut {cable} off after {lines} images", flush=True)
            return
        time.sleep(0.05)


def main() -> None:
    """Build the hosts, run, cut one off, compare, remove everything."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--hosts", type=int, default=2)
    parser.add_argument("--images", type=int, default=48)
    parser.add_argument("--size", type=int, default=48)
    asked = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="namespaces-"))
    images = write_images(folder / "images", asked.images, asked.size)
    hosts: list[str] = []
    started: list[subprocess.Popen[bytes]] = []
    ip("link", "add", BRIDGE, "type", "bridge")
    try:
        ip("addr", "add", f"{NETWORK}.1/24", "dev", BRIDGE)
        ip("link", "set", BRIDGE, "up")
        address = f"tcp://{NETWORK}.1:8786"
        scheduler = ["distributed.cli.dask_scheduler", "--host", f"{NETWORK}.1", "--no-dashboard"]
        started.append(start(scheduler))
        for number in range(asked.hosts):
            hosts.append(add_host(number))
            worker = ["distributed.cli.dask_worker", address, "--nthreads", "1", "--no-dashboard"]
            started.append(start(worker, hosts[-1]))
        assert bench_run(images, folder / "serial", "--workers", "1").wait() == 0
        running = bench_run(images, folder / "dask", "--executor", "dask", "--scheduler", address)
        cut_when(folder / "dask", asked.images // 3, f"ib{asked.hosts - 1}", running)
        print(f"exit code {running.wait()}")
        same = kept(next((folder / "serial").glob("bi*"))) == kept(
            next((folder / "dask").glob("bi*"))
        )
        print(f"byte-identical to the serial run: {same}")
    finally:
        for process in reversed(started):
            process.terminate()
            process.wait()
        for name in hosts:
            subprocess.run(["ip", "netns", "delete", name], check=False)
        subprocess.run(["ip", "link", "delete", BRIDGE], check=False)
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
