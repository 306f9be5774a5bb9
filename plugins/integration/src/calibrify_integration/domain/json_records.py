"""Records of a JSON document as a table: found by a path, laid flat, every digit kept."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn

MOST_RECORDS = 20_000
MOST_COLUMNS = 256
DEPTH = 3


class BadDocument(Exception):
    """A document that cannot be read as records; the text says why, as a sentence."""


def parse_document(text: bytes) -> Any:
    """Returns a JSON document, numbers as the text that they are written in.

    Raises:
        BadDocument: it is none.
    """
    try:
        return json.loads(
            text.decode("utf-8-sig"), parse_float=str, parse_int=str, parse_constant=_refuse
        )
    except (ValueError, RecursionError):
        raise BadDocument("The answer is no JSON that can be read.") from None


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)


def at(document: Any, path: str) -> Any:
    """Returns what stands at a path of names, None where there is nothing.

    >>> at({"data": {"items": [1]}}, "data.items")
    [1]
    """
    for name in path.split(".") if path else ():
        document = document.get(name) if isinstance(document, Mapping) else None
    return document


def records_at(document: Any, path: str) -> list[dict[str, str]]:
    """Returns the records at a path, each laid flat.

    Raises:
        BadDocument: there is no list of objects, or it is too long.

    >>> records_at({"rows": [{"tag": "A", "place": {"room": "1"}, "no": None}]}, "rows")
    [{'tag': 'A', 'place.room': '1', 'no': ''}]
    """
    found = at(document, path)
    if not isinstance(found, list) or not all(isinstance(item, Mapping) for item in found):
        where = f"at {path}" if path else "at the top"
        raise BadDocument(f"The answer has no list of objects {where}.")
    if len(found) > MOST_RECORDS:
        raise BadDocument(f"The answer has more than {MOST_RECORDS:,} records.")
    return [_flat(item) for item in found]


def _flat(record: Mapping[str, Any], prefix: str = "", depth: int = DEPTH) -> dict[str, str]:
    """Returns the members of a record as texts; those of inner objects by dotted names."""
    flat: dict[str, str] = {}
    for name, value in record.items():
        if isinstance(value, Mapping) and depth:
            flat |= _flat(value, f"{prefix}{name}.", depth - 1)
        else:
            flat[f"{prefix}{name}"] = _text(value)
    return flat


def _text(value: Any) -> str:
    """Returns a value as the cell of a table."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def table_of(records: Sequence[Mapping[str, str]]) -> tuple[list[str], list[list[str]]]:
    """Returns columns, in the order in which they first appear, and rows.

    Raises:
        BadDocument: there are too many columns.

    >>> table_of([{"a": "1"}, {"b": "2"}])
    (['a', 'b'], [['1', ''], ['', '2']])
    """
    columns = list(dict.fromkeys(name for record in records for name in record))
    if len(columns) > MOST_COLUMNS:
        raise BadDocument(f"The records have more than {MOST_COLUMNS} different members.")
    return columns, [[record.get(name, "") for name in columns] for record in records]


def furthest(records: Sequence[Mapping[str, str]], column: str, so_far: str) -> str:
    """Returns the greatest value of a column; as numbers where all of them are.

    >>> furthest([{"n": "9"}, {"n": "10"}], "n", ""), furthest([{"d": "2026-01-02"}], "d", "")
    ('10', '2026-01-02')
    """
    values = [value for value in (so_far, *(record.get(column, "") for record in records)) if value]
    if not values:
        return ""
    try:
        return max(values, key=Decimal)
    except InvalidOperation:
        return max(values)
