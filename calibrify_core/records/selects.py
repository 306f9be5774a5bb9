"""The selects of a list: what is read, within which scope, in which order, from which place."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.util import immutabledict

from calibrify_core.persistence.scoping import unscoped
from calibrify_core.records.constructs import id_text, one_of
from calibrify_core.records.listing import ListRequest, ListSpec

PLAIN: Any = immutabledict()
# Reads at most so many rows of a statement, in the order of some steps.
Run = Callable[[sa.Select[Any], Sequence[Any], int], list[Any]]


@dataclass(frozen=True, slots=True)
class Place:
    """A decoded cursor: the row to go on from, and in which direction."""

    values: tuple[Any, ...]
    id: Any
    backwards: bool


def filtered(unit: Any, spec: ListSpec, request: ListRequest) -> sa.Select[Any]:
    """Returns the select of all rows that match, cut to the scope, without an ordering."""
    return narrowed(unit, spec, request, everything(spec))


@lru_cache(maxsize=64)
def everything(spec: ListSpec) -> sa.Select[Any]:
    """Returns the select of a list without conditions; making it anew each time is costly."""
    statement = sa.select(*spec.columns).select_from(spec.source)
    if spec.joined:
        statement = unscoped(statement, *spec.joined, because="shown with the record itself")
    return statement


@lru_cache(maxsize=512)
def keyed(spec: ListSpec, order: tuple[str, ...]) -> sa.Select[Any]:
    """Returns the same with the values that cursors are made of, for one ordering."""
    steps = tuple(spec.step(text) for text in order)
    keys = keys_of(spec, ListRequest(ordering=steps))
    labelled = (
        (id_text(key) if isinstance(key.type, sa.Uuid) else key).label(f"key{index}")
        for index, (key, _, _) in enumerate(keys)
    )
    return everything(spec).add_columns(*labelled)


def narrowed(
    unit: Any, spec: ListSpec, request: ListRequest, statement: sa.Select[Any]
) -> sa.Select[Any]:
    """Cuts a select of the list to the scope and to what the request asks for."""
    statement = unit.restrict(statement, spec.model, spec.permission)
    conditions = list(spec.where(unit) if callable(spec.where) else spec.where)
    for name, values in request.filters.items():
        conditions.append(_condition(unit, spec, name, values))
    conditions += [spec.search(word) for word in spec.words(request)] if spec.search else []
    return statement.where(*conditions) if conditions else statement


def ordered(unit: Any, spec: ListSpec, request: ListRequest) -> sa.Select[Any]:
    """Returns the select of all rows that match, in order: for exports."""
    statement = filtered(unit, spec, request)
    for key, descending, nullable in keys_of(spec, request):
        statement = statement.order_by(_directed(key, descending, nullable))
    return statement


def _condition(unit: Any, spec: ListSpec, name: str, values: Sequence[Any]) -> Any:
    """Returns the condition of one filter."""
    item = spec.fields.get(name)
    if item is not None and item.matches is not None:
        return item.matches(values, unit)
    if item is not None and item.expand is not None:
        values = item.expand(values, unit)
    return compared(spec, name, values)


def compared(spec: ListSpec, name: str, values: Sequence[Any]) -> Any:
    """Returns the condition that compares a column, or a bound of its range, with values."""
    column, bound = filtered_column(spec, name)
    if bound:
        return sa.and_(*(column >= v if bound == "_from" else column <= v for v in values))
    return column == values[0] if len(values) == 1 else column.in_(values)


def filtered_column(spec: ListSpec, name: str) -> tuple[Any, str]:
    """Returns the column that a filter compares, and which bound of its range it is, if any."""
    if name in spec.fields:
        return spec.fields[name].column, ""
    bound = "_from" if name.endswith("_from") else "_to"
    return spec.fields[name.removesuffix(bound)].column, bound


def keys_of(spec: ListSpec, request: ListRequest) -> list[tuple[Any, bool, bool]]:
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


def fetch(
    run: Run,
    statement: sa.Select[Any],
    keys: list[tuple[Any, bool, bool]],
    place: Place | None,
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
            value
            if value is None or isinstance(value, sa.BindParameter)
            else sa.literal(value, type_=step[0].type)
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


def least(spec: ListSpec, names: Iterable[str]) -> ListSpec:
    """Returns the list with the fewest joins that hits of a search are found with.

    Args:
        spec: the list.
        names: of the fields that filters and ordering need.
    """
    core = spec.core
    if core is None or spec.where:
        return spec
    return core if {*names} <= {*core.fields} else spec


def hits(
    spec: ListSpec,
    order: tuple[str, ...],
    part: sa.Select[Any],
    steps: Sequence[Any],
    limit: Any,
) -> sa.Select[Any]:
    """Returns the select of a page of hits: thousands may be sorted, names are joined to a page.

    Args:
        spec: the list.
        order: its ordering, as it stands in the URL.
        part: finds them; of the list with the `least` joins.
        steps: what they are sorted by.
        limit: most rows.
    """
    ids = part.with_only_columns(spec.key).order_by(*steps).limit(limit).correlate(None)
    return keyed(spec, order).where(one_of(spec.key, ids.scalar_subquery())).order_by(*steps)


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
    return unit.connection.execute(statement, parameters)


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
