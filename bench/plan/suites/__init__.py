"""Suites: named grids of runs, one small TOML file each."""
