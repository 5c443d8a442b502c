"""From the PNGs of a run to its scores and its summary."""
