"""The composition root of the web application: what runs, in the order of its making."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from operator import setitem
from typing import Any

import sqlalchemy as sa
from pyramid.exceptions import ConfigurationConflictError
from sqlalchemy.orm import configure_mappers

from calibrify_core import contributions
from calibrify_core.api import boot
from calibrify_core.api.configurator import ADDING, HouseConfigurator
from calibrify_core.api.guard import Guard
from calibrify_core.api.request import PLATFORM
from calibrify_core.auth.recognition import recognise
from calibrify_core.cache.connection import RedisLine
from calibrify_core.cache.memory import MemoryCache
from calibrify_core.cache.redis import RedisCache
from calibrify_core.hooks.manager import Plugins, installed
from calibrify_core.hooks.settings import read_plugin_settings
from calibrify_core.kernel.clock import Clock
from calibrify_core.kernel.errors import ConfigurationError
from calibrify_core.kernel.settings import Settings
from calibrify_core.mail.spool import Spool
from calibrify_core.persistence.engine import open_database
from calibrify_core.persistence.lineages import Lineage, LineageState, states
from calibrify_core.storage.factory import open_storage
from calibrify_core.web.assets import ASSETS
from calibrify_core.web.panels import check_slots
from calibrify_core.work.platform import Platform

Application = Callable[[dict[str, Any], Any], Iterable[bytes]]

PYRAMID = {
    "tm.annotate_user": False,
    "tm.activate_hook": "calibrify_core.api.request.needs_transaction",
    "tm.commit_veto": "calibrify_core.api.request.abort_on_error",
    "retry.attempts": 3,
    "retry.activate_hook": "calibrify_core.api.request.tries",
}


def make_platform(settings: Settings, plugins: Plugins | None = None) -> Platform:
    """Makes what all requests, tasks and commands of a process share.

    Args:
        settings: the effective settings.
        plugins: by default the installed ones that the settings enable.

    Raises:
        ConfigurationError: a plugin or a setting does not fit; the sentence names the cure.
    """
    plugins = plugins or Plugins(contributions, installed(), settings.plugins)
    plugins.collect_all()
    check_tables(plugins)
    configure_mappers()
    clock = Clock(settings.clock)
    options = read_plugin_settings(plugins, settings.plugin_settings)
    redis = RedisLine(settings.redis_url) if settings.redis_url else None
    return Platform(
        settings=settings,
        plugins=plugins,
        database=open_database(settings.resolved_database_url),
        storage=open_storage(settings),
        cache=MemoryCache() if redis is None else RedisCache(redis),
        mailer=Spool(settings.data_dir / "mail", options["core"]["mail_sender"], clock),
        clock=clock,
        recognise=recognise,
        plugin_settings=options,
        redis=redis,
    )


def lineages(plugins: Plugins) -> list[Lineage]:
    """Returns the migrations of the running plugins, in the order in which they build up."""
    return [Lineage(plugin.name, plugin.manifest.migrations) for plugin in plugins.all]


def make_router(platform: Platform) -> Any:
    """Makes the Pyramid router with everything that core and plugins registered.

    Raises:
        ConfigurationError: it cannot start; the sentence names the cure.
    """
    check_schema(states(platform.database, lineages(platform.plugins)))
    config = HouseConfigurator(settings=PYRAMID, exceptionresponse_view=None)
    config.registry[PLATFORM] = platform
    config.include("calibrify_core.api.routes")
    config.include("pyramid_retry")
    config.include("calibrify_core.api.request")
    config.include("calibrify_core.api.configurator")
    config.include("calibrify_core.api.problem")
    config.include("calibrify_core.api.tweens")
    config.include("calibrify_core.api.views")
    config.include("calibrify_core.api.lists")
    config.include("calibrify_core.auth.policy")
    config.include("calibrify_core.web.kit")
    config.include("calibrify_core.api.document")
    check_slots(platform.plugins)
    platform.plugins.configure(config, partial(setitem, config.registry, ADDING))
    try:
        config.commit()
    except ConfigurationConflictError as error:
        told = " ".join(str(error).split())
        raise ConfigurationError(
            f"Two views are added for the same requests: take one away. {told}"
        ) from None
    boot.check(config.registry, platform.plugins)
    return config.make_wsgi_app()


def make_app(settings: Settings, platform: Platform | None = None) -> Application:
    """Makes the WSGI application.

    Args:
        settings: the effective settings.
        platform: made from them beforehand, or None.

    Raises:
        ConfigurationError: it cannot start; the sentence names the cure.
    """
    router = make_router(platform or make_platform(settings))
    application = Guard(router.registry[ASSETS].wrap(router, settings.data_dir / "cache"))
    # What is here now stays: the collector need not walk it again with every sweep. A request
    # makes some hundred objects and lets go of them without its help: it need not look so often.
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)
    return application


def check_schema(found: Iterable[LineageState]) -> None:
    """Checks that the database has the tables that the code expects.

    Raises:
        ConfigurationError: it is behind or ahead of one of the distributions.
    """
    for state in found:
        if not state.up_to_date:
            raise ConfigurationError(
                f"The database is at revision {state.current or 'none'} of {state.lineage.name}, "
                f"and this version needs {state.head or 'none'}: run `calibrify db upgrade`."
            )


def check_tables(plugins: Plugins) -> None:
    """Checks that every table is named after the plugin whose it is.

    Raises:
        ConfigurationError: one is not; no migration of the plugin would ever look after it.
    """
    for contribution in plugins.collect("calibrify_models"):
        for table in _tables(contribution.value):
            if not table.startswith(f"{contribution.plugin}_"):
                raise ConfigurationError(
                    f"Plugin {contribution.plugin} has the table {table}, whose name does not "
                    f"start with {contribution.plugin}_: rename it."
                )


def _tables(module: Any) -> Iterator[str]:
    """Yields the names of the tables that are mapped in a module."""
    for found in vars(module).values():
        table = getattr(found, "__table__", None)
        if isinstance(table, sa.Table) and found.__module__ == module.__name__:
            yield table.name
