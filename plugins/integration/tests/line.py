"""A webhook of a plant, and the receiver at its other end."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from standardwebhooks import Webhook as Verifier

from calibrify_integration.models.delivery import Delivery
from calibrify_integration.models.webhook import Webhook
from calibrify_integration.services import courier
from calibrify_integration.services.sequence import draw_positions
from plugins.integration.tests.plant import API, Plant
from plugins.integration.tests.receiver import Receiver

HOOKS = f"{API}webhooks/"
ONE = {"event_types": ["equipment.registered", "equipment.transitioned"]}


@dataclass
class Line:
    """A plant, a receiver on loopback, and a webhook between them."""

    plant: Plant
    receiver: Receiver
    hook: Any = field(init=False)

    def __post_init__(self) -> None:
        body = {"url": self.receiver.url(), **ONE}
        self.hook = self.plant.administrator.post_json(HOOKS, body, status=201).json

    @property
    def url(self) -> str:
        return f"{HOOKS}{self.hook['id']}/"

    def pass_on(self) -> int:
        """Does what the chores of a relay do; returns how many tries it took."""
        draw_positions(self.plant.platform)
        return courier.deliver_due(self.plant.platform)

    def let_pass(self, span: timedelta) -> None:
        """Lets the time go by until the next tries."""
        moments: list[Any] = [
            Delivery.__table__.c.next_attempt_at,
            Webhook.__table__.c.held_until,
        ]
        with self.plant.platform.unit() as unit:
            connection = unit.session.connection()
            for column in moments:
                kept = sa.select(column.table.c.id, column).where(column.is_not(None))
                for identifier, moment in connection.execute(kept).all():
                    mine = sa.update(column.table).where(column.table.c.id == identifier)
                    connection.execute(mine.values({column.name: moment - span}))

    def deliveries(self, **asked: Any) -> list[Any]:
        listed = self.plant.administrator.get(f"{self.url}deliveries/", asked).json
        found: list[Any] = listed["results"]
        return found

    def heard(self) -> list[Any]:
        """Returns the events that arrived, their signatures verified."""
        secret = Verifier(self.hook["secret"])
        return [secret.verify(one.body, one.headers) for one in self.receiver.heard]
