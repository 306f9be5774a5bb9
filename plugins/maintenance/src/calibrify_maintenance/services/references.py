"""Whom work can be given to: looked up with the rights of whoever gives it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from calibrify_core.auth.people import People
from calibrify_core.kernel.errors import FieldError
from calibrify_core.work.unit import UnitOfWork

ABSENT = "This does not exist."


def assignment_errors(
    unit: UnitOfWork, values: Mapping[str, Any], present: Any = None
) -> list[FieldError]:
    """Returns an error for a person or a group that does not exist in the organisation.

    Args:
        unit: the unit of work.
        values: members of a body by name; others are passed over.
        present: the object as it stands: whom it names already may stay, gone or not.
    """
    people = People(unit)
    errors = []
    for name, exists in (
        ("assigned_to_id", people.exists),
        ("assigned_group_id", people.group_exists),
    ):
        given: uuid.UUID | None = values.get(name)
        if given is None or given == getattr(present, name, None):
            continue
        if not exists(given):
            errors.append(FieldError(f"/{name}", ABSENT))
    return errors
