"""Categories: the tree of kinds of instruments."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from calibrify_core.kernel.errors import FieldError, Invalid
from calibrify_core.work.unit import UnitOfWork
from calibrify_equipment.domain import custom_fields
from calibrify_equipment.events import CategoryChanged
from calibrify_equipment.models.category import DUE_SOON_DAYS, Category
from calibrify_equipment.models.equipment import Equipment
from calibrify_equipment.permissions import CATEGORY_CHANGE, CATEGORY_VIEW
from calibrify_equipment.services import trees

DEFAULTS: Mapping[str, Any] = {
    "parent_id": None,
    "default_interval": None,
    "custom_field_schema": {},
    "due_soon_days": DUE_SOON_DAYS,
}
TREE = trees.Tree(
    Category,
    "category",
    "category",
    CATEGORY_VIEW,
    CATEGORY_CHANGE,
    (Equipment.category_id,),
    DEFAULTS,
)


def find(unit: UnitOfWork, category_id: uuid.UUID) -> Category:
    """Returns a category that the author may change; raises as `trees.find_node`."""
    found: Category = trees.find_node(unit, TREE, category_id)
    return found


def add(unit: UnitOfWork, values: Mapping[str, Any]) -> Category:
    """Makes a category; raises as `trees.add_node`, and Invalid for a faulty field schema."""
    given = {name: value for name, value in values.items() if value is not None}
    _check(given)
    made: Category = trees.add_node(unit, TREE, given)
    return made


def change(unit: UnitOfWork, category: Category, values: Mapping[str, Any]) -> Category:
    """Changes, renames or moves a category; raises as `trees.change_node`."""
    given = {
        name: DEFAULTS[name] if value is None and name in DEFAULTS else value
        for name, value in values.items()
    }
    _check(given)
    different = tuple(
        sorted(name for name, value in given.items() if getattr(category, name) != value)
    )
    changed: Category = trees.change_node(unit, TREE, category, given)
    if different:
        unit.publish(CategoryChanged(category.id, different))
    return changed


def delete(unit: UnitOfWork, category: Category) -> None:
    """Deletes a category that no instrument has; raises as `trees.delete_node`."""
    trees.delete_node(unit, TREE, category)


def _check(values: Mapping[str, Any]) -> None:
    """Checks the schema of custom fields."""
    problems = custom_fields.check_schema(values.get("custom_field_schema") or {})
    if problems:
        raise Invalid(
            [FieldError(f"/custom_field_schema{where}", what) for where, what in problems]
        )
