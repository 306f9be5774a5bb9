"""Locations as a JSON resource."""

from __future__ import annotations

from typing import Any

from calibrify_equipment.api.records import Resource, add_resource
from calibrify_equipment.permissions import LOCATION_CHANGE
from calibrify_equipment.schemas.location import LocationChange, LocationIn, LocationOut
from calibrify_equipment.services import locations
from calibrify_equipment.services.reference_lists import LOCATIONS


def includeme(config: Any) -> None:
    """Adds the resource."""
    add_resource(
        config,
        Resource(
            noun="locations",
            title="location",
            spec=LOCATIONS,
            change_permission=LOCATION_CHANGE,
            body=LocationIn,
            change_body=LocationChange,
            out=LocationOut,
            find=locations.find,
            add=locations.add,
            change=locations.change,
            delete=locations.delete,
        ),
    )
