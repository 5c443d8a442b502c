"""The harness of the inpainting benchmark: `from bench import plugins`."""
