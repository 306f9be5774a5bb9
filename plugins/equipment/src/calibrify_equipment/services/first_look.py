"""What entering an instrument asks of the database, in one journey."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from calibrify_core.records.lookup import KeptLookup
from calibrify_core.work.unit import UnitOfWork
from calibrify_equipment.domain.identity import identity_key
from calibrify_equipment.models.category import Category
from calibrify_equipment.models.equipment import Equipment
from calibrify_equipment.models.location import Location
from calibrify_equipment.services.catalogue import MATCH, names_to_match
from calibrify_equipment.services.references import SOUGHT, ids_in, look_up_keeper


@dataclass(frozen=True, slots=True)
class FirstLook:
    """What there is before an instrument is entered.

    Attributes:
        found: what the ids of its body stand for, as `references.look_up` returns it.
        beside: a row: the entry of the catalogue as `catalogue.matched` takes it, and the names
            that are shown beside an instrument (``category, location, location_path``).
        identity: the identity that was looked for; ``beside.is_taken`` tells whether another
            instrument of the organisation has it, or the tag.
    """

    found: Mapping[str, Any]
    beside: Any
    identity: str | None


def look(unit: UnitOfWork, row: Mapping[str, Any]) -> FirstLook:
    """Looks at what an instrument refers to, and whether it is there already.

    Args:
        unit: the unit of work.
        row: its columns, with the names of manufacturer and model as they were given.
    """
    maker, model = row["manufacturer"], row["model"]
    identity = identity_key(maker, model, row["serial_number"])
    values = {
        "tag": row["asset_tag"],
        "identity": identity,
        "category_id": row["category_id"],
        "location_id": row["location_id"],
        **names_to_match(maker, model),
    }
    found, beside = _LOOKUP.find_beside(unit, ids_in(row), values)
    return FirstLook(found | look_up_keeper(unit, row), beside, identity)


def _beside() -> sa.Select[Any]:
    """Returns the select of one row: what fits of the catalogue, names, and what is taken."""
    always = sa.select(sa.literal_column("1").label("one")).subquery("always")
    entry = MATCH.subquery("entry")
    source = always.outerjoin(entry, sa.true())
    for model, name in ((Category, "category_id"), (Location, "location_id")):
        source = source.outerjoin(model, model.id == sa.bindparam(name))
    return sa.select(
        *entry.c,
        Category.name.label("category"),
        Location.name.label("location"),
        Location.path.label("location_path"),
        (
            _is_there(Equipment.asset_tag, "tag") | _is_there(Equipment.identity_key, "identity")
        ).label("is_taken"),
    ).select_from(source)


def _is_there(column: Any, name: str) -> sa.Exists:
    """Returns whether the organisation has an instrument with a value, whoever may see it."""
    own = Equipment.organisation_id == sa.bindparam("organisation")
    return sa.exists().where(own, column == sa.bindparam(name))


_LOOKUP = KeptLookup(SOUGHT, _beside())
