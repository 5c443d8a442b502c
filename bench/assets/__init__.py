"""Pinned files that come from outside the code: weights, their converters, the cache."""
