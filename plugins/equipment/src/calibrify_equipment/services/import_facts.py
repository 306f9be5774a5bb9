"""From the values of a row to the columns of an instrument, and what differs from before."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from calibrify_core.exchange.mapping import ConvertedRow
from calibrify_core.exchange.tables import RowProblem
from calibrify_equipment.schemas.equipment import FACTS
from calibrify_equipment.services.equipment import NEW, derived, new_label_code
from calibrify_equipment.services.import_names import Answer, Known

LINES = (
    *("name", "serial_number", "asset_tag"),
    *(name for name, fact in FACTS.items() if fact.kind == "text"),
)
"""Texts of one line: line breaks in a cell become blanks."""

KEPT_WHEN_BLANK = (
    *("asset_tag", "name", "status"),
    *(name for name, fact in FACTS.items() if fact.kind in {"choice", "boolean"}),
)
PLAIN: Mapping[str, Any] = {
    "name": None,
    "serial_number": "",
    **{name: fact.blank for name, fact in FACTS.items() if name not in KEPT_WHEN_BLANK},
}
"""Fields that are columns, with what a blank cell makes of them; None for the name: it stays."""

LINKS: Mapping[str, str] = {
    "category": "category_id",
    "location": "location_id",
    "owner": "owner_id",
    "supplier": "supplier_id",
    "custodian": "custodian_id",
}
IDENTITY = frozenset({"asset_tag", "serial_number", "name", "manufacturer", "model"})


@dataclass(slots=True)
class Entry:
    """One row on its way to an instrument.

    Attributes:
        row: as it was converted.
        known: the instrument as it is, None for a new one.
        id: of the instrument.
        answers: what the names in the row stand for, by field.
        custom_fields: as they will be, None if they stay.
        problems: why it cannot be.
        changes: of a new instrument all columns, of a known one those that differ.
        warnings: what is odd.
    """

    row: ConvertedRow
    known: Any
    id: uuid.UUID
    answers: dict[str, Known | None] = field(default_factory=dict)
    custom_fields: dict[str, Any] | None = None
    problems: list[RowProblem] = field(default_factory=list)
    changes: dict[str, Any] = field(default_factory=dict)
    warnings: list[RowProblem] = field(default_factory=list)

    def fail(self, name: str | None, detail: str) -> None:
        """Notes why the row cannot be imported."""
        self.problems.append(self.row.problem(name, detail))

    def given(self, name: str) -> bool:
        """Tells whether the row says something of a field that counts for this instrument.

        A default fills the blank of a new instrument and never changes a known one.
        """
        row = self.row
        return name in row.values and (
            self.known is None or not row.defaulted or name not in row.defaulted
        )

    def answer(self, name: str, found: Answer) -> None:
        """Takes what a name stands for, or why it stands for nothing."""
        if isinstance(found, str):
            self.fail(name, found)
        else:
            self.answers[name] = found

    @property
    def category(self) -> Known | None:
        """The category as it will be, with its path; None without one."""
        if self.given("category"):
            return self.answers.get("category")
        if self.known is None or self.known.category_id is None:
            return None
        return Known(self.known.category_id, self.known.category_path)

    def fact(self, name: str) -> Any:
        """Returns a column as it will be."""
        if name in self.changes:
            return self.changes[name]
        return getattr(self.known, name) if self.known is not None else NEW[name]


def one_line(text: str | None) -> str:
    """Returns a text without line breaks; nothing for a blank."""
    if not text:
        return ""
    return text if text.isprintable() else " ".join(text.split())


def fill(entry: Entry, organisation_id: uuid.UUID, moment: datetime) -> None:
    """Works out the columns of an instrument from its row and the answers about names.

    Args:
        entry: with its answers, models included.
        organisation_id: whose it is.
        moment: when it is written.
    """
    wanted = _wanted(entry)
    known = entry.known
    if known is None:
        entry.changes = {
            **NEW,
            "id": entry.id,
            "organisation_id": organisation_id,
            "created_at": moment,
            "updated_at": moment,
            **wanted,
        }
        entry.changes["label_code"] = new_label_code()
        entry.changes.update(derived(entry.changes))
        return
    entry.changes = {name: value for name, value in wanted.items() if getattr(known, name) != value}
    if not IDENTITY.isdisjoint(entry.changes):
        keys = {name: entry.fact(name) for name in IDENTITY}
        entry.changes.update(derived(keys))


def _wanted(entry: Entry) -> dict[str, Any]:
    """Returns the columns that the row speaks of."""
    values = entry.row.values
    wanted: dict[str, Any] = {}
    for name, blank in PLAIN.items():
        if entry.given(name):
            value = values[name]
            if name in LINES:
                value = one_line(value)
            wanted[name] = blank if value is None else value
    for name in KEPT_WHEN_BLANK:
        wanted.pop(name, None)
        value = values.get(name) if entry.given(name) else None
        if value is not None:
            wanted[name] = one_line(value) if name in LINES else value
    for name, column in LINKS.items():
        if entry.given(name):
            answer = entry.answers.get(name)
            wanted[column] = answer.id if answer else None
    if entry.custom_fields is not None:
        wanted["custom_fields"] = entry.custom_fields
    _take_maker(entry, wanted)
    if entry.given("accuracy_text"):
        _take_accuracy(entry, wanted)
    return wanted


def _take_maker(entry: Entry, wanted: dict[str, Any]) -> None:
    """Adds manufacturer and model, each by id and as its record spells it."""
    values = entry.row.values
    if entry.given("manufacturer"):
        maker = entry.answers.get("manufacturer")
        wanted["manufacturer_id"] = maker.id if maker else None
        wanted["manufacturer"] = maker.name if maker else ""
    if not (entry.given("manufacturer") or entry.given("model")):
        return
    model = entry.answers.get("model")
    if model is not None:
        wanted["model_id"], wanted["model"] = model
        return
    # Without a manufacturer a model is only a text.
    text = values["model"] if entry.given("model") else entry.fact("model")
    wanted["model_id"], wanted["model"] = None, one_line(text)


def _take_accuracy(entry: Entry, wanted: dict[str, Any]) -> None:
    """Adds the accuracy, free text of the only range; several ranges are left as they are."""
    text = entry.row.values["accuracy_text"]
    ranges = list(entry.known.ranges) if entry.known is not None else []
    if len(ranges) > 1:
        if text is not None and text not in {item.get("accuracy_text") for item in ranges}:
            detail = "The instrument has several ranges; their accuracies are left as they are."
            entry.warnings.append(entry.row.problem("accuracy_text", detail))
        return
    present = ranges[0].get("accuracy_text") if ranges else None
    if (present or None) == text:
        return
    rest = {**ranges[0], "accuracy_text": text} if ranges else {"accuracy_text": text}
    wanted["ranges"] = [rest] if any(value is not None for value in rest.values()) else []


def model_pair(entry: Entry) -> tuple[uuid.UUID, str] | None:
    """Returns (manufacturer, name) of the model that must be matched, None if there is none."""
    if not (entry.given("manufacturer") or entry.given("model")):
        return None
    maker: uuid.UUID | None
    if entry.given("manufacturer"):
        found = entry.answers.get("manufacturer")
        maker = found.id if found else None
    else:
        maker = entry.fact("manufacturer_id")
    text = entry.row.values["model"] if entry.given("model") else entry.fact("model")
    text = one_line(text)
    return (maker, text) if maker is not None and text else None
