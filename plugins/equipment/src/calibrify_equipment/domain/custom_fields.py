"""Custom fields: what a category asks of its instruments beyond what all have.

A category's schema is ``{"fields": [{"name", "label", "type", "required", "choices"}]}``. The
types are text, integer, decimal, date, boolean and choice; a decimal keeps its digits as text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import date
from typing import Any

from calibrify_core.exchange.dates import FIRST_YEAR, LAST_YEAR

TYPES = ("text", "integer", "decimal", "date", "boolean", "choice")
NAME = re.compile(r"[a-z][a-z0-9_]{0,49}", re.ASCII)
DECIMAL = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?", re.ASCII)
MOST_FIELDS = 50
MOST_CHOICES = 100
MOST_TEXT = 1_000
MOST_DIGITS = 80
MOST_LABEL = 80
MOST_LISTED = 300
LARGEST = 2**53

Problem = tuple[str, str]
"""Where (a JSON pointer below the member) and what, as a sentence."""


def fields_of(schema: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """Returns the fields that a checked schema describes, in order."""
    found: Sequence[Mapping[str, Any]] = schema.get("fields", ())
    return found


def check_schema(schema: Mapping[str, Any]) -> list[Problem]:
    """Returns what is wrong with a category's schema, nothing if it is sound.

    >>> check_schema({"fields": [{"name": "class", "type": "colour"}]})
    [('/fields/0/type', 'This is one of: text, integer, decimal, date, boolean, choice.')]
    """
    problems = [(f"/{key}", "This is not known here.") for key in schema if key != "fields"]
    fields = schema.get("fields", [])
    if not isinstance(fields, list) or len(fields) > MOST_FIELDS:
        return [*problems, ("/fields", f"This is a list of at most {MOST_FIELDS} fields.")]
    names: set[str] = set()
    for index, field in enumerate(fields):
        found = _field_problems(field)
        problems += [(f"/fields/{index}{pointer}", text) for pointer, text in found]
        name = field.get("name") if isinstance(field, dict) else None
        if isinstance(name, str):
            if name in names:
                problems.append((f"/fields/{index}/name", "Another field has this name."))
            names.add(name)
    return problems


def _field_problems(field: Any) -> list[Problem]:
    """Returns what is wrong with one field of a schema."""
    if not isinstance(field, dict):
        return [("", "This is an object.")]
    known = {"name", "label", "type", "required", "choices"}
    problems = [(f"/{key}", "This is not known here.") for key in field if key not in known]
    name, label = field.get("name"), field.get("label", "")
    if not isinstance(name, str) or NAME.fullmatch(name) is None:
        text = "A name is lower-case letters, digits and _, at most 50, a letter first."
        problems.append(("/name", text))
    if not isinstance(label, str) or len(label) > MOST_LABEL:
        problems.append(("/label", f"A label is text of at most {MOST_LABEL} characters."))
    if field.get("type") not in TYPES:
        problems.append(("/type", f"This is one of: {', '.join(TYPES)}."))
    if not isinstance(field.get("required", False), bool):
        problems.append(("/required", "This is true or false."))
    if field.get("type") == "choice" and not _are_choices(field.get("choices")):
        text = f"A choice needs a list of 1 to {MOST_CHOICES} different texts."
        problems.append(("/choices", text))
    return problems


def _are_choices(choices: Any) -> bool:
    """Tells whether something is a list of different, short texts."""
    if not isinstance(choices, list) or not 1 <= len(choices) <= MOST_CHOICES:
        return False
    if not all(isinstance(choice, str) and 0 < len(choice) <= MOST_TEXT for choice in choices):
        return False
    return len(set(choices)) == len(choices)


def check_values(
    schema: Mapping[str, Any], values: Mapping[str, Any]
) -> tuple[dict[str, Any], list[Problem]]:
    """Checks values against a checked schema.

    Args:
        schema: of the category; empty: no custom field is known.
        values: by name; None and blank text mean that there is none.

    Returns:
        The values as they are stored (decimals and dates as text, blanks left out), and what
        is wrong.

    >>> check_values({"fields": [{"name": "mass", "type": "decimal"}]}, {"mass": "1.0010"})
    ({'mass': '1.0010'}, [])
    """
    fields = {field["name"]: field for field in fields_of(schema)}
    problems = [
        (f"/{name}", "This field is not known in the category.")
        for name in values
        if name not in fields
    ]
    clean: dict[str, Any] = {}
    for name, field in fields.items():
        value = values.get(name)
        if value is None or value == "":
            if field.get("required"):
                problems.append((f"/{name}", "The category asks for this."))
            continue
        try:
            clean[name] = _READERS[field["type"]](value, field)
        except ValueError as error:
            problems.append((f"/{name}", str(error)))
    return clean, problems


def _text(value: Any, _field: Mapping[str, Any]) -> str:
    if not isinstance(value, str) or len(value) > MOST_TEXT:
        raise ValueError(f"This is text of at most {MOST_TEXT} characters.")
    return value.strip()


def _integer(value: Any, _field: Mapping[str, Any]) -> int:
    if isinstance(value, str) and re.fullmatch(r"[+-]?\d{1,16}", value, re.ASCII):
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) > LARGEST:
        raise ValueError("This is a whole number.")
    return value


def _decimal(value: Any, _field: Mapping[str, Any]) -> str:
    # A number of a JSON body carries the text it was entered as.
    text = value if isinstance(value, str) else getattr(value, "text", None)
    if text is None and isinstance(value, int) and not isinstance(value, bool):
        text = str(value)
    if text is None or len(text) > MOST_DIGITS or DECIMAL.fullmatch(text) is None:
        raise ValueError("This is a decimal number.")
    return str(text)


def _date(value: Any, _field: Mapping[str, Any]) -> str:
    day = None
    with suppress(ValueError):
        if isinstance(value, str) and len(value) == len("2026-11-23"):
            day = date.fromisoformat(value)
    if day is None:
        raise ValueError("This is a date such as 2026-11-23.")
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise ValueError(f"A date lies in the years {FIRST_YEAR} to {LAST_YEAR}.")
    return day.isoformat()


def _boolean(value: Any, _field: Mapping[str, Any]) -> bool:
    if not isinstance(value, bool):
        raise ValueError("This is true or false.")
    return value


def _choice(value: Any, field: Mapping[str, Any]) -> str:
    if value not in field["choices"]:
        listed = ", ".join(field["choices"])
        raise ValueError(f"This is one of: {listed[:MOST_LISTED]}.")
    return str(value)


_READERS: Mapping[str, Callable[[Any, Mapping[str, Any]], Any]] = {
    "text": _text,
    "integer": _integer,
    "decimal": _decimal,
    "date": _date,
    "boolean": _boolean,
    "choice": _choice,
}
