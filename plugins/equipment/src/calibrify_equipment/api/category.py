"""Categories as a JSON resource."""

from __future__ import annotations

from typing import Any

from calibrify_equipment.api.records import Resource, add_resource
from calibrify_equipment.permissions import CATEGORY_CHANGE
from calibrify_equipment.schemas.category import CategoryChange, CategoryIn, CategoryOut
from calibrify_equipment.services import categories
from calibrify_equipment.services.reference_lists import CATEGORIES


def includeme(config: Any) -> None:
    """Adds the resource."""
    add_resource(
        config,
        Resource(
            noun="categories",
            title="category",
            spec=CATEGORIES,
            change_permission=CATEGORY_CHANGE,
            body=CategoryIn,
            change_body=CategoryChange,
            out=CategoryOut,
            find=categories.find,
            add=categories.add,
            change=categories.change,
            delete=categories.delete,
        ),
    )
