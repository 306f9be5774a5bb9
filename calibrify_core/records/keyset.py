"""Pages of a list by keyset: as fast at the end of a million rows as at their beginning."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache, partial
from typing import Any

import sqlalchemy as sa
from sqlalchemy.util import immutabledict

from calibrify_core.kernel.errors import Invalid, NotFound
from calibrify_core.persistence.scoping import unscoped
from calibrify_core.persistence.types import UTCDateTime
from calibrify_core.records.constructs import one_of
from calibrify_core.records.listing import ListField, ListRequest, ListSpec, Ordering

COUNT_CAP = 10_001
PLAIN: Any = immutabledict()
# Reads at most so many rows of a statement, in the order of some steps.
Run = Callable[[sa.Select[Any], Sequence[Any], int], list[Any]]


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


@dataclass(frozen=True, slots=True)
class _Place:
    """A decoded cursor: the row to go on from, and in which direction."""

    values: tuple[Any, ...]
    id: uuid.UUID
    backwards: bool


def run_list(unit: Any, spec: ListSpec, request: ListRequest) -> Page:
    """Reads one page within the caller's scope.

    Args:
        unit: the unit of work.
        spec: the list.
        request: what is asked, from `listing.read_request`.

    Raises:
        Invalid: the cursor is not one of ours, or was made for another filter or ordering.
    """
    place = _decode(unit, spec, request) if request.cursor else None
    backwards = place is not None and place.backwards
    keys = _keys(spec, request)
    order = tuple(step.text for step in request.ordering)
    run = partial(_found, unit, spec, order) if request.words else partial(_read, unit)
    narrow = _least(spec, request) if request.words else spec
    statement = _narrowed(unit, narrow, request, _keyed(narrow, order))
    rows = _fetch(run, statement, keys, place, backwards, request.limit + 1)
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
        _encode(unit, spec, request, rows[-1], backwards=False) if after else None,
        _encode(unit, spec, request, rows[0], backwards=True) if before else None,
        count,
        capped,
    )


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
    """Reads the rows of a page of hits: thousands may be sorted, names are joined to a page."""
    ids = statement.with_only_columns(spec.key).order_by(*steps).limit(limit).correlate(None)
    whole = _keyed(spec, order).where(one_of(spec.key, ids.scalar_subquery())).order_by(*steps)
    return list(columns_of(unit, whole).fetchall())


def _least(spec: ListSpec, request: ListRequest) -> ListSpec:
    """Returns the list with the fewest joins that filters and ordering can do with."""
    core = spec.core
    if core is None or spec.where is not None:
        return spec
    own = {*request.filters, *(step.field.name for step in request.ordering)} <= {*core.fields}
    return core if own else spec


def filtered(unit: Any, spec: ListSpec, request: ListRequest) -> sa.Select[Any]:
    """Returns the select of all rows that match, cut to the scope, without an ordering."""
    return _narrowed(unit, spec, request, _everything(spec))


@lru_cache(maxsize=64)
def _everything(spec: ListSpec) -> sa.Select[Any]:
    """Returns the select of a list without conditions; making it anew each time is costly."""
    statement = sa.select(*spec.columns).select_from(spec.source)
    if spec.joined:
        statement = unscoped(statement, *spec.joined, because="shown with the record itself")
    return statement


@lru_cache(maxsize=512)
def _keyed(spec: ListSpec, order: tuple[str, ...]) -> sa.Select[Any]:
    """Returns the same with the values that cursors are made of, for one ordering."""
    steps = tuple(
        Ordering(spec.fields[text.removeprefix("-")], text.startswith("-")) for text in order
    )
    keys = _keys(spec, ListRequest(ordering=steps))
    labelled = (key.label(f"_k{index}") for index, (key, _, _) in enumerate(keys))
    return _everything(spec).add_columns(*labelled)


def _narrowed(
    unit: Any, spec: ListSpec, request: ListRequest, statement: sa.Select[Any]
) -> sa.Select[Any]:
    """Cuts a select of the list to the scope and to what the request asks for."""
    statement = unit.restrict(statement, spec.model, spec.permission)
    conditions = list(spec.where(unit)) if spec.where else []
    for name, values in request.filters.items():
        conditions.append(_condition(unit, spec, name, values))
    if spec.search is not None:
        conditions += [spec.search(word) for word in request.words]
    return statement.where(*conditions) if conditions else statement


def ordered(unit: Any, spec: ListSpec, request: ListRequest) -> sa.Select[Any]:
    """Returns the select of all rows that match, in order: for exports."""
    statement = filtered(unit, spec, request)
    for key, descending, nullable in _keys(spec, request):
        statement = statement.order_by(_directed(key, descending, nullable))
    return statement


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


def _condition(unit: Any, spec: ListSpec, name: str, values: Sequence[Any]) -> Any:
    """Returns the condition of one filter."""
    item = spec.fields.get(name)
    if item is None:
        bound = "_from" if name.endswith("_from") else "_to"
        column = spec.fields[name.removesuffix(bound)].column
        return sa.and_(*(column >= v if bound == "_from" else column <= v for v in values))
    if item.matches is not None:
        return item.matches(values, unit)
    if len(values) == 1:
        return item.column == values[0]
    return item.column.in_(values)


def _keys(spec: ListSpec, request: ListRequest) -> list[tuple[Any, bool, bool]]:
    """Returns (expression, descending, nullable) of each step, the id last."""
    keys = [
        (step.field.order_key, step.descending, step.field.nullable) for step in request.ordering
    ]
    first = bool(request.ordering) and request.ordering[0].descending
    return [*keys, (spec.key, first, False)]


def _directed(key: Any, descending: bool, nullable: bool) -> Any:
    """Returns an ORDER BY step, with NULL last either way where there can be one."""
    step = key.desc() if descending else key.asc()
    return step.nulls_last() if nullable else step


def _fetch(
    run: Run,
    statement: sa.Select[Any],
    keys: list[tuple[Any, bool, bool]],
    place: _Place | None,
    backwards: bool,
    limit: int,
) -> list[Any]:
    """Fetches a page; a nullable first key is read in two segments, so that an index serves it."""
    values = (*place.values, place.id) if place else None
    if not keys[0][2]:
        return _segment(run, statement, keys, values, backwards, limit)
    key = keys[0][0]
    present = (statement.where(key.is_not(None)), [(key, keys[0][1], False), *keys[1:]], 0)
    absent = (statement.where(key.is_(None)), keys[1:], 1)
    segments = [absent, present] if backwards else [present, absent]
    if values is not None:
        inside = 1 if values[0] is None else 0
        start = next(i for i, segment in enumerate(segments) if segment[2] == inside)
        segments = segments[start:]
    rows: list[Any] = []
    for index, (part, part_keys, kind) in enumerate(segments):
        here = values if index == 0 else None
        if here is not None and kind == 1:
            here = here[1:]
        rows += _segment(run, part, part_keys, here, backwards, limit - len(rows))
        if len(rows) >= limit:
            break
    return rows


def _segment(
    run: Run,
    statement: sa.Select[Any],
    keys: list[tuple[Any, bool, bool]],
    values: Sequence[Any] | None,
    backwards: bool,
    limit: int,
) -> list[Any]:
    """Fetches the rows of one segment after (or before) a place."""
    steps = [(key, descending != backwards, nullable) for key, descending, nullable in keys]
    if values is not None:
        bound = [
            None if value is None else sa.literal(value, type_=step[0].type)
            for step, value in zip(steps, values, strict=True)
        ]
        statement = statement.where(_beyond(steps, bound, backwards))
    directed = []
    for key, descending, nullable in steps:
        step = key.desc() if descending else key.asc()
        if nullable:
            step = step.nulls_first() if backwards else step.nulls_last()
        directed.append(step)
    return run(statement, directed, limit)


def columns_of(
    unit: Any, statement: sa.Select[Any], parameters: Mapping[str, Any] | None = None
) -> Any:
    """Executes a select of columns past the mapper, whose detour costs more than the database.

    Args:
        unit: the unit of work.
        statement: cut to the scope already; only columns are selected, no objects.
        parameters: values of its bind parameters.
    """
    statement._propagate_attrs = PLAIN
    return unit.session.connection().execute(statement, parameters)


def find_row(unit: Any, spec: ListSpec, identifier: uuid.UUID) -> Any:
    """Returns the row of one record, with the columns of its list.

    Raises:
        NotFound: it does not exist, or lies outside of the scope.
    """
    statement = _everything(spec).where(spec.key == identifier)
    row = columns_of(unit, unit.restrict(statement, spec.model, spec.permission)).one_or_none()
    if row is None:
        raise NotFound
    return row


def _beyond(
    steps: list[tuple[Any, bool, bool]], values: Sequence[Any], backwards: bool
) -> sa.ColumnElement[bool]:
    """Returns the condition for rows that lie beyond a place, of bound values or None."""
    one_way = len({descending for _, descending, _ in steps}) == 1
    if one_way and not any(nullable for _, _, nullable in steps):
        left = sa.tuple_(*(key for key, _, _ in steps))
        right = sa.tuple_(*values)
        return left < right if steps[0][1] else left > right
    (key, descending, nullable), *rest = steps
    value = values[0]
    if value is None:
        equal, beyond = key.is_(None), key.is_not(None) if backwards else sa.false()
    else:
        equal = key == value
        beyond = key < value if descending else key > value
        if nullable and not backwards:
            beyond = sa.or_(beyond, key.is_(None))
    if not rest:
        return beyond
    return sa.or_(beyond, sa.and_(equal, _beyond(rest, values[1:], backwards)))


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
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:16]


def _encode(unit: Any, spec: ListSpec, request: ListRequest, row: Any, *, backwards: bool) -> str:
    """Makes the signed cursor of a row."""
    values = [getattr(row, f"_k{index}") for index in range(len(request.ordering) + 1)]
    plain = [_plain(value) for value in values[:-1]]
    facts = {
        "v": plain,
        "i": str(values[-1]),
        "b": int(backwards),
        "f": _fingerprint(unit, spec, request),
    }
    body = json.dumps(facts, separators=(",", ":")).encode()
    seal = hmac.digest(unit.platform.keys.cursor, body, "sha256")[:12]
    return base64.urlsafe_b64encode(seal + body).decode().rstrip("=")


def _decode(unit: Any, spec: ListSpec, request: ListRequest) -> _Place:
    """Reads a cursor and checks that it is ours and fits the request."""
    text = request.cursor or ""
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise Invalid.field("/query/cursor", "This is no cursor of this list.") from None
    expected = hmac.digest(unit.platform.keys.cursor, raw[12:], "sha256")[:12]
    if not hmac.compare_digest(raw[:12], expected):
        raise Invalid.field("/query/cursor", "This is no cursor of this list.")
    facts = json.loads(raw[12:])
    if facts["f"] != _fingerprint(unit, spec, request):
        detail = "The filters or the ordering changed since this cursor was made; start again."
        raise Invalid.field("/query/cursor", detail)
    fields = [step.field for step in request.ordering]
    values = tuple(_restored(f, v) for f, v in zip(fields, facts["v"], strict=True))
    return _Place(values, uuid.UUID(facts["i"]), bool(facts["b"]))


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
