"""A process that dies while it delivers: the same delivery goes out again."""

from __future__ import annotations

import subprocess
import threading
import uuid
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from calibrify_core.persistence.base import utc_now
from calibrify_core.testing.processes import calibrify, free_port, killed_when
from calibrify_integration.models.delivery import Delivery
from calibrify_integration.services import courier
from calibrify_integration.services.sequence import draw_positions
from plugins.integration.tests.plant import API, Plant
from plugins.integration.tests.receiver import answer, receiving


def serve(plant: Plant) -> subprocess.Popen[bytes]:
    return calibrify(
        plant.platform.settings,
        "serve",
        "--port",
        str(free_port()),
        plugins="equipment,integration",
        integration__allowed_networks="127.0.0.0/8",
    )


def test_what_a_dead_process_carried_goes_out_again_under_the_same_id(connected: Plant) -> None:
    client, never = connected.administrator, threading.Event()
    with receiving() as receiver:
        body = {"url": receiver.url(), "event_types": ["equipment.registered"]}
        hook = client.post_json(f"{API}webhooks/", body, status=201).json
        receiver.behaviour = lambda _handler, _heard: never.wait(60)
        made = connected.instrument()
        killed_when(serve(connected), lambda: receiver.heard)

        receiver.behaviour = answer()
        draw_positions(connected.platform)
        assert courier.deliver_due(connected.platform) == 0, "the lease still holds"
        table: Any = Delivery.__table__
        with connected.platform.unit() as unit:
            ours = sa.update(table).where(table.c.webhook_id == uuid.UUID(hook["id"]))
            past = utc_now() - timedelta(seconds=1)
            unit.session.connection().execute(ours.values(lease_until=past))
        assert courier.deliver_due(connected.platform) == 1

        first, second = receiver.heard
        assert first.headers["webhook-id"] == second.headers["webhook-id"]
        assert first.body == second.body
        assert made["id"].encode() in second.body
        never.set()
        client.delete(f"{API}webhooks/{hook['id']}/", status=204)
