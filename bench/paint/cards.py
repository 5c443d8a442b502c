"""Keep the last fillings for downloads and for the pack, within a limit of memory."""

from __future__ import annotations

import csv
import io
import re
import shlex
import zipfile
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench.api import RequestError
from bench.paint.painted import Painting
from bench.paint.worker import METRICS
from bench.store.record import Record

MOST_CARDS = 96
MOST_BYTES = 200_000_000


@dataclass
class Card:
    """One filling.

    text: its method as on the command line.  target, hole, output: PNG files, as in a run.
    scores: by metric; empty until they are computed, and without ground truth.
    """

    key: str
    text: str
    painting: Painting
    seed: int
    sample: int
    samples: int
    record: Record
    target: bytes
    hole: bytes
    output: bytes
    scores: Mapping[str, float] = field(default_factory=dict)

    @property
    def file_name(self) -> str:
        """A file name that says what the picture shows."""
        plain = re.sub(r"[^A-Za-z0-9]+", "-", self.text).strip("-")
        sample = f"-{self.sample}" if self.samples > 1 else ""
        return f"{self.painting.id}-{plain}{sample}.png"


class Cards:
    """The last cards by key."""

    def __init__(self) -> None:
        self._cards: OrderedDict[str, Card] = OrderedDict()
        self._bytes = 0

    def add(self, card: Card) -> None:
        """Keep a card, dropping the oldest when they take too much memory."""
        self._cards[card.key] = card
        self._bytes += _size(card)
        while len(self._cards) > MOST_CARDS or self._bytes > MOST_BYTES:
            _, old = self._cards.popitem(last=False)
            self._bytes -= _size(old)

    def get(self, key: str) -> Card:
        """Return a card; raises RequestError for one that is no longer kept."""
        if key not in self._cards:
            raise RequestError("This filling is no longer kept. Fill the hole again.")
        return self._cards[key]


def command(card: Card, pack: Path, device: str) -> str:
    """Return the command that makes the bytes of a card again from the pack.

    It takes one image per batch, as the page does: a network's last bits depend on its batch.
    """
    words = ["bench", "run", "--method", card.text]
    words += ["--dataset", f"folder:{pack / 'images'}"]
    words += ["--mask", f"folder:{pack / 'masks'},pairing=id", "--batch-size", "1"]
    words += ["--seed", str(card.seed)] if card.seed else []
    words += ["--samples", str(card.samples)] if card.samples > 1 else []
    words += ["--device", device] if device != "cpu" else []
    return shlex.join(words)


def zipped(cards: Sequence[Card]) -> bytes:
    """Return a zip with each painting's target and hole, the outputs and scores.csv."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:  # PNGs do not shrink
        names = set()
        for card in cards:
            files = {"target": card.target, "hole": card.hole}
            files = {f"{card.painting.id}/{kind}.png": png for kind, png in files.items()}
            files[f"{card.painting.id}/outputs/{card.file_name}"] = card.output
            for name, data in files.items():
                if name not in names:
                    archive.writestr(name, data)
                    names.add(name)
        archive.writestr("scores.csv", _scores_csv(cards))
    return buffer.getvalue()


def _scores_csv(cards: Sequence[Card]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    facts = ["id", "method", "seed", "sample", "hole_fraction", "seconds", "evaluations"]
    writer.writerow([*facts, *METRICS])
    for card in cards:
        record = card.record
        measured = [record.hole_fraction, record.seconds, record.evaluations]
        row = [card.painting.id, card.text, card.seed, card.sample, *measured]
        scores = [card.scores.get(name) for name in METRICS]
        writer.writerow(["" if value is None else value for value in (*row, *scores)])
    return text.getvalue()


def _size(card: Card) -> int:
    return len(card.target) + len(card.hole) + len(card.output)
