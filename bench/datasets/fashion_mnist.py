"""Fashion-MNIST at 32x32: a bundled thousand, the full sets where they are, or a download."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from bench.api import RequestError
from bench.datasets.idx import fetch, find_idx, read_idx_images
from bench.datasets.roots import find_root

if TYPE_CHECKING:
    import numpy as np
    import torch

SIDE = 32
_DEBIAN = Path("/usr/share/datasets/fashion-mnist")
_BUNDLED = Path(__file__).parent / "data" / "fashion-mnist-t10k-first-1000-images-idx3-ubyte.gz"
_FILES = {"test": "t10k-images-idx3-ubyte", "train": "train-images-idx3-ubyte"}
_URL = "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"  # torchvision's
_SHA256 = {
    f"{_FILES['test']}.gz": "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
    f"{_FILES['train']}.gz": "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
}
_ADVICE = (
    "The full sets are read from a folder with t10k-images-idx3-ubyte and train-images-idx3-ubyte,"
    " plain or .gz (torchvision's FashionMNIST/raw too), from the Debian package"
    " dataset-fashion-mnist, or fetched by"
    " python -c \"import bench.datasets.fashion_mnist as f; f.download('DIR')\"."
)


@dataclass(frozen=True)
class FashionMNIST:
    """Fashion-MNIST (Xiao et al. 2017), 28x28 grey in a black frame of 2 pixels: 32x32 RGB.

    split: `sample` is the first 1,000 test images, bundled; `test` (10,000) and `train` (60,000)
    are read from `root`, else $INPAINT_BENCH_DATA/fashion-mnist, else the Debian package's folder.
    The ids (test-00000, train-00000) and fingerprints of `sample` are those of `test`.
    """

    name: ClassVar[str] = "fashion-mnist"
    version: ClassVar[str] = "1"
    symmetric: ClassVar[bool] = False  # all shoes point left
    size: int = SIDE
    split: Literal["sample", "test", "train"] = "sample"
    root: Path | None = None

    def __post_init__(self) -> None:
        if self.size != SIDE:
            raise RequestError(f"size={self.size} is not possible: its images are {SIDE}x{SIDE}")
        if self.split not in ("sample", *_FILES):
            raise RequestError(f"split={self.split!r} is not one of sample, test, train")
        if self.split != "sample":
            _file(self.root, self.split)
        elif self.root is not None:
            raise RequestError("root is for split=test and split=train; the sample is bundled")

    def ids(self) -> list[str]:
        """Return test-00000, ... (train-00000, ... of the training set) in the file's order."""
        return [f"{self._prefix}-{index:05d}" for index in range(len(self._images()))]

    def load(self, image_id: str) -> torch.Tensor:
        """Return float32 (3, 32, 32) in [0, 1], the grey value in all channels."""
        import numpy as np

        from bench.api.imaging import to_rgb, to_tensor

        grey = np.pad(self._image(image_id), 2)
        return to_tensor(to_rgb(grey))

    def fingerprint(self, image_id: str) -> str:
        """Return the sha256 of the 784 grey values."""
        return hashlib.sha256(self._image(image_id).tobytes()).hexdigest()

    def source(self, image_id: str) -> str:
        """Return the id itself: no two images are cut from one photograph."""
        return image_id

    @property
    def _prefix(self) -> str:
        return "train" if self.split == "train" else "test"

    def _images(self) -> np.ndarray:
        if self.split == "sample":
            return read_idx_images(_BUNDLED)
        return read_idx_images(_file(self.root, self.split))

    def _image(self, image_id: str) -> np.ndarray:
        """Return uint8 (28, 28); raises ValueError for an unknown id."""
        prefix, _, index = image_id.partition("-")
        images = self._images()
        if prefix != self._prefix or not index.isdecimal() or int(index) >= len(images):
            raise ValueError(f"no image {image_id!r} in fashion-mnist, split {self.split}")
        image: np.ndarray = images[int(index)]
        return image


def load_images(root: Path | None, split: str) -> np.ndarray:
    """Return all images of split `test`, `train` or `sample` as uint8 (N, 32, 32), for training.

    root: as in FashionMNIST; None looks in the usual places.  Raises RequestError when missing.
    """
    import numpy as np

    if split not in ("sample", *_FILES):
        raise RequestError(f"split={split!r} is not one of sample, test, train")
    path = _BUNDLED if split == "sample" else _file(root, split)
    return np.pad(read_idx_images(path), ((0, 0), (2, 2), (2, 2)))


def download(root: Path | str) -> list[Path]:
    """Download the images of both sets into `root` (30 MB), checked against pinned hashes.

    Nothing else in the project calls this.  Raises RequestError when the download fails.
    """
    try:
        return fetch(_URL, Path(root).expanduser(), _SHA256)
    except (OSError, ValueError) as error:
        raise RequestError(f"cannot download fashion-mnist: {error}. {_ADVICE}") from error


def _file(root: Path | None, split: str) -> Path:
    """Return the IDX file of a full set; raises RequestError saying how to get it."""
    folder = find_root("fashion-mnist", root, _ADVICE, _DEBIAN)
    file = find_idx(folder, _FILES[split])
    if file is None:
        raise RequestError(f"{str(folder)!r} holds no {_FILES[split]}[.gz]. {_ADVICE}")
    return file
