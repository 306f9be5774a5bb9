"""A webhook of a plant, and the receiver at its other end."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from standardwebhooks import Webhook as Verifier

from calibrify_integration.models.delivery import Delivery
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
        table: Any = Delivery.__table__
        with self.plant.platform.unit() as unit:
            for row in unit.session.connection().execute(sa.select(table)).all():
                values = {"next_attempt_at": row.next_attempt_at - span}
                changed = sa.update(table).where(table.c.id == row.id).values(**values)
                unit.session.connection().execute(changed)

    def deliveries(self, **asked: Any) -> list[Any]:
        listed = self.plant.administrator.get(f"{self.url}deliveries/", asked).json
        found: list[Any] = listed["results"]
        return found

    def heard(self) -> list[Any]:
        """Returns the events that arrived, their signatures verified."""
        secret = Verifier(self.hook["secret"])
        return [secret.verify(one.body, one.headers) for one in self.receiver.heard]
