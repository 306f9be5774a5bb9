"""Statements of lists that are kept: pages that differ by their values alone are asked alike.

Most requests for a list are the same but for their values. Their select is built, compiled and
planned once; what a person's scope cuts out is built anew each time.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from calibrify_core.persistence.prepared import Prepared
from calibrify_core.persistence.scoping import Scope, restrict
from calibrify_core.records.listing import ListRequest, ListSpec
from calibrify_core.records.selects import (
    Place,
    columns_of,
    compared,
    everything,
    fetch,
    filtered_column,
    hits,
    keyed,
    keys_of,
    least,
)

ORGANISATION = "organisation"
MOST_VALUES = 100


class KeptSelect:
    """A select over a scoped class: kept for who may see all of it, cut anew for others.

    Args:
        statement: with a named bind parameter for all that differs from use to use.
        model: the scoped class.
        permission: what a reader must hold.
    """

    def __init__(self, statement: sa.Select[Any], model: type[Any], permission: str) -> None:
        self._statement = statement
        self._model = model
        self._permission = permission
        self._whole = Prepared(restrict(statement, model, whole_scope()))

    def rows(self, unit: Any, values: Mapping[str, Any]) -> list[Any]:
        """Returns the rows within the author's scope.

        Args:
            unit: the unit of work.
            values: by the names of the bind parameters.
        """
        scope = unit.access.scope(self._permission)
        if scope.everything:
            return self._whole.rows(unit.connection, {ORGANISATION: unit.organisation.id, **values})
        cut = restrict(self._statement, self._model, scope)
        return list(columns_of(unit, cut, values).fetchall())

    def first(self, unit: Any, values: Mapping[str, Any]) -> Any:
        """Returns the first row within the author's scope, None if there is none."""
        rows = self.rows(unit, values)
        return rows[0] if rows else None


@dataclass(frozen=True, slots=True)
class _Form:
    """What requests have in common that are answered by the same statements.

    Attributes:
        order: steps of the ordering.
        filters: name and number of values of each filter; where a condition is made of the
            values themselves, the values.
        day: the organisation's, where such a condition depends on it.
        place: which values of the place to go on from are not None; None without a place.
        backwards: whether the page before the place is read.
        rows: most rows to read.
        words: how many are searched for.
    """

    order: tuple[str, ...]
    filters: tuple[tuple[str, int | tuple[Any, ...]], ...]
    day: date | None
    place: tuple[bool, ...] | None
    backwards: bool
    rows: int
    words: int


@dataclass(frozen=True, slots=True)
class _Day:
    """Stands for the unit of work where a condition asks for nothing but the day."""

    day: date | None

    def today(self) -> date | None:
        """Returns the day."""
        return self.day


def read_kept(
    unit: Any, spec: ListSpec, request: ListRequest, place: Place | None
) -> list[Any] | None:
    """Reads the rows of a page, and one more, by kept statements.

    Args:
        unit: the unit of work.
        spec: the list.
        request: what is asked.
        place: the row to go on from, if any.

    Returns:
        The rows; None if the statement has to be made for this request alone.
    """
    if (request.words and spec.pattern is None) or not _is_kept(unit, spec):
        return None
    words = spec.words(request)
    values: dict[str, Any] = {ORGANISATION: unit.organisation.id}
    values |= {f"word{index}": word for index, word in enumerate(words)}
    filters = _filters(unit, spec, request, values)
    if filters is None:
        return None
    known = None
    if place is not None:
        known = tuple(value is not None for value in place.values)
        values |= {f"place{index}": value for index, value in enumerate(place.values)}
        values["place"] = place.id
    form = _Form(
        tuple(step.text for step in request.ordering),
        filters,
        unit.today() if any(isinstance(how, tuple) for _, how in filters) else None,
        known,
        place is not None and place.backwards,
        request.limit + 1,
        len(words),
    )
    rows: list[Any] = []
    for statement in _statements(spec, form):
        rows += statement.rows(unit.connection, values)
        if len(rows) >= form.rows:
            break
    return rows[: form.rows]


def read_kept_one(unit: Any, spec: ListSpec, identifier: uuid.UUID) -> Any:
    """Reads the row of one record within the caller's scope, None if there is none."""
    return _one(spec).first(unit, {"id": identifier})


