"""The real application with the equipment plugin, on both databases, and people in it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import Any

import pytest

from calibrify_core.testing.house import House, build
from calibrify_core.testing.plugin import MakePlatform
from calibrify_core.work.unit import UnitOfWork
from calibrify_equipment.services import categories, equipment, locations


@dataclass
class Lab(House):
    """A running application, people in it, and a small register."""

    places: dict[str, uuid.UUID] = field(default_factory=dict)
    kinds: dict[str, uuid.UUID] = field(default_factory=dict)

    def user_id(self, role: str = "technician") -> str:
        """Returns the id of a new account."""
        return str(self.id_of(self.hire(role)))

    def enter(self, unit: UnitOfWork, **values: Any) -> uuid.UUID:
        """Registers an instrument."""
        values.setdefault("name", self.unique("Instrument"))
        return equipment.register(unit, values)


@pytest.fixture(scope="module")
def plugins_under_test() -> tuple[str, ...]:
    """The equipment plugin alone."""
    return ("equipment",)


def furnish(lab: Lab) -> None:
    """Adds two sites with rooms, and some categories."""
    with lab.unit() as unit:
        for name, parent in (
            ("A", None),
            ("A1", "A"),
            ("A2", "A"),
            ("B", None),
            ("B1", "B"),
        ):
            values = {"name": name, "parent_id": lab.places.get(parent or "")}
            lab.places[name] = locations.add(unit, values).id
        for name, parent in (("Electrical", None), ("DMM", "Electrical"), ("Mechanical", None)):
            values = {"name": name, "parent_id": lab.kinds.get(parent or "")}
            lab.kinds[name] = categories.add(unit, values).id


@pytest.fixture(scope="module")
def lab(make_platform: MakePlatform) -> Lab:
    """The core with the equipment plugin alone, two sites and some categories."""
    platform = make_platform()
    made = Lab(platform, build(platform))
    furnish(made)
    return made


@pytest.fixture(scope="session")
def lab_of() -> type[Lab]:
    """The class of a laboratory, for modules that furnish their own."""
    return Lab
