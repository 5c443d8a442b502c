"""The registry of inpainting methods: name -> "pkg.mod:Class", strings only."""

METHODS = {
    "telea": "methods.classical:Telea",
    "navier-stokes": "methods.classical:NavierStokes",
    "biharmonic": "methods.classical:Biharmonic",
    "command": "methods.command:Command",
    "torchscript": "methods.exported.torchscript:TorchScript",
    "onnx": "methods.exported.onnx:ONNX",
    "lama": "methods.exported.presets:Lama",
    "lama-anime": "methods.exported.presets:LamaAnime",
    "lama-onnx": "methods.exported.presets:LamaONNX",
    "lama-opencv": "methods.exported.presets:LamaOpenCV",
    "lama-dilated": "methods.exported.presets:LamaDilated",
    "lama-stacked": "methods.exported.presets:LamaStacked",
    "migan": "methods.exported.presets:MIGAN",
    "migan-pipeline": "methods.exported.presets:MIGANPipeline",
    "diffusers": "methods.pipelines:Diffusers",
    "patchmatch": "methods.patchmatch:PatchMatch",
    "pypatchmatch": "methods.third_party:PyPatchMatch",
    "patchmatch-cython": "methods.third_party:PatchMatchCython",
    "scenecompletion": "methods.scenecompletion:SceneCompletion",
    "ddpm": "methods.ddpm:DDPM",
    "glcic": "methods.glcic:GLCIC",
    # Not a way to complete an image but a way to use one, which `bench fill` shares.
    "windowed": "bench.filling.windowed:Windowed",
}
