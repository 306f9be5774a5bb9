"""Locations: the tree of places."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from calibrify_core.work.unit import UnitOfWork
from calibrify_equipment.models.equipment import Equipment
from calibrify_equipment.models.location import Location
from calibrify_equipment.permissions import LOCATION_CHANGE, LOCATION_VIEW
from calibrify_equipment.services import trees

DEFAULTS: Mapping[str, Any] = {"parent_id": None, "kind": "room"}
TREE = trees.Tree(
    Location,
    "location",
    "location",
    LOCATION_VIEW,
    LOCATION_CHANGE,
    (Equipment.location_id, Equipment.held_at_id),
    DEFAULTS,
)


def find(unit: UnitOfWork, location_id: uuid.UUID) -> Location:
    """Returns a location that the author may change; raises as `trees.find_node`."""
    found: Location = trees.find_node(unit, TREE, location_id)
    return found


def add(unit: UnitOfWork, values: Mapping[str, Any]) -> Location:
    """Makes a location; raises as `trees.add_node`."""
    given = {name: value for name, value in values.items() if value is not None}
    made: Location = trees.add_node(unit, TREE, given)
    return made


def change(unit: UnitOfWork, location: Location, values: Mapping[str, Any]) -> Location:
    """Changes, renames or moves a location; raises as `trees.change_node`."""
    given = {
        name: DEFAULTS[name] if value is None and name in DEFAULTS else value
        for name, value in values.items()
    }
    changed: Location = trees.change_node(unit, TREE, location, given)
    return changed


def delete(unit: UnitOfWork, location: Location) -> None:
    """Deletes a location that nothing lies in; raises as `trees.delete_node`."""
    trees.delete_node(unit, TREE, location)
