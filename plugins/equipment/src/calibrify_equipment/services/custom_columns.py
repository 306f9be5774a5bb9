"""Custom fields as columns of a file: one for each name that a category of the organisation knows.

Categories may ask for different things under one name: the column holds both, and each value is
written and read as the category of its instrument says.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import date
from typing import Any, cast

import sqlalchemy as sa

from calibrify_core.exchange.fields import FieldKind, ImportField
from calibrify_core.exchange.headers import normalise
from calibrify_core.work.unit import UnitOfWork
from calibrify_equipment.domain.custom_fields import LARGEST, MOST_LABEL, MOST_TEXT, fields_of
from calibrify_equipment.models.category import Category
from calibrify_equipment.permissions import CATEGORY_VIEW

PREFIX = "custom_fields."
"""A column is called by this and the name of its field."""

Asked = Mapping[str, Mapping[str, Any]]
"""What one category asks for, by name; as in its schema."""


class CustomColumns:
    """The custom fields of the organisation's categories, as they were when they were read.

    Attributes:
        fields: the columns as fields of an import, in the order of their names.
    """

    def __init__(self, schemas: Iterable[tuple[uuid.UUID, Mapping[str, Any]]]) -> None:
        """Takes categories, each with its schema."""
        self._asked: dict[uuid.UUID, Asked] = {}
        named: dict[str, list[Mapping[str, Any]]] = {}
        for category_id, schema in schemas:
            self._asked[category_id] = {item["name"]: item for item in fields_of(schema)}
            for item in fields_of(schema):
                named.setdefault(item["name"], []).append(item)
        labels = Counter(normalise(_label(items)) for items in named.values())
        self.fields: tuple[ImportField, ...] = tuple(
            _column(items, alone=labels[normalise(_label(items))] == 1)
            for _, items in sorted(named.items())
        )

    @classmethod
    def read(cls, unit: UnitOfWork) -> CustomColumns:
        """Reads what the categories ask for, in one statement."""
        statement = sa.select(Category.id, Category.custom_field_schema)
        statement = statement.order_by(Category.path, Category.id)
        seen = unit.restrict(statement, Category, CATEGORY_VIEW)
        return cls((row.id, row.custom_field_schema) for row in unit.session.execute(seen))

    def asked_by(self, category_id: uuid.UUID | None) -> Asked:
        """Returns what a category asks for; nothing without a category or of a new one."""
        return self._asked.get(category_id, {}) if category_id is not None else {}

    def cells(self, category_id: uuid.UUID, values: Mapping[str, Any]) -> Mapping[str, object]:
        """Returns the cells of an instrument, by column, as far as its category knows them.

        Args:
            category_id: of the instrument.
            values: its custom fields as they are stored.
        """
        return {
            f"{PREFIX}{name}": _cell(item, values[name])
            for name, item in self.asked_by(category_id).items()
            if name in values
        }


def field_of(item: Mapping[str, Any]) -> ImportField:
    """Returns one custom field of one category as a field whose cells can be read."""
    return ImportField(
        f"{PREFIX}{item['name']}",
        _label([item]),
        cast(FieldKind, item["type"]),
        choices={text: text for text in item["choices"]} if item["type"] == "choice" else None,
        max_length=MOST_TEXT,
        minimum=-LARGEST if item["type"] == "integer" else None,
        maximum=LARGEST if item["type"] == "integer" else None,
    )


def _column(items: Sequence[Mapping[str, Any]], *, alone: bool) -> ImportField:
    """Returns the column of what categories ask for under one name.

    Args:
        items: as each category describes it.
        alone: no other name has this label.
    """
    name = items[0]["name"]
    kinds = {item["type"] for item in items}
    # Of several kinds only dates need to be told beforehand how they are written.
    kind = kinds.pop() if len(kinds) == 1 else "date" if "date" in kinds else "text"
    texts = [text for item in items for text in item["choices"]] if kind == "choice" else ()
    which = "custom field" if alone else f"custom field {name}"
    return ImportField(
        f"{PREFIX}{name}",
        f"{_label(items)} ({which})",
        cast(FieldKind, kind),
        synonyms=tuple(dict.fromkeys((name, *(_label([item]) for item in items)))),
        choices={text: text for text in texts} or None,
        max_length=MOST_TEXT,
        deferred=True,
    )


def _label(items: Sequence[Mapping[str, Any]]) -> str:
    """Returns what people call a field, in one line; each category may have a word of its own."""
    found = dict.fromkeys(" ".join(item.get("label", "").split()) for item in items)
    return " / ".join(filter(None, found))[:MOST_LABEL] or str(items[0]["name"])


def _cell(item: Mapping[str, Any], value: Any) -> object:
    """Returns a stored value as exports write it: a date as such, the others as they are."""
    if item["type"] == "date" and isinstance(value, str):
        with suppress(ValueError):
            day = date.fromisoformat(value)
            # What was stored as another kind of text comes back as it is.
            return day if day.isoformat() == value else value
    return value
