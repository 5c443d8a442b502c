"""Fill one hole by several methods; yield events of their cards in the order they finish."""

from __future__ import annotations

import asyncio
import base64
import itertools
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from bench.api import Dataset, Json, Method, RequestError
from bench.complete.batch import Batch, BatchResult
from bench.execute import TIMED_OUT, Lost
from bench.paint.cards import Card, Cards
from bench.paint.choices import Chosen, method
from bench.paint.painted import Painting
from bench.paint.worker import FillTask, ScoreTask, fill, read_step, score
from bench.paint.workers import Workers, finished
from bench.plan.spec import Run

MOST_WAITING = 48
SECONDS_BETWEEN_LOOKS = 0.1

Event = dict[str, Json]


@dataclass(frozen=True)
class Order:
    """The painting to fill, the methods, and the number of samples."""

    painting: Painting
    methods: Sequence[Chosen]
    seed: int
    samples: int


@dataclass(frozen=True)
class _Job:
    """One card that is still to be made."""

    key: str
    chosen: Chosen
    run: Run
    sample: int
    steps: Path


class Fills:
    """Takes orders and counts the cards that are still to be made.

    timeout: seconds that a card may take.  folder: where workers write the images of steps.
    """

    def __init__(
        self, workers: Workers, cards: Cards, *, timeout: float, device: str, folder: Path
    ) -> None:
        self._workers, self._cards = workers, cards
        self._timeout, self._device, self._folder = timeout, device, folder
        self._numbers = itertools.count(1)
        self._waiting = 0

    def check(self, order: Order) -> None:
        """Raise RequestError for an order without methods, and for too many waiting cards."""
        asked = len(order.methods) * order.samples
        if not order.methods:
            raise RequestError("No method is chosen. Choose at least one.")
        if self._waiting + asked > MOST_WAITING:
            raise RequestError(
                f"{asked} fillings were asked for and {self._waiting} are waiting; at most "
                f"{MOST_WAITING} may. Wait, cancel, or choose fewer."
            )

    async def answers(self, order: Order) -> AsyncGenerator[Event]:
        """Yield the events of every card; closing the generator ends what still runs."""
        jobs = self._jobs(order)
        self._waiting += len(jobs)
        events: asyncio.Queue[Event] = asyncio.Queue()
        tasks = {asyncio.create_task(self._answer(job, order, events)) for job in jobs}
        try:
            yield {
                "event": "begin",
                "id": order.painting.id,
                "share": order.painting.hole.share,
                "cards": [
                    {"key": job.key, "label": job.chosen.text, "sample": job.sample} for job in jobs
                ],
            }
            async for event in _until_done(events, tasks, jobs):
                yield event
            yield {"event": "end"}
        finally:
            self._waiting -= len(jobs)
            for task in tasks:
                task.cancel()

    def threads(self, one: Method) -> int:
        """Return how many threads a method gets: one or all cores, as in runs."""
        return 1 if one.single_threaded else self._workers.slots

    def _jobs(self, order: Order) -> list[_Job]:
        jobs = []
        for chosen in order.methods:
            painting = order.painting
            dataset = cast(Dataset, painting.image)
            run = Run(
                method(chosen), painting.hole, dataset, seed=order.seed, samples=order.samples
            )
            for sample in range(order.samples):
                key = f"c{next(self._numbers)}"
                jobs.append(_Job(key, chosen, run, sample, self._folder / key))
        return jobs

    async def _answer(self, job: _Job, order: Order, events: asyncio.Queue[Event]) -> None:
        """Make one card; an error becomes a line on it."""
        try:
            card = await self._fill(job, order, events)
            if order.painting.truth:
                task = ScoreTask(card.output, card.target, card.hole)
                card.scores = await self._workers.errand(score, task)
                await events.put({"event": "scores", "card": job.key, "scores": card.scores})
        except RequestError as error:
            await events.put({"event": "failed", "card": job.key, "error": _one_line(error)})
        except Exception as error:  # an error of a plug-in, as its worker raised it
            line = f"{type(error).__name__}: {_one_line(error)}"
            await events.put({"event": "failed", "card": job.key, "error": line})
        finally:
            job.steps.unlink(missing_ok=True)

    async def _fill(self, job: _Job, order: Order, events: asyncio.Queue[Event]) -> Card:
        """Call a method as a run does, with a batch of one; RequestError without a result."""
        name, threads = job.run.method.name, self.threads(job.run.method)
        item = (order.painting.id, job.sample)
        batch = Batch(job.run, (item,), self._device, threads)
        async with self._workers.turn(name, threads) as process:
            await events.put({"event": "start", "card": job.key})
            task = FillTask(batch, job.steps)
            result = await finished(process.submit(fill, task, timeout=self._timeout))
        if isinstance(result, Lost):
            raise RequestError(_why(result, self._timeout))
        card = _card(job, order, result)
        self._cards.add(card)
        await events.put({"event": "done", "card": job.key, **_facts(card, result)})
        return card


async def _until_done(
    events: asyncio.Queue[Event],
    tasks: set[asyncio.Task[None]],
    jobs: Sequence[_Job],
) -> AsyncIterator[Event]:
    """Yield events, and the steps that workers show, until all tasks are done."""
    shown: dict[str, int] = {}
    while not (all(task.done() for task in tasks) and events.empty()):
        try:
            event = await asyncio.wait_for(events.get(), SECONDS_BETWEEN_LOOKS)
        except TimeoutError:
            for event in _steps(jobs, shown):
                yield event
            continue
        if event["event"] in {"done", "failed"}:
            shown[str(event["card"])] = -1
        yield event


def _steps(jobs: Sequence[_Job], shown: dict[str, int]) -> list[Event]:
    """Return the steps that were not shown yet.  shown: key -> the file's time; -1 = finished."""
    events: list[Event] = []
    for job in jobs:
        try:
            written = job.steps.stat().st_mtime_ns
        except OSError:
            continue
        if shown.get(job.key) in {-1, written} or (step := read_step(job.steps)) is None:
            continue
        shown[job.key] = written
        image = f"data:image/png;base64,{base64.b64encode(step.png).decode()}"
        events.append(
            {"event": "step", "card": job.key, "level": step.level, "levels": step.levels,
             "image": image}
        )  # fmt: skip
    return events


def _card(job: _Job, order: Order, result: BatchResult) -> Card:
    """Return the card of a completion; raises RequestError that says why there is none."""
    (made,) = result.done
    if not made.record.done:
        raise RequestError(str(made.record.error))
    pngs = made.pngs
    return Card(
        *(job.key, job.chosen.text, order.painting, order.seed, job.sample, order.samples),
        *(made.record, pngs["target"], pngs["hole"], pngs["output"]),
    )


def _facts(card: Card, result: BatchResult) -> Event:
    """Return the facts that a card shows beside its picture."""
    record = card.record
    return {
        "seconds": record.seconds,
        "evaluations": record.evaluations,
        "gradients": record.gradients,
        "loading": result.loading.load_seconds if result.loading else None,
        "remark": result.remark,
        "truth": card.painting.truth,
        "file": card.file_name,
    }


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:500]


def _why(lost: Lost, timeout: float) -> str:
    if lost == TIMED_OUT:
        return f"stopped after {timeout:g} s (--timeout)"
    killed = " Killed by the system: it may have run out of memory." if "-9" in lost.reason else ""
    return f"{lost.reason}.{killed}"
