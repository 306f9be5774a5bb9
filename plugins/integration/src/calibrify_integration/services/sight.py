"""What the owner of a webhook may see now, asked so that a rule that fails hurts nobody else."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeVar

import structlog
from sqlalchemy.orm import Session

from calibrify_core.kernel.errors import NotFound
from calibrify_core.observability.faults import FAULTS
from calibrify_core.work.platform import Platform
from calibrify_core.work.unit import UnitOfWork
from calibrify_integration.domain.event_types import matches
from calibrify_integration.permissions import WEBHOOK_VIEW
from calibrify_integration.services.events import HOOK, visible

PLUGIN = "integration"
QUESTION = "who may see its events"
R = TypeVar("R")

log = structlog.get_logger()


class RuleFailed(Exception):
    """It cannot be told what somebody may see: a plugin's rule raises.

    Args:
        plugin: whose rule.
    """

    def __init__(self, plugin: str) -> None:
        super().__init__(f"What its owner may see cannot be told: a rule of {plugin} failed.")


def owner_unit(platform: Platform, session: Session, webhook: Any) -> UnitOfWork | None:
    """Returns a unit with the present rights of a webhook's owner; None if there are none.

    Args:
        platform: the application's shared services.
        session: in whose transaction it works.
        webhook: whose owner.
    """
    organisation = platform.organisation(session, webhook.organisation_id)
    if PLUGIN in organisation.plugins_off:
        return None
    try:
        author, rights = platform.recognise(session, webhook.owner_id)
    except NotFound:
        return None
    if not rights.permits(WEBHOOK_VIEW):
        return None
    return UnitOfWork(platform, session, author, organisation, rights)


def ask(unit: UnitOfWork, patterns: Sequence[str], call: Callable[[], R]) -> R:
    """Asks which events an author may see; the transaction outlives a rule that fails.

    Args:
        unit: the author, in a session that writes.
        patterns: the types that are asked for.
        call: asks the database by way of `events.visible`.

    Raises:
        RuleFailed: a plugin's rule raised, or made a statement that does. It is logged, and
            among the faults of its plugin.
    """
    try:
        with unit.session.begin_nested():
            return call()
    except Exception as error:
        raise RuleFailed(_blamed(unit, patterns, error)) from error


def _blamed(unit: UnitOfWork, patterns: Sequence[str], error: Exception) -> str:
    """Returns whose rule fails: each plugin is asked for its events alone."""
    names: dict[str, list[str]] = defaultdict(list)
    for found in unit.platform.plugins.collect(HOOK):
        if matches(patterns, found.value.name):
            names[found.plugin].append(found.value.name)
    for plugin, types in names.items():
        if not unit.guarded(plugin, QUESTION, partial(_one, unit, types)).ok:
            return plugin
    FAULTS.note(PLUGIN, QUESTION, error)
    log.error("events cannot be told", plugin=PLUGIN, exc_info=error)
    return PLUGIN


def _one(unit: UnitOfWork, types: Sequence[str]) -> Any:
    """Returns an event of some types that the author may see, if there is one."""
    return unit.session.execute(visible(unit, types).limit(1)).first()
