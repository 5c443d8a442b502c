"""JSON files as people read them: indented, strict, UTF-8."""

from __future__ import annotations

import json


def indented(value: object) -> bytes:
    """Return strict, indented JSON with a final newline; raises ValueError for nan and infinity."""
    return (json.dumps(value, indent=2, allow_nan=False, ensure_ascii=False) + "\n").encode()
