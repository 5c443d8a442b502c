"""The shipped datasets, and their registry: name -> "pkg.mod:Class", strings only."""

DATASETS: dict[str, str] = {
    "photos": "bench.datasets.photos:Photos",
    "free-photos": "bench.datasets.free_photos:FreePhotos",
    "fashion-mnist": "bench.datasets.fashion_mnist:FashionMNIST",
    "folder": "bench.datasets.folder:ImageFolder",
    "celeba-hq": "bench.datasets.presets:CelebAHQ",
    "ffhq": "bench.datasets.presets:FFHQ",
    "places2": "bench.datasets.presets:Places2",
    "imagenet": "bench.datasets.presets:ImageNet",
    "paris-streetview": "bench.datasets.presets:ParisStreetView",
    "tiny-imagenet": "bench.datasets.presets:TinyImageNet",
    "cifar10": "bench.datasets.cifar10:CIFAR10",
}
