"""Delivering events after their commit: the task behind subscribers that hear later."""

from __future__ import annotations

from functools import partial

from calibrify_core.events import bus
from calibrify_core.hooks.declarations import TaskContext
from calibrify_core.kernel.errors import NotFound
from calibrify_core.observability.guard import guarded

DELIVER = bus.DELIVER


def deliver_event(context: TaskContext) -> None:
    """Tells one event to one subscriber, in a unit of work of its own.

    Raises:
        NotFound: no enabled plugin has this subscriber any more; the delivery is parked.
    """
    with context.unit() as unit:
        wanted = context.payload["subscriber"]
        for contribution in unit.platform.plugins.collect("calibrify_subscribers"):
            subscriber = contribution.value
            if bus.name_of(subscriber) == wanted:
                event = bus.from_data(subscriber.event, context.payload["event"])
                call = partial(subscriber.run, event, unit)
                outcome = guarded(contribution.plugin, bus.heard_by(subscriber), call)
                if outcome.error is not None:
                    raise outcome.error
                return
    raise NotFound(f"No enabled plugin declares the subscriber {wanted}.")
