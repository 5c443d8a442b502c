"""The registry of mask generators: name -> "pkg.mod:Class", strings only."""

MASKS = {
    "center-box": "masks.boxes:CenterBox",
    "random-box": "masks.boxes:RandomBox",
    "free-form": "masks.strokes:FreeForm",
    "hybrid": "masks.hybrid:Hybrid",
    "irregular": "masks.irregular:Irregular",
    "nvidia": "masks.nvidia:Nvidia",
    "lama-thin": "masks.lama:LamaThin",
    "lama-medium": "masks.lama:LamaMedium",
    "lama-thick": "masks.lama:LamaThick",
    "mat-small": "masks.mat:MatSmall",
    "mat-large": "masks.mat:MatLarge",
    "half": "masks.structured:Half",
    "expand": "masks.structured:Expand",
    "alternating-lines": "masks.structured:AlternatingLines",
    "super-resolve": "masks.structured:SuperResolve",
    "every-n-lines": "masks.structured:EveryNLines",
    "completion": "masks.structured:CompletionHole",
    "nearest-neighbor": "masks.structured:NearestNeighbor",
    "folder": "masks.files:MaskFolder",
}
