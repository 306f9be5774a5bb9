"""Pages of locations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from calibrify_core.web.forms import FormField
from calibrify_core.web.lists import Column
from calibrify_equipment.models.location import KINDS, Location
from calibrify_equipment.pages.reference import ReferencePages, add_reference_pages
from calibrify_equipment.permissions import LOCATION_CHANGE
from calibrify_equipment.schemas.location import LocationIn
from calibrify_equipment.services import locations
from calibrify_equipment.services.reference_lists import LOCATIONS, options_of

NAMES = ("name", "kind", "parent_id")


def _cells(record: Mapping[str, Any], href: str) -> dict[str, Any]:
    """Returns a row of the table."""
    return {
        "name": {"title": record["path"], "href": href},
        "kind": record["kind"].capitalize(),
    }


def _fields(request: Any) -> Sequence[FormField]:
    """Returns the fields of the form."""
    return (
        FormField("name", "Name", required=True, extra={"maxlength": 200}),
        FormField(
            "kind",
            "Kind",
            "select",
            required=True,
            options=[(kind, kind.capitalize()) for kind in KINDS],
        ),
        FormField(
            "parent_id",
            "Part of",
            "select",
            options=options_of(request.unit, LOCATIONS, Location.path),
            blank="–",
        ),
    )


def _values(record: Mapping[str, Any]) -> dict[str, Any]:
    """Returns a record as values of the form."""
    return {name: str(record[name] or "") for name in NAMES}


def _members(values: dict[str, Any]) -> dict[str, Any]:
    """Returns what was typed as members of the body."""
    return {name: values[name] for name in NAMES}


PAGES = ReferencePages(
    noun="location",
    title="Locations",
    lead="Sites, buildings, rooms and benches: where instruments belong.",
    icon="map-pin",
    spec=LOCATIONS,
    change_permission=LOCATION_CHANGE,
    columns=(
        Column("name", "Location", "name", "name", order="path"),
        Column("kind", "Kind", cls="meta"),
    ),
    cells=_cells,
    fields=_fields,
    body=LocationIn,
    values=_values,
    members=_members,
    find=locations.find,
    add=locations.add,
    change=locations.change,
    delete=locations.delete,
)


def includeme(config: Any) -> None:
    """Adds the pages."""
    add_reference_pages(config, PAGES)
