"""Lists: what a list of records can be filtered, searched and sorted by, declared once.

The same `ListSpec` serves the JSON API, the pages, exports and reports. A plugin adds fields
of its own to another plugin's list by way of that plugin's hooks.
"""

from __future__ import annotations

import enum
import re
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Any

import sqlalchemy as sa

from calibrify_core.kernel.errors import FieldError, Invalid
from calibrify_core.records.constructs import sort_text

DEFAULT_LIMIT = 50
MAX_LIMIT = 500
MAX_ORDERINGS = 3
MAX_VALUES = 100
MAX_TEXT = 200
DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
INTEGER = re.compile(r"-?\d{1,16}", re.ASCII)
PAGING = frozenset({"limit", "cursor", "count", "fields"})
RESERVED = PAGING | {"q", "ordering"}


class Kind(enum.StrEnum):
    """What kind of value a list field holds, and so how it is filtered and shown."""

    TEXT = "text"
    IDENTIFIER = "identifier"
    CHOICE = "choice"
    BOOLEAN = "boolean"
    INTEGER = "integer"
    DATE = "date"
    MOMENT = "moment"
    OTHER = "other"


RANGED = frozenset({Kind.DATE, Kind.MOMENT, Kind.INTEGER})


# Turns the values of one filter into a condition; used for trees and derived fields.
Matches = Callable[[Sequence[Any], Any], sa.ColumnElement[bool]]


@dataclass(frozen=True, slots=True)
class ListField:
    """One field of a list.

    Attributes:
        name: as the API calls it.
        label: as people read it.
        kind: what it holds.
        column: the SQL expression that filters and sorts; None for a field that is only shown.
        filterable: whether it is a filter (ranges too, for dates and integers).
        orderable: whether lists can be sorted by it.
        nullable: whether the column may be NULL; such rows come last, both ways.
        choices: legal values, for a choice.
        matches: builds the condition itself, from (values, unit).
        kept: whether ``matches`` asks the unit for nothing but the organisation's day, so that
            the condition can be kept for the day.
        expand: turns the given values into those that are looked for, from (values, unit): a
            node of a tree means all below it.
        order_column: sorts instead of ``column``, as it is (a derived status sorts by its due
            date, a tag by a key that an index holds).
    """

    name: str
    label: str
    kind: Kind = Kind.TEXT
    column: Any = None
    filterable: bool = True
    orderable: bool = False
    nullable: bool = False
    choices: tuple[str, ...] = ()
    matches: Matches | None = None
    kept: bool = False
    expand: Callable[[Sequence[Any], Any], Sequence[Any]] | None = None
    order_column: Any = None

    @property
    def order_key(self) -> Any:
        """The expression that lists are sorted by."""
        if self.order_column is not None:
            return self.order_column
        return sort_text(self.column) if self.kind is Kind.TEXT else self.column


def only_shown(names: Iterable[str]) -> list[ListField]:
    """Returns fields that are neither filtered nor sorted by, called as the API calls them."""
    return [ListField(name, name, Kind.OTHER, filterable=False) for name in names]


Conditions = tuple[sa.ColumnElement[bool], ...] | Callable[[Any], Iterable[sa.ColumnElement[bool]]]


@dataclass(frozen=True, slots=True, eq=False)
class ListSpec:
    """A list of one class of records.

    Attributes:
        model: the scoped class.
        permission: what a reader must hold.
        columns: labelled columns that are selected.
        source: the FROM clause, joins included.
        key: the id column; appended to every ordering.
        fields: by name.
        shape: turns a row into the record as it is shown, from (row, unit).
        default_ordering: for example ``("asset_tag",)``; ``-`` in front turns it round.
        search: builds the condition of one lower-case word of ``q``; None: no search.
        pattern: makes of a word what ``search`` is called with instead, so that one statement
            serves all words; it then bears a bind parameter in its place.
        where: further conditions that always hold; a function of the unit, if they depend on it.
        joined: scoped classes in ``source`` that are shown because the record is: the record's
            own scope decides.
        served: sets of filters whose rows an index holds in the default order, so that one plan
            is good for all values of them.
        paged: whether it comes in pages and in parts; a file that is exported comes as a whole.
        core: the list without what other plugins joined to it, one row to one; None: this one.
    """

    model: type[Any]
    permission: str
    columns: tuple[Any, ...]
    source: Any
    key: Any
    fields: Mapping[str, ListField]
    shape: Callable[[Any, Any], dict[str, Any]]
    default_ordering: tuple[str, ...]
    search: Callable[[Any], sa.ColumnElement[bool]] | None = None
    pattern: Callable[[str], str] | None = None
    where: Conditions = ()
    joined: tuple[type[Any], ...] = ()
    served: tuple[frozenset[str], ...] = ()
    paged: bool = True
    core: ListSpec | None = None

    def words(self, request: ListRequest) -> list[str]:
        """Returns what the condition of each word that is searched for is made of."""
        if self.search is None:
            return []
        return [self.pattern(word) if self.pattern else word for word in request.words]

    def step(self, text: str) -> Ordering:
        """Returns a step of an ordering as it stands in a URL; ``-`` in front turns it round."""
        return Ordering(self.fields[text.removeprefix("-")], text.startswith("-"))

    def extended(
        self,
        fields: Iterable[ListField],
        columns: Iterable[Any],
        source: Any,
        shape: Callable[[Any, Any], dict[str, Any]],
        joined: Iterable[type[Any]] = (),
    ) -> ListSpec:
        """Returns the list with further fields, columns and joins."""
        return replace(
            self,
            fields=dict(self.fields) | {item.name: item for item in fields},
            columns=(*self.columns, *columns),
            source=source,
            shape=shape,
            joined=(*self.joined, *joined),
            core=self.core or self,
        )


