"""Domain events: told to subscribers within the transaction, or after its commit."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from typing import Any, get_args, get_origin, get_type_hints

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm.exc import StaleDataError

from calibrify_core.hooks.declarations import EVERY, Subscriber
from calibrify_core.hooks.manager import Contribution
from calibrify_core.kernel.errors import CalibrifyError, PluginFailed
from calibrify_core.observability.guard import guarded
from calibrify_core.persistence.passing import is_passing

DELIVER = "core.deliver_event"


# What these say is for who asked: a refusal of the trade, or that somebody else was first.
TOLD = (CalibrifyError, IntegrityError, StaleDataError)


def publish(unit: Any, subscribers: Iterable[Contribution], event: Any) -> None:
    """Tells an event: calls those ``within``, and enqueues one delivery per ``after``.

    What a plugin does within the transaction keeps its own rows in step with the records, so it
    is called too where the organisation has switched the plugin off: once it is switched on
    again, it is whole.

    Args:
        unit: the unit of work in whose transaction the event happened.
        subscribers: all that are declared, with their plugins.
        event: a frozen dataclass of plain values.

    Raises:
        PluginFailed: a subscriber within the transaction failed; its plugin is named, and the
            whole transaction is undone.
    """
    for contribution in subscribers:
        subscriber: Subscriber = contribution.value
        if subscriber.event not in (type(event), EVERY):
            continue
        if subscriber.when == "within":
            _call(contribution, event, unit)
        elif contribution.plugin in unit.platform.plugins.names:
            payload = {"subscriber": name_of(subscriber), "event": to_data(event)}
            unit.enqueue(DELIVER, payload)


def _call(contribution: Contribution, event: Any, unit: Any) -> None:
    """Calls a subscriber within the transaction, timed; what it raises undoes everything."""
    what = heard_by(contribution.value)
    outcome = guarded(contribution.plugin, what, partial(contribution.value.run, event, unit))
    if outcome.error is None:
        return
    if isinstance(outcome.error, TOLD) or is_passing(outcome.error):
        raise outcome.error
    raise PluginFailed(
        f"The plugin {contribution.plugin} failed while it followed {type(event).__name__}; "
        f"nothing was changed."
    ) from outcome.error


def heard_by(subscriber: Subscriber) -> str:
    """Returns under which name a subscriber is timed and logged."""
    return f"{subscriber.run.__name__} of {subscriber.event.__name__}"


def name_of(subscriber: Subscriber) -> str:
    """Returns the stable name of a subscriber: where its function is defined, and for what."""
    function = subscriber.run
    return f"{function.__module__}.{function.__qualname__}:{subscriber.event.__name__}"


def to_data(event: Any) -> dict[str, Any]:
    """Turns an event into JSON values.

    Args:
        event: a dataclass of texts, numbers, ids, decimals, dates, moments and tuples of one
            kind of these; each may be None.
    """
    return {field.name: _plain(getattr(event, field.name)) for field in dataclasses.fields(event)}


def from_data(kind: type[Any], data: Mapping[str, Any]) -> Any:
    """Turns JSON values back into the event.

    Members that the class no longer has are left out: an event may have been written before an
    upgrade and be delivered after it.
    """
    hints = get_type_hints(kind)
    names = [field.name for field in dataclasses.fields(kind) if field.name in data]
    return kind(**{name: _typed(hints[name], data[name]) for name in names})


def _plain(value: Any) -> Any:
    """Turns one member into a JSON value."""
    if isinstance(value, uuid.UUID | Decimal):
        return str(value)
    if isinstance(value, date | datetime):
        return value.isoformat()
    return [_plain(item) for item in value] if isinstance(value, tuple) else value


_PARSERS: Mapping[Any, Callable[[str], Any]] = {
    uuid.UUID: uuid.UUID,
    Decimal: Decimal,
    datetime: datetime.fromisoformat,
    date: date.fromisoformat,
}


def _typed(hint: Any, value: Any) -> Any:
    """Turns one JSON value back into the member's type; of a union, the part that it fits."""
    kinds = (hint, *get_args(hint))
    if isinstance(value, list):
        whole = next((kind for kind in kinds if get_origin(kind) is tuple), None)
        inner = get_args(whole)[0] if whole is not None else None
        return tuple(_typed(inner, item) for item in value)
    if isinstance(value, str):
        parse = next((_PARSERS[kind] for kind in kinds if kind in _PARSERS), None)
        return value if parse is None else parse(value)
    return value
