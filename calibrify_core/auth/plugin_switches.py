"""Switching plugins off and on for one organisation; what others have is untouched."""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa

from calibrify_core.auth.permissions import PLUGIN_MANAGE
from calibrify_core.hooks.manager import Plugin
from calibrify_core.kernel.errors import Conflict, NotFound
from calibrify_core.tasks.outbox import OutboxRow
from calibrify_core.work.organisation import PLUGINS_OFF, Organisation
from calibrify_core.work.unit import UnitOfWork


def organisation_of(unit: UnitOfWork) -> Organisation:
    """Returns the organisation's row, whose version a change of the switches counts up."""
    statement = sa.select(Organisation).where(Organisation.id == unit.organisation.id)
    return unit.session.scalars(statement).one()


def switch(unit: UnitOfWork, name: str, *, enabled: bool) -> Organisation:
    """Switches a running plugin off or on for the organisation, from the next request on.

    Its data stay. What it does within the transactions of others goes on, so that it is whole
    when it is switched on again; its tasks wait meanwhile.

    Args:
        unit: the unit of work.
        name: of the plugin.
        enabled: whether it is to run for the organisation.

    Returns:
        The organisation as it is afterwards.

    Raises:
        Forbidden: the caller may not decide for the whole organisation.
        NotFound: no such plugin runs here.
        Conflict: it is the core, or others need it (``needed_by``), or it needs others that are
            switched off (``needs``).
    """
    unit.access.require_everywhere(PLUGIN_MANAGE)
    plugin = unit.platform.plugins.whole.get(name)
    if plugin is None:
        raise NotFound(f"No plugin {name} runs here.")
    if name == "core":
        raise Conflict("The core cannot be switched off.")
    statement = sa.select(Organisation).where(Organisation.id == unit.organisation.id)
    organisation = unit.session.scalars(
        statement.with_for_update().execution_options(populate_existing=True)
    ).one()
    off = set(organisation.policies.get(PLUGINS_OFF, ()))
    if enabled:
        _check_needs(plugin, off)
        _wake(unit, name)
        off.discard(name)
    else:
        _check_needed_by(unit, plugin, off)
        off.add(name)
    organisation.policies = {**organisation.policies, PLUGINS_OFF: sorted(off)}
    unit.session.flush()
    return organisation


def _check_needs(plugin: Plugin, off: set[str]) -> None:
    """Refuses to switch on what could not work."""
    missing = [name for name in plugin.needs if name in off]
    if missing:
        raise Conflict(
            f"The plugin {plugin.name} needs {_listed(missing)}, which is switched off: switch "
            f"that on first.",
            needs=missing,
        )


def _check_needed_by(unit: UnitOfWork, plugin: Plugin, off: set[str]) -> None:
    """Refuses to switch off what others stand on."""
    above = [n for n in unit.platform.plugins.whole.needed_by(plugin.name) if n not in off]
    if above:
        raise Conflict(
            f"The plugin {plugin.name} is needed by {_listed(above)}: switch that off first.",
            needed_by=above,
        )


def _wake(unit: UnitOfWork, name: str) -> None:
    """Lets the tasks go on that waited while the plugin was switched off."""
    tasks = [
        one.value.name
        for one in unit.platform.plugins.whole.collect("calibrify_tasks")
        if one.plugin == name
    ]
    unit.session.execute(
        sa.update(OutboxRow)
        .where(OutboxRow.organisation_id == unit.organisation.id, OutboxRow.state == "open")
        .where(OutboxRow.task.in_(tasks), OutboxRow.error.is_not(None))
        .values(not_before=datetime.now(UTC))
    )


def _listed(names: list[str]) -> str:
    """Returns names as a sentence lists them."""
    return " and ".join(names)
