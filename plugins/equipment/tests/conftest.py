"""The real application with the equipment plugin, on both databases, and people in it."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy import event

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

    @contextmanager
    def statements(self) -> Iterator[list[str]]:
        """Collects the statements that reach the database meanwhile."""
        seen: list[str] = []

        def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
            if not statement.startswith(("BEGIN", "COMMIT", "ROLLBACK")):
                seen.append(statement)

        database = self.platform.database
        # On SQLite the reader is the writer with other options, and hears of its statements anyway.
        engines = (
            {database.writer, database.reader}
            if database.dialect != "sqlite"
            else {database.writer}
        )
        for engine in engines:
            event.listen(engine, "before_cursor_execute", note)
        try:
            yield seen
        finally:
            for engine in engines:
                event.remove(engine, "before_cursor_execute", note)


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