def _is_kept(unit: Any, spec: ListSpec) -> bool:
    """Tells whether what a list shows to somebody differs by the organisation alone."""
    return not callable(spec.where) and unit.access.scope(spec.permission).everything


def _filters(
    unit: Any, spec: ListSpec, request: ListRequest, values: dict[str, Any]
) -> tuple[tuple[str, int | tuple[Any, ...]], ...] | None:
    """Returns the form of the filters, and puts their values under the names of their places."""
    found: list[tuple[str, int | tuple[Any, ...]]] = []
    for index, (name, given) in enumerate(sorted(request.filters.items())):
        field = spec.fields.get(name)
        if field is not None and field.matches is not None:
            if not field.kept:
                return None
            found.append((name, tuple(given)))
            continue
        wanted = given
        if field is not None and field.expand is not None:
            wanted = tuple(field.expand(given, unit))
        if not 0 < len(wanted) <= MOST_VALUES:
            return None
        found.append((name, len(wanted)))
        values |= {f"filter{index}_{number}": value for number, value in enumerate(wanted)}
    return tuple(found)


@lru_cache(maxsize=256)
def _one(spec: ListSpec) -> KeptSelect:
    """Returns the statement of one record."""
    statement = everything(spec).where(spec.key == sa.bindparam("id", type_=sa.Uuid()))
    return KeptSelect(statement, spec.model, spec.permission)


@lru_cache(maxsize=256)
def _statements(spec: ListSpec, form: _Form) -> tuple[Prepared, ...]:
    """Returns the statements of a page, to be sent one after the other until it is full."""
    searching = form.words > 0
    steps = tuple(spec.step(text) for text in form.order)
    names = (*(name for name, _ in form.filters), *(step.field.name for step in steps))
    narrow = least(spec, names) if searching else spec
    statement = restrict(keyed(narrow, form.order), spec.model, whole_scope())
    conditions = [*spec.where] if not callable(spec.where) else []
    conditions += [
        _condition(spec, form, index, name, how) for index, (name, how) in enumerate(form.filters)
    ]
    if spec.search is not None:
        places = (sa.bindparam(f"word{index}", type_=sa.Text()) for index in range(form.words))
        conditions += [spec.search(place) for place in places]
    plan = not searching and _serves_all(spec, form)
    made: list[Prepared] = []

    def collect(part: sa.Select[Any], steps: Sequence[Any], rows: int) -> list[Any]:
        most: Any = sa.literal_column(str(rows))
        if searching:
            page = hits(spec, form.order, part, steps, most)
        else:
            page = part.order_by(*steps).limit(most)
        made.append(Prepared(page, plan=plan))
        return []

    keys = keys_of(spec, ListRequest(ordering=steps))
    place = None
    if form.place is not None:
        beyond = tuple(
            sa.bindparam(f"place{index}", type_=keys[index][0].type) if known else None
            for index, known in enumerate(form.place)
        )
        place = Place(beyond, sa.bindparam("place", type_=sa.Uuid()), form.backwards)
    fetch(collect, statement.where(*conditions), keys, place, form.backwards, form.rows)
    return tuple(made)


def _condition(
    spec: ListSpec, form: _Form, index: int, name: str, how: int | tuple[Any, ...]
) -> Any:
    """Returns the condition of one filter, with places for its values."""
    if isinstance(how, tuple):
        matches = spec.fields[name].matches
        assert matches is not None  # noqa: S101 - such a form is made of fields that match
        return matches(how, _Day(form.day))
    column, _ = filtered_column(spec, name)
    places = [sa.bindparam(f"filter{index}_{number}", type_=column.type) for number in range(how)]
    return compared(spec, name, places)


def _serves_all(spec: ListSpec, form: _Form) -> bool:
    """Tells whether one plan is good for all values: an index holds the rows in order."""
    if not form.filters:
        return True
    if form.order != spec.default_ordering:
        return False
    single = all(how == 1 or isinstance(how, tuple) for _, how in form.filters)
    return single and frozenset(name for name, _ in form.filters) in spec.served


def whole_scope() -> Scope:
    """Returns the scope of who may see all of an organisation, whichever it is."""
    organisation: Any = sa.bindparam(ORGANISATION, type_=sa.Uuid())
    return Scope(organisation, everything=True)
