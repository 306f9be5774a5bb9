"""A private Redis for the tests of what is shared through it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from calibrify_core.testing.redis import RedisServer, running_redis


@pytest.fixture(scope="module")
def redis_server() -> Iterator[RedisServer]:
    with running_redis() as server:
        yield server
