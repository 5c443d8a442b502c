"""Masked samplers: ways to fill a hole with one unconditional diffusion model, without training.

Each has a file, whose function follows its paper: sampler(network, schedule, y, hole, noise,
options, watch) -> x.  `options.py` lists them, their parameters and their papers.
"""
