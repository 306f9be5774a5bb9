"""Pages of a list by keyset: as fast at the end of a million rows as at their beginning."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import partial
from typing import Any

import orjson
import sqlalchemy as sa

from calibrify_core.kernel.errors import Invalid, NotFound
from calibrify_core.persistence.types import UTCDateTime
from calibrify_core.records.kept import read_kept, read_kept_one
from calibrify_core.records.listing import ListField, ListRequest, ListSpec
from calibrify_core.records.selects import (
    Place,
    columns_of,
    fetch,
    filtered,
    hits,
    keyed,
    keys_of,
    least,
    narrowed,
)

COUNT_CAP = 10_001
SEAL_BYTES = 12


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list.

    Attributes:
        rows: the records as they are shown.
        next: cursor of the page after, None at the end.
        previous: cursor of the page before, None at the beginning.
        count: how many there are, if it was asked for.
        capped: whether there are more than ``count`` says.
    """

    rows: list[dict[str, Any]]
    next: str | None = None
    previous: str | None = None
    count: int | None = None
    capped: bool = False


def run_list(unit: Any, spec: ListSpec, request: ListRequest) -> Page:
    """Reads one page within the caller's scope.

    Args:
        unit: the unit of work.
        spec: the list.
        request: what is asked, from `listing.read_request`.

    Raises:
        Invalid: the cursor is not one of ours, or was made for another filter or ordering.
    """
    mark = _fingerprint(unit, spec, request)
    place = _decode(unit, request, mark) if request.cursor else None
    backwards = place is not None and place.backwards
    rows = read_kept(unit, spec, request, place)
    if rows is None:
        rows = _read_anew(unit, spec, request, place, backwards)
    more = len(rows) > request.limit
    rows = rows[: request.limit]
    if backwards:
        rows.reverse()
    after = bool(rows) and (more or backwards)
    before = bool(rows) and (place is not None if not backwards else more)
    count, capped = count_of(unit, spec, request)
    shaped = [spec.shape(row, unit) for row in rows]
    if request.fields is not None:
        wanted = (*request.fields, "id")
        shaped = [{name: row[name] for name in wanted if name in row} for row in shaped]
    return Page(
        shaped,
        _encode(unit, request, rows[-1], mark, backwards=False) if after else None,
        _encode(unit, request, rows[0], mark, backwards=True) if before else None,
        count,
        capped,
    )


def run_list_of(unit: Any, spec: ListSpec, name: str, value: Any, request: ListRequest) -> Page:
    """Reads one page of what belongs to one record, by a filter of the list.

    Args:
        unit: the unit of work.
        spec: the list.
        name: of the filter.
        value: the one that it has, whatever else was asked.
        request: what is asked.

    Raises:
        Invalid: the cursor is not one of ours, or was made for another filter or ordering.
    """
    if value not in request.filters.get(name, (value,)):
        return Page([])
    return run_list(unit, spec, replace(request, filters={**request.filters, name: (value,)}))


def _read_anew(
    unit: Any, spec: ListSpec, request: ListRequest, place: Place | None, backwards: bool
) -> list[Any]:
    """Reads the rows of a page by a statement that is made for this request alone."""
    order = tuple(step.text for step in request.ordering)
    run = partial(_found, unit, spec, order) if request.words else partial(_read, unit)
    names = (*request.filters, *(step.field.name for step in request.ordering))
    narrow = least(spec, names) if request.words else spec
    statement = narrowed(unit, narrow, request, keyed(narrow, order))
    return fetch(run, statement, keys_of(spec, request), place, backwards, request.limit + 1)


def _read(unit: Any, statement: sa.Select[Any], steps: Sequence[Any], limit: int) -> list[Any]:
    """Reads the rows of a page, names and all, in the order of an index."""
    return list(columns_of(unit, statement.order_by(*steps).limit(limit)).fetchall())


def _found(
    unit: Any,
    spec: ListSpec,
    order: tuple[str, ...],
    statement: sa.Select[Any],
    steps: Sequence[Any],
    limit: int,
) -> list[Any]:
    """Reads the rows of a page of hits."""
    return list(columns_of(unit, hits(spec, order, statement, steps, limit)).fetchall())


