"""Delivering events after their commit: the task behind subscribers that hear later."""

from __future__ import annotations

from typing import Any

from calibrify_core.events import bus
from calibrify_core.hooks.declarations import TaskContext
from calibrify_core.kernel.errors import NotFound

DELIVER = bus.DELIVER


def deliver_event(context: TaskContext) -> None:
    """Tells one event to one subscriber, in a unit of work of its own.

    Raises:
        NotFound: no enabled plugin has this subscriber any more; the delivery is parked.
    """
    with context.unit() as unit:
        wanted = context.payload["subscriber"]
        subscribers: list[Any] = unit.platform.plugins.values("calibrify_subscribers")
        for subscriber in subscribers:
            if bus.name_of(subscriber) == wanted:
                event = bus.from_data(subscriber.event, context.payload["event"])
                subscriber.run(event, unit)
                return
    raise NotFound(f"No enabled plugin declares the subscriber {wanted}.")
