"""PatchMatch's threads: every stripe once and in order, and nobody waits for a late one."""

from __future__ import annotations

import threading
import time

import pytest

from methods.patchmatch.stripes import Stripe, Threads

STRIPES: list[Stripe] = [(i, i + 1) for i in range(9)]


@pytest.mark.parametrize("count", [1, 2, 4, 20])
def test_results_come_in_the_order_of_the_stripes(count: int) -> None:
    def work(stripe: Stripe) -> int:
        time.sleep(0.001 * (stripe[0] % 3))
        return 10 * stripe[0]

    assert Threads(count).run(work, STRIPES) == [10 * i for i in range(9)]


def test_a_stripe_that_is_late_is_computed_again() -> None:
    ours, released = threading.get_ident(), threading.Event()
    stopped: list[Stripe] = []

    def work(stripe: Stripe) -> int:
        if threading.get_ident() != ours:
            stopped.append(stripe)
            released.wait(60)
            return -1  # late, and so of no account
        time.sleep(0.005)
        return stripe[0]

    try:
        assert Threads(2).run(work, STRIPES) == list(range(9))
        assert len(stopped) == 1
        assert not released.is_set()
    finally:
        released.set()


def test_helpers_that_get_no_core_are_not_needed() -> None:
    released = threading.Event()
    pool = Threads(3)
    ours = threading.get_ident()

    def stuck(stripe: Stripe) -> int:
        if threading.get_ident() != ours:
            released.wait(60)
        return stripe[0]

    try:
        for _ in range(3):  # from the second time on, both helpers are still at the first
            assert pool.run(stuck, STRIPES) == list(range(9))
    finally:
        released.set()


def test_what_a_stripe_raises_is_raised() -> None:
    def work(stripe: Stripe) -> int:
        if stripe[0] == 4:
            raise ZeroDivisionError
        return 0

    for count in (1, 2, 3):
        with pytest.raises(ZeroDivisionError):
            Threads(count).run(work, STRIPES)
