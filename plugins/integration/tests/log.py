"""The log of events, as tests read it and write into it."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from calibrify_core.persistence.scoping import unscoped
from calibrify_core.testing.client import ApiClient
from calibrify_core.work.platform import Platform
from calibrify_core.worker import make_chores
from calibrify_integration.models.event import Event
from plugins.integration.tests.plant import API, Plant

FEED = f"{API}events/"


def feed(client: ApiClient, **asked: Any) -> Any:
    """Asks for a piece of the feed."""
    return client.get(FEED, asked).json


def ordered(plant: Plant) -> str:
    """Draws what waits; returns the cursor of the end."""
    for chore in make_chores(plant.platform):
        chore()
    with plant.platform.session(write=False) as session:
        end = unscoped(sa.select(sa.func.max(Event.position)), Event, because="a number")
        return str(session.execute(end).scalar() or 0)


def insert(platform: Platform, identifier: uuid.UUID, at: datetime) -> None:
    """Writes an event as a transaction does that began long ago."""
    with platform.unit() as unit:
        row = {
            "id": identifier,
            "organisation_id": unit.organisation.id,
            "type": "equipment.retired",
            "subject_id": uuid.uuid4(),
            "data": {},
            "at": at,
            "actor_kind": "system",
            "actor_name": "Calibrify",
        }
        unit.session.execute(sa.insert(Event.__table__), row)
