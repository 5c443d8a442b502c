"""The registry of inpainting methods: name -> "pkg.mod:Class", strings only."""

METHODS = {
    "telea": "methods.classical:Telea",
    "navier-stokes": "methods.classical:NavierStokes",
    "biharmonic": "methods.classical:Biharmonic",
    "command": "methods.command:Command",
    "torchscript": "methods.torchscript:TorchScript",
    "patchmatch": "methods.patchmatch:PatchMatch",
    "pypatchmatch": "methods.third_party:PyPatchMatch",
    "patchmatch-cython": "methods.third_party:PatchMatchCython",
    "scenecompletion": "methods.scenecompletion:SceneCompletion",
    "ddpm": "methods.ddpm:DDPM",
    "glcic": "methods.glcic:GLCIC",
}
