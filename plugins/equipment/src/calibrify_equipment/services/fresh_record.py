"""A new instrument as its list shows it, told by what was written: nothing is read back.

The record is made by the same functions as that of a row of the list. Where a database, a facet or
a subscriber might know better than what was written, the row is read.
"""

from __future__ import annotations

import uuid
from collections import namedtuple
from collections.abc import Callable, Mapping
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from calibrify_core.records.listing import ListSpec
from calibrify_core.work.unit import UnitOfWork
from calibrify_equipment.permissions import VIEW
from calibrify_equipment.services.equipment import Entered
from calibrify_equipment.services.listing import equipment_list, facets_of, read_record

_AS_GIVEN = frozenset({type(None), str, bool, int, date, datetime})
"""Types whose values every database gives back as they were given."""

_ABSENT: Mapping[str, Any] = dict.fromkeys(
    ("custodian", "custody", "holder_id", "held_at_id", "expected_return_on")
)
"""What the list shows besides, of an instrument that nobody has had in hand."""


_EMPTY: Mapping[str, str] = {"ranges": "[]", "custom_fields": "{}"}
"""What is structured, as the list selects it where it is empty."""


def show_new(unit: UnitOfWork, entered: Entered) -> tuple[dict[str, Any], int]:
    """Returns an instrument that was entered in this unit, and its version, as `read_record`.

    Args:
        unit: the unit of work.
        entered: what was written.

    Raises:
        NotFound: it lies outside of what the author may see.
    """
    row = entered.row
    return _told(unit, entered) or read_record(unit, row["id"])


def _told(unit: UnitOfWork, entered: Entered) -> tuple[dict[str, Any], int] | None:
    """Returns the same by what was written, None where that is not sure to be the whole truth."""
    # Who loaded an object may have changed it, such as a subscriber to the news of it.
    if unit.has_session or not unit.access.scope(VIEW).everything:
        return None
    values = dict(_ABSENT)
    for facet in facets_of(unit.platform):
        if facet.fresh is None:
            return None
        values |= facet.fresh
    names = entered.names
    # As the list selects them: ids are text, and so is what is structured.
    values |= {
        name: str(value) if value.__class__ is uuid.UUID else value
        for name, value in entered.row.items()
    }
    values |= {name: text for name, text in _EMPTY.items() if not values[name]}
    values |= {"category": names.category, "location": names.location}
    values["location_path"] = names.location_path
    spec = equipment_list(unit.platform)
    keys, make = _row_of(spec)
    try:
        found = [values[key] for key in keys]
    except KeyError:  # a column that only the database knows
        return None
    if not _AS_GIVEN.issuperset(map(type, found)):
        return None
    return spec.shape(make(found), unit), values["version"]


@lru_cache(maxsize=16)
def _row_of(spec: ListSpec) -> tuple[tuple[str, ...], Callable[[Any], Any]]:
    """Returns the keys of the columns of a list, and what makes a row of their values."""
    keys = tuple(column.key for column in spec.columns)
    # Which names, is known when the list is.
    row: Any = namedtuple("Row", keys)  # type: ignore[misc]
    return keys, row._make
