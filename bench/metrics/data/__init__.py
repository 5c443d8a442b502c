"""Weights that travel with the package, each with its provenance beside it."""
