"""The registry of mask generators: name -> "pkg.mod:Class", strings only."""

MASKS = {
    "center-box": "masks.boxes:CenterBox",
    "random-box": "masks.boxes:RandomBox",
}
