"""The scope guard: a statement over a scoped class without its scope is a loud error."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    Session,
    aliased,
    mapped_column,
    relationship,
    selectinload,
)

from calibrify_core.persistence.engine import Database
from calibrify_core.persistence.scoping import Scope, condition, restrict, scoped, unscoped
from calibrify_core.persistence.session import new_session

OURS, THEIRS = uuid.uuid4(), uuid.uuid4()
NORTH, SOUTH = uuid.uuid4(), uuid.uuid4()


class Base(DeclarativeBase):
    """Of these tests alone."""


class Site(Base):
    """Is not scoped."""

    __tablename__ = "scope_site"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)


class Device(Base):
    """Is scoped, by its site within the organisation."""

    __tablename__ = "scope_device"
    id: Mapped[int] = mapped_column(primary_key=True)
    organisation_id: Mapped[uuid.UUID]
    site_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("scope_site.id"))
    name: Mapped[str]
    readings: Mapped[list[Reading]] = relationship()


class Reading(Base):
    """Is scoped by its organisation alone."""

    __tablename__ = "scope_reading"
    id: Mapped[int] = mapped_column(primary_key=True)
    organisation_id: Mapped[uuid.UUID]
    device_id: Mapped[int] = mapped_column(sa.ForeignKey("scope_device.id"))
    value: Mapped[str] = mapped_column(deferred=True)


scoped(Device, lambda scope: Device.site_id.in_(scope.limits.get("site", ())))
scoped(Reading)

EVERYTHING = Scope(OURS, everything=True)
NORTHERN = Scope(OURS, limits={"site": (NORTH,)})
devices = Device.__table__


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    Base.metadata.create_all(database.writer)
    with new_session(database, write=True) as opened:
        opened.add_all([Site(id=NORTH), Site(id=SOUTH)])
        opened.flush()
        opened.add_all(
            [
                Device(id=1, organisation_id=OURS, site_id=NORTH, name="north"),
                Device(id=2, organisation_id=OURS, site_id=SOUTH, name="south"),
                Device(id=3, organisation_id=THEIRS, site_id=NORTH, name="theirs"),
            ]
        )
        opened.flush()
        opened.add(Reading(id=1, organisation_id=OURS, device_id=1, value="10.0010"))
        opened.commit()
        opened.expunge_all()
        yield opened


FORGOTTEN = {
    "entity": sa.select(Device),
    "column": sa.select(Device.name),
    "function of a column": sa.select(sa.func.count(Device.id)),
    "count over the class": sa.select(sa.func.count()).select_from(Device),
    "alias": sa.select(aliased(Device)),
    "core table": sa.select(devices),
    "core column": sa.select(devices.c.name),
    "core alias": sa.select(devices.alias().c.name),
    "join of another class": sa.select(Site).join(Device, Device.site_id == Site.id),
    "condition on another class": sa.select(Site).where(
        sa.exists().where(Device.site_id == Site.id)
    ),
    "union": sa.union(sa.select(Device.name), sa.select(Site.id)),
    "common table expression": sa.select(sa.select(Device.name).cte().c.name),
    "update": sa.update(Device).values(name="x"),
    "delete": sa.delete(Device).where(Device.id == 1),
    "core update": sa.update(devices).values(name="x"),
    "core delete": sa.delete(devices),
    "second class beside a restricted one": restrict(
        sa.select(Reading, Device.name).join(Device, Reading.device_id == Device.id),
        Reading,
        EVERYTHING,
    ),
    "core column beside a restricted class": restrict(
        sa.select(Reading.id, devices.c.name).join(devices, Reading.device_id == devices.c.id),
        Reading,
        EVERYTHING,
    ),
    "subquery beside a restricted class": restrict(
        sa.select(Reading.id, sa.select(sa.func.max(devices.c.name)).scalar_subquery()),
        Reading,
        EVERYTHING,
    ),
}


@pytest.mark.parametrize("statement", FORGOTTEN.values(), ids=FORGOTTEN.keys())
def test_a_forgotten_scope_is_an_error(session: Session, statement: sa.Executable) -> None:
    with pytest.raises(RuntimeError, match="a statement over Device was not given its scope"):
        session.execute(statement)


def test_getting_one_by_its_id_needs_a_scope_too(session: Session) -> None:
    with pytest.raises(RuntimeError, match="was not given its scope"):
        session.get(Device, 3)


@pytest.mark.parametrize(
    ("scope", "names"),
    [
        (EVERYTHING, ["north", "south"]),
        (NORTHERN, ["north"]),
        (Scope(OURS), []),
        (Scope(OURS, limits={"category": (NORTH,)}), []),
        (Scope(THEIRS, everything=True), ["theirs"]),
    ],
)
def test_a_restricted_statement_shows_the_scope_and_nothing_else(
    session: Session, scope: Scope, names: list[str]
) -> None:
    columns = restrict(sa.select(Device.name).order_by(Device.id), Device, scope)
    entities = restrict(sa.select(Device).order_by(Device.id), Device, scope)

    assert list(session.scalars(columns)) == names
    assert [device.name for device in session.scalars(entities)] == names


def test_a_restricted_change_changes_the_scope_and_nothing_else(session: Session) -> None:
    session.execute(restrict(sa.update(Device).values(name="seen"), Device, NORTHERN))

    names = unscoped(sa.select(Device.name).order_by(Device.id), Device, because="it is counted")
    assert list(session.scalars(names)) == ["seen", "south", "theirs"]

    session.execute(restrict(sa.delete(Device).where(Device.id == 2), Device, EVERYTHING))
    assert list(session.scalars(names)) == ["seen", "theirs"]


def test_a_class_without_a_rule_is_cut_to_its_organisation(session: Session) -> None:
    statement = sa.select(Reading.id)

    theirs = Scope(THEIRS, limits={"site": (NORTH,)})

    assert list(session.scalars(restrict(statement, Reading, NORTHERN))) == [1]
    assert list(session.scalars(restrict(statement, Reading, theirs))) == []
    assert list(session.scalars(restrict(statement, Reading, Scope(OURS)))) == []


def test_a_restricted_subquery_carries_its_mark_outwards(session: Session) -> None:
    inner = restrict(sa.select(Device.site_id), Device, NORTHERN)
    counted = sa.select(sa.func.count()).select_from(
        restrict(sa.select(Device), Device, EVERYTHING).subquery()
    )

    assert list(session.scalars(sa.select(Site.id).where(Site.id.in_(inner)))) == [NORTH]
    assert session.scalar(counted) == 2


def test_what_hangs_on_a_reached_object_is_reached(session: Session) -> None:
    device = session.scalars(restrict(sa.select(Device), Device, NORTHERN)).one()
    lazily = device.readings
    session.refresh(device)

    assert [reading.value for reading in lazily] == ["10.0010"]

    session.expunge_all()
    eagerly = restrict(sa.select(Device).options(selectinload(Device.readings)), Device, NORTHERN)
    assert [reading.id for reading in session.scalars(eagerly).one().readings] == [1]


def test_the_system_may_look_past_the_scope_and_says_why(session: Session) -> None:
    statement = unscoped(sa.select(sa.func.count(Device.id)), Device, because="the seal counts all")

    assert session.scalar(statement) == 3
    with pytest.raises(ValueError, match="say why"):
        unscoped(sa.select(Device), Device, because="")


def test_what_is_not_scoped_needs_nothing(session: Session) -> None:
    assert session.get(Site, NORTH) is not None
    assert len(list(session.scalars(sa.select(Site)))) == 2
    session.execute(devices.insert().values(id=4, organisation_id=OURS, site_id=NORTH, name="new"))


def test_objects_are_written_without_a_scope(session: Session) -> None:
    device = session.scalars(restrict(sa.select(Device), Device, NORTHERN)).one()
    device.name = "renamed"
    session.add(Reading(id=2, organisation_id=OURS, device_id=1, value="1"))
    session.flush()

    assert session.scalar(restrict(sa.select(Device.name), Device, NORTHERN)) == "renamed"


def test_a_reading_session_is_guarded_too(session: Session, database: Database) -> None:
    session.rollback()
    with new_session(database, write=False) as reading, pytest.raises(RuntimeError):
        reading.scalars(sa.select(Device))


def test_the_condition_can_be_used_on_its_own(session: Session) -> None:
    statement = sa.select(Device.name).where(condition(Device, NORTHERN))
    marked = unscoped(statement, Device, because="the condition is in it")

    assert list(session.scalars(marked)) == ["north"]
