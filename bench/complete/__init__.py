"""Hole, hide, method, compose, PNG bytes: one image completed; writes nothing."""
