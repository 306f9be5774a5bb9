"""Identifiers: version 7, in the order of their making, never twice."""

from __future__ import annotations

import time
import uuid
from concurrent.futures import ThreadPoolExecutor

from calibrify_core.kernel.ids import new_id


def test_an_id_is_a_uuid_of_version_7() -> None:
    made = new_id()

    assert made.version == 7
    assert made.variant == uuid.RFC_4122


def test_an_id_begins_with_the_moment_of_its_making() -> None:
    before = time.time_ns() // 1_000_000
    made = new_id()
    after = time.time_ns() // 1_000_000

    assert before <= made.int >> 80 <= after + 1


def test_ids_keep_the_order_of_their_making() -> None:
    made = [new_id() for _ in range(20_000)]

    assert made == sorted(made)
    assert len(set(made)) == len(made)


def test_threads_make_no_id_twice_and_each_keeps_its_order() -> None:
    def several(_: int) -> list[uuid.UUID]:
        return [new_id() for _ in range(2_000)]

    with ThreadPoolExecutor(8) as pool:
        lists = list(pool.map(several, range(8)))

    for made in lists:
        assert made == sorted(made)
    assert len({one for made in lists for one in made}) == 16_000
    ticks = [one.int >> 64 for made in lists for one in made]
    assert len(set(ticks)) == 16_000, "even without their random part"


def test_ids_cannot_be_guessed_from_each_other() -> None:
    tails = {new_id().int & ((1 << 62) - 1) for _ in range(1000)}

    assert len(tails) == 1000
    assert max(tails) > 1 << 60
