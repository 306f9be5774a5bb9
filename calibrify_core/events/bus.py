"""Domain events: told to subscribers within the transaction, or after its commit."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, get_type_hints

from calibrify_core.hooks.declarations import Subscriber

DELIVER = "core.deliver_event"


def publish(unit: Any, subscribers: Iterable[Subscriber], event: Any) -> None:
    """Tells an event: calls those ``within``, and enqueues one delivery per ``after``.

    Args:
        unit: the unit of work in whose transaction the event happened.
        subscribers: all that are declared.
        event: a frozen dataclass of plain values.
    """
    for subscriber in subscribers:
        if subscriber.event is not type(event):
            continue
        if subscriber.when == "within":
            subscriber.run(event, unit)
        else:
            payload = {"subscriber": name_of(subscriber), "event": to_data(event)}
            unit.enqueue(DELIVER, payload)


def name_of(subscriber: Subscriber) -> str:
    """Returns the stable name of a subscriber: where its function is defined, and for what."""
    function = subscriber.run
    return f"{function.__module__}.{function.__qualname__}:{subscriber.event.__name__}"


def to_data(event: Any) -> dict[str, Any]:
    """Turns an event into JSON values."""
    return {field.name: _plain(getattr(event, field.name)) for field in dataclasses.fields(event)}


def from_data(kind: type[Any], data: Mapping[str, Any]) -> Any:
    """Turns JSON values back into the event."""
    hints = get_type_hints(kind)
    return kind(**{name: _typed(hints[name], value) for name, value in data.items()})


def _plain(value: Any) -> Any:
    """Turns one member into a JSON value."""
    if isinstance(value, uuid.UUID | Decimal):
        return str(value)
    if isinstance(value, date | datetime):
        return value.isoformat()
    return list(value) if isinstance(value, tuple) else value


def _typed(hint: Any, value: Any) -> Any:
    """Turns one JSON value back into the member's type."""
    kinds = getattr(hint, "__args__", (hint,))
    if value is None:
        return None
    for kind, parse in (
        (uuid.UUID, uuid.UUID),
        (Decimal, Decimal),
        (datetime, datetime.fromisoformat),
        (date, date.fromisoformat),
    ):
        if kind in kinds and isinstance(value, str):
            return parse(value)
    return tuple(value) if isinstance(value, list) else value
