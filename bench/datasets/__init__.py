"""The registry of datasets: name -> "pkg.mod:Class", strings only."""

DATASETS: dict[str, str] = {
    "photos": "bench.datasets.photos:Photos",
    "fashion-mnist": "bench.datasets.fashion_mnist:FashionMNIST",
    "folder": "bench.datasets.folder:Folder",
}
