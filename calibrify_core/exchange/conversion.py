"""From the text of a cell to a value of a field: one function for each kind, made once a column."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any, TypeVar

from calibrify_core.exchange.dates import DateOrder, UnreadableDate, read_date
from calibrify_core.exchange.fields import ImportField
from calibrify_core.exchange.headers import normalise
from calibrify_core.exchange.tables import fault_of_text

Reader = Callable[[str], Any]
"""Takes trimmed text that is not blank, returns the value, raises :class:`BadValue`."""

_Number = TypeVar("_Number", int, Decimal)

_INTEGER = re.compile(r"[+-]?\d{1,16}(?:\.0*)?\Z", re.ASCII)
_DECIMAL = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,2})?\Z", re.ASCII)
_COMMA = re.compile(r"[+-]?\d*,\d+\Z", re.ASCII)
_MAX_DIGITS = 40
_REMEMBERED = 5_000
_LONGEST_LIST = 300
_TRUE = frozenset({"true", "yes", "y", "1", "on"})
_FALSE = frozenset({"false", "no", "n", "0", "off"})


class BadValue(ValueError):
    """The text is no value of the field; the message is a sentence for a person."""


def shown(text: str) -> str:
    """Returns a text in quotation marks, cut to what fits into a sentence."""
    return f"“{text if len(text) <= 60 else text[:59] + '…'}”"


def make_reader(
    field: ImportField,
    *,
    date_format: str | None = None,
    date_order: DateOrder | None = None,
    separator: str | None = None,
) -> Reader:
    """Makes the function that reads the cells of one column.

    Args:
        field: what the column is mapped to.
        date_format: of a date column, as given by the person.
        date_order: of a date column, as the survey of its values says.
        separator: divides the levels of a tree that has ``split_levels``.
    """
    match "text" if field.deferred else field.kind:
        case "text" | "reference":
            reader = _text_reader(field)
            return _remember(reader) if field.kind == "reference" else reader
        case "integer":
            return _remember(lambda text: _in_range(field, _integer(text)))
        case "decimal":
            return lambda text: _in_range(field, _decimal(text))
        case "date":
            return _remember(lambda text: _a_date(text, date_format, date_order))
        case "boolean":
            return _remember(_boolean)
        case "choice":
            return _remember(_choice_reader(field))
        case "tree":
            levels = separator if field.split_levels else None
            return _remember(lambda text: _levels(field, text, levels))


def from_json(field: ImportField, value: object, reader: Reader) -> object:
    """Returns a value that stands in the options (a default, or what a text maps to).

    Raises:
        BadValue: it is no value of the field.
    """
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        if field.kind == "boolean":
            return value
    elif isinstance(value, str):
        return reader(value.strip()) if value.strip() else None
    elif isinstance(value, int | float | Decimal):
        if field.kind in {"integer", "decimal", "text", "reference"}:
            return reader(str(value))
    elif (
        isinstance(value, list)
        and value
        and field.kind == "tree"
        and all(isinstance(level, str) and level.strip() for level in value)
    ):
        return tuple(_checked(field, level.strip()) for level in value)
    message = f"This is no value of {field.label} (a {field.kind})."
    raise BadValue(message)


def _remember(reader: Reader) -> Reader:
    """Values repeat down a column: a dictionary answers faster than any parser."""
    known: dict[str, Any] = {}

    def remembering(text: str) -> Any:
        try:
            return known[text]
        except KeyError:
            value = reader(text)
            if len(known) < _REMEMBERED and len(text) <= 100:
                known[text] = value
            return value

    return remembering


def _checked(field: ImportField, text: str) -> str:
    if len(text) > field.max_length:
        message = f"{len(text):,} characters are too many; {field.max_length:,} are allowed."
        raise BadValue(message)
    if not text.isprintable():
        fault = fault_of_text(text)
        if fault is not None:
            raise BadValue(fault)
        if "\r" in text:
            return text.replace("\r\n", "\n").replace("\r", "\n")
    return text


def _text_reader(field: ImportField) -> Reader:
    most = field.max_length

    def read(text: str) -> str:
        if len(text) <= most and text.isprintable():
            return text
        return _checked(field, text)

    return read


def _integer(text: str) -> int:
    if not _INTEGER.match(text):
        message = f"{shown(text)} is no whole number."
        raise BadValue(message)
    return int(text.partition(".")[0])


def _decimal(text: str) -> Decimal:
    plain = text
    if _COMMA.match(text):
        if len(text.rpartition(",")[2]) == 3:
            message = f"{shown(text)} can be read in two ways; write the number with a point."
            raise BadValue(message)
        plain = text.replace(",", ".")
    if not _DECIMAL.match(plain):
        message = f"{shown(text)} is no number."
        raise BadValue(message)
    value = Decimal(plain)
    if len(value.as_tuple().digits) > _MAX_DIGITS:
        message = f"{shown(text)} has more than {_MAX_DIGITS} digits."
        raise BadValue(message)
    return value


def _in_range(field: ImportField, value: _Number) -> _Number:
    if field.minimum is not None and value < field.minimum:
        message = f"{value} is less than {field.minimum}."
        raise BadValue(message)
    if field.maximum is not None and value > field.maximum:
        message = f"{value} is more than {field.maximum:,}."
        raise BadValue(message)
    return value


def _a_date(text: str, date_format: str | None, order: DateOrder | None) -> object:
    try:
        return read_date(text, date_format, order)
    except UnreadableDate as error:
        raise BadValue(str(error)) from None


def _boolean(text: str) -> bool:
    folded = text.casefold()
    if folded in _TRUE:
        return True
    if folded in _FALSE:
        return False
    message = f"{shown(text)} is neither yes nor no."
    raise BadValue(message)


def _choice_reader(field: ImportField) -> Reader:
    choices = field.choices or {}
    names = {normalise(label): name for name, label in choices.items()}
    names.update((normalise(name), name) for name in choices)
    listed = ", ".join(choices.values())
    if len(listed) > _LONGEST_LIST:
        listed = f"{listed[:_LONGEST_LIST]}…"

    def read(text: str) -> str:
        if text in choices:
            return text
        found = names.get(normalise(text))
        if found is None:
            message = f"{shown(text)} is no {field.label.lower()}. Map it to one of: {listed}."
            raise BadValue(message)
        return found

    return read


def _levels(field: ImportField, text: str, separator: str | None) -> tuple[str, ...]:
    if separator is None:
        return (_checked(field, text),)
    names = [name.strip() for name in text.split(separator)]
    if not all(names):
        message = f"{shown(text)} has a blank level."
        raise BadValue(message)
    if len(names) > 20:
        message = f"{shown(text)} has more than 20 levels."
        raise BadValue(message)
    return tuple(_checked(field, name) for name in names)
