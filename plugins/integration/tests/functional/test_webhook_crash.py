"""A process that dies while it delivers: the same delivery goes out again."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
import uuid
from datetime import timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from calibrify_core.persistence.base import utc_now
from calibrify_core.testing.processes import free_port
from calibrify_integration.models.delivery import Delivery
from calibrify_integration.services import courier
from calibrify_integration.services.sequence import draw_positions
from plugins.integration.tests.plant import API, Plant
from plugins.integration.tests.receiver import answer, receiving


def serve(plant: Plant) -> subprocess.Popen[bytes]:
    settings = plant.platform.settings
    given = {
        "CALIBRIFY_DATA_DIR": str(settings.data_dir),
        "CALIBRIFY_DATABASE_URL": settings.resolved_database_url,
        "CALIBRIFY_SECRET_KEY": settings.secret_key,
        "CALIBRIFY_ENVIRONMENT": "testing",
        "CALIBRIFY_PLUGINS": "equipment,integration",
        "CALIBRIFY_INTEGRATION__ALLOWED_NETWORKS": "127.0.0.0/8",
    }
    program = str(Path(sys.executable).with_name("calibrify"))
    command = [program, "serve", "--port", str(free_port())]
    return subprocess.Popen(command, env=os.environ | given, stdout=subprocess.DEVNULL)


def test_what_a_dead_process_carried_goes_out_again_under_the_same_id(connected: Plant) -> None:
    client, never = connected.administrator, threading.Event()
    with receiving() as receiver:
        body = {"url": receiver.url(), "event_types": ["equipment.registered"]}
        hook = client.post_json(f"{API}webhooks/", body, status=201).json
        receiver.behaviour = lambda _handler, _heard: never.wait(60)
        made = connected.instrument()
        process = serve(connected)
        try:
            until = time.monotonic() + 60
            while not receiver.heard:
                assert time.monotonic() < until
                time.sleep(0.02)
        finally:
            process.kill()
            process.wait()

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