def count_of(unit: Any, spec: ListSpec, request: ListRequest) -> tuple[int | None, bool]:
    """Counts the rows that match, exactly or up to the cap."""
    if request.count is None:
        return None, False
    matching = filtered(unit, spec, request).with_only_columns(sa.literal(1).label("one"))
    options = matching.get_execution_options()
    if request.count == "capped":
        matching = matching.limit(COUNT_CAP)
    counting = sa.select(sa.func.count()).select_from(matching.subquery())
    found = int(unit.session.execute(counting.execution_options(**options)).scalar_one())
    if request.count == "capped" and found >= COUNT_CAP:
        return COUNT_CAP - 1, True
    return found, False


def find_row(unit: Any, spec: ListSpec, identifier: uuid.UUID) -> Any:
    """Returns the row of one record, with the columns of its list.

    Raises:
        NotFound: it does not exist, or lies outside of the scope.
    """
    row = read_kept_one(unit, spec, identifier)
    if row is None:
        raise NotFound
    return row


def _fingerprint(unit: Any, spec: ListSpec, request: ListRequest) -> str:
    """Returns a short hash of list, filters and ordering: a cursor holds for these alone."""
    facts = [
        str(unit.organisation.id),
        spec.model.__tablename__,
        spec.permission,
        sorted((name, [str(v) for v in values]) for name, values in request.filters.items()),
        request.q,
        [step.text for step in request.ordering],
    ]
    return hashlib.blake2b(orjson.dumps(facts), digest_size=8).hexdigest()


def _encode(unit: Any, request: ListRequest, row: Any, mark: str, *, backwards: bool) -> str:
    """Makes the signed cursor of a row, for the list with a fingerprint."""
    values = [getattr(row, f"key{index}") for index in range(len(request.ordering) + 1)]
    plain = [_plain(value) for value in values[:-1]]
    facts = {
        "v": plain,
        "i": values[-1],
        "b": int(backwards),
        "f": mark,
    }
    body = orjson.dumps(facts)
    seal = _seal(unit, body)
    return base64.urlsafe_b64encode(seal + body).decode().rstrip("=")


def _seal(unit: Any, body: bytes) -> bytes:
    """Returns the signature of a cursor, by keyed BLAKE2 (RFC 7693)."""
    return hashlib.blake2b(body, key=unit.platform.keys.cursor, digest_size=SEAL_BYTES).digest()


def _decode(unit: Any, request: ListRequest, mark: str) -> Place:
    """Reads a cursor and checks that it is ours and fits the list with a fingerprint."""
    text = request.cursor or ""
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise Invalid.field("/query/cursor", "This is no cursor of this list.") from None
    if not hmac.compare_digest(raw[:SEAL_BYTES], _seal(unit, raw[SEAL_BYTES:])):
        raise Invalid.field("/query/cursor", "This is no cursor of this list.")
    facts = orjson.loads(raw[SEAL_BYTES:])
    if facts["f"] != mark:
        detail = "The filters or the ordering changed since this cursor was made; start again."
        raise Invalid.field("/query/cursor", detail)
    fields = [step.field for step in request.ordering]
    values = tuple(_restored(f, v) for f, v in zip(fields, facts["v"], strict=True))
    return Place(values, uuid.UUID(facts["i"]), bool(facts["b"]))


def _restored(item: ListField, value: Any) -> Any:
    """Turns a cursor's value back into the type of its ordering."""
    key_type = item.order_key.type
    if not isinstance(value, str):
        return value
    if isinstance(key_type, sa.Date):
        return date.fromisoformat(value)
    if isinstance(key_type, sa.Uuid):
        return uuid.UUID(value)
    if isinstance(key_type, UTCDateTime):
        return datetime.fromisoformat(value)
    return value


def _plain(value: Any) -> Any:
    """Turns a value of an ordering into a JSON value."""
    if isinstance(value, uuid.UUID):
        return str(value)
    return value.isoformat() if isinstance(value, date | datetime) else value
