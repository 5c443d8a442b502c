"""Masked samplers: ways to fill a hole with one unconditional diffusion model, none trained for it.

A file each, whose function reads like its paper: sampler(network, schedule, y, hole, noise,
options, watch) -> x.  `options.py` lists them, their parameters and their papers.
"""
