"""Networks that others exported: TorchScript and ONNX files, and presets of published ones."""
