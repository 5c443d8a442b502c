"""Weights that ship with the suite, a model card beside each."""
