"""Programs that misbehave: python bad.py HOW IMAGES MASKS OUT."""

import os
import shutil
import sys
import time
from pathlib import Path

from PIL import Image

how, images, masks, out = sys.argv[1], *map(Path, sys.argv[2:5])
files = sorted(images.glob("*.png"))


def fill(file: Path, size: tuple[int, int] | None = None) -> None:
    """Write a plain output."""
    Image.new("RGB", size or Image.open(file).size, (9, 9, 9)).save(out / file.name)


if how == "exit":
    print("loading\nRuntimeError: the weights do not fit", file=sys.stderr)
    sys.exit(1)
if how == "signal":
    os.kill(os.getpid(), 11)
if how == "hang":
    time.sleep(600)
if how == "megabytes":
    for _ in range(3000):
        sys.stdout.write("x" * 1000 + "\n")
        sys.stderr.write("y" * 1000 + "\n")
if how == "fork":  # two daemons, one of them out of its session, both holding the pipes
    mark = os.environ["MARK"]
    for detach in (False, True):
        if os.fork() == 0:
            if detach:
                os.setsid()
                if os.fork():
                    os._exit(0)
            Path(mark, str(os.getpid())).touch()
            time.sleep(600)
    while len(list(Path(mark).iterdir())) < 2:
        time.sleep(0.01)
if how == "delete":
    shutil.rmtree(images)
    shutil.rmtree(masks)
if how == "escape":
    Path(out, "..", "..", "..", "escaped.txt").touch()
for k, file in enumerate(files):
    if how == "nothing" or (how == "half" and k % 2):
        continue
    if how == "truncated":
        (out / file.name).write_bytes(b"\x89PNG\r\n")
    elif how == "link":
        (out / file.name).symlink_to(os.environ["SECRET"])
    elif how == "size":
        fill(file, (16, 16))
    elif how == "delete":
        Image.new("RGB", (32, 32), (9, 9, 9)).save(out / file.name)
    else:
        fill(file)
if how == "swap":
    out.rename(out.with_name("elsewhere"))
    out.symlink_to(out.with_name("elsewhere"))
