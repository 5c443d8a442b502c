"""The registry of metrics: name -> "pkg.mod:Class", strings only."""

METRICS: dict[str, str] = {}