@dataclass(frozen=True, slots=True)
class Ordering:
    """One step of an ordering."""

    field: ListField
    descending: bool

    @property
    def text(self) -> str:
        """As it stands in the URL."""
        return f"-{self.field.name}" if self.descending else self.field.name


@dataclass(frozen=True, slots=True)
class ListRequest:
    """What somebody asks of a list, checked.

    Attributes:
        filters: values by parameter name (``status``, ``due_on_from``), as typed values.
        q: words to search for.
        ordering: at most three steps.
        limit: rows of a page.
        cursor: opaque place to go on from.
        count: ``None`` for no count, ``"capped"`` at 10,001, or ``"exact"``.
        fields: names to show, None for all.
        notices: sentences about the parameters that a lenient reader ignored.
    """

    filters: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    q: str = ""
    ordering: tuple[Ordering, ...] = ()
    limit: int = DEFAULT_LIMIT
    cursor: str | None = None
    count: str | None = None
    fields: tuple[str, ...] | None = None
    notices: tuple[str, ...] = ()

    @property
    def words(self) -> list[str]:
        """The words of ``q``, lower case."""
        return self.q.lower().split()


class _Reader:
    """Collects a list request from parameters, with every problem it meets."""

    def __init__(self, spec: ListSpec) -> None:
        self.spec = spec
        self.errors: list[FieldError] = []
        self.filters: dict[str, list[Any]] = {}
        self.single: dict[str, str] = {}

    def fail(self, name: str, detail: str) -> None:
        """Notes a problem with a parameter."""
        self.errors.append(FieldError(f"/query/{name}", detail))

    def notice(self, error: FieldError) -> str:
        """Returns a problem as people read it, with the label of the field that it is about."""
        item, _ = self._named(error.pointer.removeprefix("/query/"))
        return error.detail if item is None else f"{item.label}: {error.detail}"

    def take(self, name: str, text: str) -> None:
        """Takes one parameter."""
        if len(text) > MAX_TEXT and name not in {"cursor", "fields"}:
            self.fail(name, f"At most {MAX_TEXT} characters are taken here.")
        elif "\x00" in text:
            self.fail(name, "Contains a character that is not text.")
        elif name not in RESERVED or (name in PAGING and not self.spec.paged):
            self._filter(name, text)
        elif name in self.single:
            self.fail(name, "This is given once only.")
        else:
            self.single[name] = text

    def _filter(self, name: str, text: str) -> None:
        """Takes one value of a filter."""
        item, bound = self._named(name)
        known = item is not None and (item.column is not None or item.matches is not None)
        if item is None or not known or not item.filterable:
            self.fail(name, f"{name} is no parameter of this list.")
            return
        try:
            value = _typed(item, text, bound)
        except ValueError as error:
            self.fail(name, str(error))
            return
        values = self.filters.setdefault(name, [])
        if len(values) >= MAX_VALUES:
            self.fail(name, f"At most {MAX_VALUES} values are taken here.")
            return
        values.append(value)

    def _named(self, name: str) -> tuple[ListField | None, str]:
        """Returns the field that a parameter means, and whether it is a bound of a range."""
        if name in self.spec.fields:
            return self.spec.fields[name], ""
        for bound in ("_from", "_to"):
            item = self.spec.fields.get(name.removesuffix(bound)) if name.endswith(bound) else None
            if item is not None and item.kind in RANGED and item.column is not None:
                return item, bound
        return None, ""

    def limit(self) -> int:
        """Returns the page length: 1 to 500, more is clamped."""
        text = self.single.get("limit", str(DEFAULT_LIMIT))
        if not (text.isascii() and text.isdigit() and len(text) < 10 and int(text) >= 1):
            self.fail("limit", "A whole number from 1 to 500 is needed.")
            return DEFAULT_LIMIT
        return min(int(text), MAX_LIMIT)

    def ordering(self) -> tuple[Ordering, ...]:
        """Returns the steps of the ordering, or the list's default."""
        text = self.single.get("ordering", "")
        steps = [part.strip() for part in text.split(",") if part.strip()]
        if len(steps) > MAX_ORDERINGS:
            self.fail("ordering", f"At most {MAX_ORDERINGS} fields are taken here.")
            steps = []
        found = []
        for step in steps:
            item = self.spec.fields.get(step.removeprefix("-"))
            if item is None or not item.orderable:
                allowed = ", ".join(n for n, f in self.spec.fields.items() if f.orderable)
                self.fail("ordering", f"{step} cannot be sorted by; possible: {allowed}.")
                continue
            found.append(Ordering(item, step.startswith("-")))
        return tuple(found) or tuple(map(self.spec.step, self.spec.default_ordering))

    def count(self) -> str | None:
        """Returns whether an exact count is asked for."""
        text = self.single.get("count", "false")
        if text not in {"true", "false"}:
            self.fail("count", "true or false is needed.")
        return "exact" if text == "true" else None

    def fields(self) -> tuple[str, ...] | None:
        """Returns the sparse fields that are asked for."""
        if "fields" not in self.single:
            return None
        names = tuple(part.strip() for part in self.single["fields"].split(",") if part.strip())
        for name in names:
            if name not in self.spec.fields and name != "id":
                self.fail("fields", f"{name} is no field of this list.")
        return names


