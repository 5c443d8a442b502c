"""What a dataset says of its images' authors: a page shows it beside each image."""

from __future__ import annotations

from typing import Protocol, runtime_checkable


@runtime_checkable
class HasCredits(Protocol):
    """A dataset whose images may be passed on with their authors' names."""

    def credit(self, image_id: str) -> str:
        """Return author, licence, source and changes of an image, in one line."""
        ...
