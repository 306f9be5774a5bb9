"""Custom fields of imported rows: read and checked as the category of each row asks."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from calibrify_core.exchange.cells import text_of
from calibrify_core.exchange.conversion import BadValue, Reader, make_reader, shown
from calibrify_core.exchange.mapping import MappingPlan
from calibrify_equipment.domain.custom_fields import check_values
from calibrify_equipment.services.custom_columns import PREFIX, Asked, CustomColumns, field_of
from calibrify_equipment.services.import_facts import Entry

NO_CATEGORY = "An instrument without a category has no custom fields."


class CustomValues:
    """Works out the custom fields of the rows of one file.

    Args:
        columns: what the categories asked for when the import began.
        plan: of the import.
    """

    def __init__(self, columns: CustomColumns, plan: MappingPlan) -> None:
        self._columns = columns
        self._plan = plan
        # By identity of what a category asks for, which the columns hold as long as we live.
        self._readers: dict[int, Reader] = {}

    def take(self, entry: Entry) -> None:
        """Sets the custom fields of a row that says something of them, or notes what is wrong.

        What changes is checked as a whole, and so is a new instrument and one that moves to
        another category. Else an instrument stays as it is, even if its category asks for more
        by now.

        Args:
            entry: with the answer which category it names.
        """
        if entry.problems:
            return
        known = entry.known
        category = entry.category
        category_id = category.id if category else None
        moves = known is not None and known.category_id != category_id
        asked = self._columns.asked_by(category_id)
        present: Mapping[str, Any] = known.custom_fields if known is not None else {}
        wanted = dict(present)
        if self._columns.fields:
            for name in entry.row.values:
                if name.startswith(PREFIX) and entry.given(name):
                    self._take(entry, name, asked, wanted, moves=moves)
        stays = wanted == present and not (moves and wanted) if known else not (asked or wanted)
        if entry.problems or stays:
            return
        # An instrument that stays in its category keeps what the category does not know any more.
        rest = {} if moves or known is None else {n: wanted[n] for n in wanted.keys() - asked}
        schema = {"fields": list(asked.values())}
        clean, problems = check_values(
            schema, {name: value for name, value in wanted.items() if name not in rest}
        )
        for pointer, detail in problems:
            entry.fail(f"{PREFIX}{pointer.removeprefix('/')}", detail)
        entry.custom_fields = rest | clean

    def _take(
        self, entry: Entry, name: str, asked: Asked, wanted: dict[str, Any], *, moves: bool
    ) -> None:
        """Puts one value in place of the present one."""
        key, value = name.removeprefix(PREFIX), entry.row.values[name]
        item = asked.get(key)
        if value is None:
            if item is not None or moves:
                wanted.pop(key, None)
        elif item is None:
            # A default is for all rows, and counts where it can.
            if name not in entry.row.defaulted:
                entry.fail(name, _unknown(entry))
        elif moves or key not in wanted or text_of(value) != _written(wanted[key]):
            try:
                wanted[key] = self._read(entry, item, text_of(value))
            except BadValue as error:
                entry.fail(name, str(error))

    def _read(self, entry: Entry, item: Mapping[str, Any], text: str) -> Any:
        """Returns the value that a text stands for, as it is stored.

        Raises:
            BadValue: it stands for none.
        """
        reader = self._readers.get(id(item))
        if reader is None:
            field = field_of(item)
            column = entry.row.columns.get(field.name, "")
            reader = self._readers[id(item)] = make_reader(
                field,
                date_format=self._plan.options.date_format.get(column),
                date_order=self._plan.date_orders.get(column),
            )
        value = reader(text)
        if item["type"] == "decimal":
            return text.replace(",", ".")  # every digit as it was written
        return value.isoformat() if isinstance(value, date) else value


def _written(value: Any) -> str:
    """Returns a stored value as an import reads it in an export."""
    return text_of(value).replace("\r\n", "\n").replace("\r", "\n").strip()


def _unknown(entry: Entry) -> str:
    """Returns why a category does not take a value."""
    category = entry.category
    if category is None:
        return NO_CATEGORY
    return f"The category {shown(category.name)} has no such custom field."