def read_request(
    spec: ListSpec, parameters: Iterable[tuple[str, str]], *, lenient: bool = False
) -> ListRequest:
    """Reads what is asked of a list from the parameters of a query.

    Args:
        spec: the list.
        parameters: names and values, in order; a name may repeat.
        lenient: leave out what is wrong and note it, as pages do, instead of refusing.

    Raises:
        Invalid: with every parameter that is unknown or wrong.
    """
    reader = _Reader(spec)
    for name, text in parameters:
        if lenient and text == "":
            continue
        reader.take(name, text)
    request = ListRequest(
        filters={name: tuple(values) for name, values in reader.filters.items()},
        q=reader.single.get("q", "").strip(),
        ordering=reader.ordering(),
        limit=reader.limit(),
        cursor=reader.single.get("cursor") or None,
        count=reader.count(),
        fields=reader.fields(),
        notices=tuple(reader.notice(error) for error in reader.errors),
    )
    if reader.errors and not lenient:
        raise Invalid(reader.errors)
    return request


def _typed(item: ListField, text: str, bound: str) -> Any:
    """Turns the text of a filter into the field's type."""
    if item.choices and not bound:
        if text not in item.choices:
            raise ValueError(f"{text!r} is none of: {', '.join(item.choices)}.")
        return text
    if item.kind is Kind.IDENTIFIER:
        return _parsed(uuid.UUID, text, "An id (UUID) is needed.")
    if item.kind is Kind.DATE:
        return _parsed(_date, text, "A date such as 2026-11-23 is needed.")
    if item.kind is Kind.MOMENT:
        moment = _parsed(
            datetime.fromisoformat, text, "A time such as 2026-11-23T20:00:00Z is needed."
        )
        if moment.tzinfo is None:
            raise ValueError("The time needs a zone, for example a Z at its end.")
        return _parsed(_utc, moment, "The time lies outside of the years 1 to 9999.")
    if item.kind is Kind.BOOLEAN:
        if text not in {"true", "false"}:
            raise ValueError("true or false is needed.")
        return text == "true"
    if item.kind is Kind.INTEGER:
        if not INTEGER.fullmatch(text) or abs(int(text)) > 2**53:
            raise ValueError("A whole number of at most 2^53 is needed.")
        return int(text)
    return text


def _date(text: str) -> date:
    """Parses a date in the one form that the API knows, of the several that Python reads."""
    if not DATE.fullmatch(text):
        raise ValueError(text)
    return date.fromisoformat(text)


def _utc(moment: datetime) -> datetime:
    """Moves a moment to UTC, which may lie outside of what a datetime holds."""
    return moment.astimezone(UTC)


def _parsed(parse: Callable[[Any], Any], text: Any, detail: str) -> Any:
    """Parses a value, with a sentence of ours when it does not."""
    try:
        return parse(text)
    except (ValueError, OverflowError):
        raise ValueError(detail) from None
