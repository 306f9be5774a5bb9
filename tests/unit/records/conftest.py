"""A list of things of these tests alone: texts, dates, moments, booleans, gaps and ties."""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from calibrify_core.auth.organisations import Organisations
from calibrify_core.kernel.ids import new_id
from calibrify_core.persistence.scoping import scoped
from calibrify_core.persistence.types import UTCDateTime
from calibrify_core.records.keyset import Page, run_list
from calibrify_core.records.listing import Kind, ListField, ListSpec, read_request
from calibrify_core.work.organisation import OrganisationFacts
from calibrify_core.work.platform import Platform
from calibrify_core.work.unit import UnitOfWork
from tests.unit.conftest import CopyCore, core_on

NAMES = ("alpha", "Alpha", "ALPHA", "beta", "Äpfel", "äpfel", "Zebra", "zebra", "50% off", "a_b")
SORTABLE = ("name", "serial", "due_on", "seen_at", "active", "size")


class Base(DeclarativeBase):
    """Of these tests alone."""


class Thing(Base):
    """Is scoped by its organisation."""

    __tablename__ = "list_thing"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    organisation_id: Mapped[uuid.UUID]
    name: Mapped[str]
    serial: Mapped[str | None]
    due_on: Mapped[date | None]
    seen_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    active: Mapped[bool]
    size: Mapped[int | None]


scoped(Thing)


def shape(row: Any, _unit: Any) -> dict[str, Any]:
    return {name: getattr(row, name) for name in ("id", *SORTABLE)}


THINGS = ListSpec(
    model=Thing,
    permission="thing:view",
    columns=tuple(getattr(Thing, name) for name in ("id", *SORTABLE)),
    source=Thing,
    key=Thing.id,
    fields={
        field.name: field
        for field in (
            ListField("name", "name", column=Thing.name, orderable=True),
            ListField("serial", "serial", column=Thing.serial, orderable=True, nullable=True),
            ListField("due_on", "due", Kind.DATE, Thing.due_on, orderable=True, nullable=True),
            ListField("seen_at", "seen", Kind.MOMENT, Thing.seen_at, orderable=True, nullable=True),
            ListField("active", "active", Kind.BOOLEAN, Thing.active, orderable=True),
            ListField("size", "size", Kind.INTEGER, Thing.size, orderable=True, nullable=True),
            ListField("id", "id", Kind.IDENTIFIER, Thing.id),
            ListField(
                "grade",
                "grade",
                Kind.CHOICE,
                choices=("small", "large"),
                matches=lambda values, _: sa.or_(
                    *((Thing.size > 2 if value == "large" else Thing.size <= 2) for value in values)
                ),
            ),
            ListField("shown", "only shown", Kind.OTHER),
        )
    },
    shape=shape,
    default_ordering=("name",),
    search=lambda word: sa.func.lower(Thing.name).contains(word, autoescape=True),
)


@dataclass(frozen=True)
class Shelf:
    """Some things on one database, and the ways to read them."""

    platform: Platform
    house: OrganisationFacts

    @contextmanager
    def unit(self, *, write: bool = False) -> Iterator[UnitOfWork]:
        with self.platform.unit(self.house.id, write=write) as unit:
            yield unit

    def put(self, **values: Any) -> uuid.UUID:
        """Adds one thing and returns its id."""
        facts = {
            "id": new_id(),
            "organisation_id": self.house.id,
            "name": "thing",
            "serial": None,
            "due_on": None,
            "seen_at": None,
            "active": True,
            "size": None,
        }
        with self.unit(write=True) as unit:
            return unit.add(Thing(**(facts | values))).id

    def fill(self, count: int) -> None:
        """Adds many things at once."""
        facts = {"organisation_id": self.house.id, "name": "filler", "active": True}
        with self.unit(write=True) as unit:
            unit.session.execute(
                sa.insert(Base.metadata.tables["list_thing"]),
                [{"id": new_id(), **facts} for _ in range(count)],
            )

    def page(self, spec: ListSpec = THINGS, **parameters: Any) -> Page:
        """Returns the page that a query asks for."""
        asked = read_request(spec, [(name, str(value)) for name, value in parameters.items()])
        with self.unit() as unit:
            return run_list(unit, spec, asked)


def stocked(platform: Platform) -> Shelf:
    """Puts sixty things into a house, with ties and gaps, and as many into another organisation."""
    house = Organisations(platform).create("main", "Main laboratory")
    Base.metadata.create_all(platform.database.writer)
    chance = random.Random(17025)
    day, noon = date(2026, 2, 27), datetime(2026, 2, 27, 12, tzinfo=UTC)
    with platform.unit(house.id) as unit:
        for organisation_id in (house.id, uuid.uuid4()):
            for _ in range(60):
                unit.add(
                    Thing(
                        id=uuid.UUID(int=chance.getrandbits(128), version=4),
                        organisation_id=organisation_id,
                        name=chance.choice(NAMES),
                        serial=chance.choice((None, "", "0007", "7", "B-1", "b-1")),
                        due_on=chance.choice((None, day, day + timedelta(chance.randrange(3)))),
                        seen_at=chance.choice(
                            (None, noon, noon + timedelta(microseconds=chance.randrange(3)))
                        ),
                        active=chance.random() < 0.5,
                        size=chance.choice((None, -1, 0, 2, 3)),
                    )
                )
    return Shelf(platform, house)


@pytest.fixture(scope="module")
def shelf(
    copy_core: CopyCore, database_kind: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Shelf]:
    """A shelf that is only read."""
    folder = tmp_path_factory.mktemp("shelf")
    for url in copy_core(database_kind, folder):
        platform = core_on(url, folder)
        yield stocked(platform)
        platform.database.dispose()


@pytest.fixture
def own_shelf(core_platform: Platform) -> Shelf:
    """A shelf for one test, which may change it."""
    return stocked(core_platform)
