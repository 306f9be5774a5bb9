"""What commands begin with: settings, logs and the platform."""

from __future__ import annotations

import signal
from functools import cache

from calibrify_core.app import check_schema, lineages, make_platform
from calibrify_core.cache.connection import RedisLine
from calibrify_core.kernel.errors import ConfigurationError
from calibrify_core.kernel.settings import Settings, load_settings
from calibrify_core.observability.logs import configure_logs
from calibrify_core.persistence.lineages import states
from calibrify_core.tasks.turns import Turns
from calibrify_core.work.platform import Platform


@cache
def settings_of() -> Settings:
    """Returns the effective settings; logs are set up by them."""
    settings = load_settings()
    configure_logs(settings)
    return settings


@cache
def platform_of() -> Platform:
    """Returns the platform of this process."""
    return make_platform(settings_of())


def ready_platform() -> Platform:
    """Returns the platform, its database being at the newest revision.

    Raises:
        ConfigurationError: it is not; the sentence names the cure.
    """
    platform = platform_of()
    check_schema(states(platform.database, lineages(platform.plugins)))
    return platform


def redis_of(platform: Platform) -> RedisLine:
    """Returns the line to Redis.

    Raises:
        ConfigurationError: there is none, and `calibrify serve` does the background work.
    """
    if platform.redis is None:
        raise ConfigurationError(
            "CALIBRIFY_REDIS_URL is not set: `calibrify serve` runs the background work itself."
        )
    return platform.redis


def run_turns(platform: Platform, turns: Turns) -> None:
    """Goes on in turns until SIGTERM or SIGINT."""
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, turns.stop)
    try:
        turns.run()
    finally:
        platform.database.dispose()
