"""The background task that starts connectors whose time has come."""

from __future__ import annotations

import sqlalchemy as sa

from calibrify_core.hooks.declarations import TaskContext
from calibrify_core.kernel.errors import Conflict
from calibrify_core.persistence.scoping import unscoped
from calibrify_integration.models.connector import Connector
from calibrify_integration.services.connectors import start

TASK = "integration.start_connectors"
EVERY_SECONDS = 60
MOST = 200
BECAUSE = "the clock starts connectors of every organisation"


def start_connectors(context: TaskContext) -> None:
    """Starts the connectors that are due, each in a unit of its own organisation."""
    with context.unit(write=False) as unit:
        platform = unit.platform
        houses = [found.id for found in platform.organisations("integration")]
        statement = (
            sa.select(Connector.id, Connector.organisation_id)
            .where(
                Connector.enabled,
                Connector.next_run_at <= unit.clock.now(),
                Connector.organisation_id.in_(houses),
            )
            .order_by(Connector.next_run_at)
            .limit(MOST)
        )
        due = unit.session.execute(unscoped(statement, Connector, because=BECAUSE)).all()
    for connector_id, organisation_id in due:
        with platform.unit(organisation_id) as unit:
            whole = sa.select(Connector).where(
                Connector.id == connector_id, Connector.next_run_at <= unit.clock.now()
            )
            marked = unscoped(whole, Connector, because=BECAUSE)
            connector = unit.session.scalars(marked).one_or_none()
            if connector is None:
                continue
            try:
                start(unit, connector)
            except Conflict:
                continue  # it still runs; its end says when it runs next
