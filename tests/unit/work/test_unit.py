"""The unit of work: what it finds is what its author may see, and it commits whole or not."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from calibrify_core.auth.organisations import Organisations
from calibrify_core.kernel.actor import Actor
from calibrify_core.kernel.errors import NotFound
from calibrify_core.persistence.scoping import scoped
from calibrify_core.work.access import Access, Reach
from calibrify_core.work.organisation import OrganisationFacts
from calibrify_core.work.platform import Platform
from calibrify_core.work.unit import UnitOfWork

SEE, EDIT = "tool:view", "tool:change"
NORTH, SOUTH = uuid.uuid4(), uuid.uuid4()


class Base(DeclarativeBase):
    """Of these tests alone."""


class Tool(Base):
    """Is scoped by its site."""

    __tablename__ = "unit_tool"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    organisation_id: Mapped[uuid.UUID]
    site_id: Mapped[uuid.UUID]


class Maker(Base):
    """Is seen in the whole organisation by whoever may see any."""

    __tablename__ = "unit_maker"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    organisation_id: Mapped[uuid.UUID]


scoped(Tool, lambda scope: Tool.site_id.in_(scope.limits.get("location", ())))
scoped(Maker)

Seen = Callable[[UnitOfWork], set[uuid.UUID]]
IDS = {name: uuid.uuid4() for name in ("north", "south", "theirs", "maker", "their maker")}


@pytest.fixture
def stocked(core_platform: Platform, house: OrganisationFacts) -> OrganisationFacts:
    """Two tools and a maker of the house, and one each of another organisation."""
    Base.metadata.create_all(core_platform.database.writer)
    other = Organisations(core_platform).create("other")
    with core_platform.unit(house.id) as unit:
        unit.add(Tool(id=IDS["north"], organisation_id=house.id, site_id=NORTH))
        unit.add(Tool(id=IDS["south"], organisation_id=house.id, site_id=SOUTH))
        unit.add(Tool(id=IDS["theirs"], organisation_id=other.id, site_id=NORTH))
        unit.add(Maker(id=IDS["maker"], organisation_id=house.id))
        unit.add(Maker(id=IDS["their maker"], organisation_id=other.id))
    return house


def northern(house: OrganisationFacts, *permissions: str) -> Access:
    return Access(house.id, (Reach(frozenset(permissions), "location", NORTH),))


def seen_by(
    platform: Platform, house: OrganisationFacts, access: Access, permission: str = SEE
) -> set[str]:
    """Returns the names of what a select and `find` show, which must be the same."""
    names = {identifier: name for name, identifier in IDS.items()}
    with platform.session(write=False) as session:
        unit = UnitOfWork(platform, session, Actor.system(), house, access)
        selected = set()
        for model in (Tool, Maker):
            rows: list[Tool | Maker] = list(session.scalars(unit.select(model, permission)))
            selected |= {row.id for row in rows}
        found = set()
        for model in (Tool, Maker):
            for identifier in IDS.values():
                try:
                    found.add(unit.find(model, identifier, permission).id)
                except NotFound:
                    continue
        assert selected == found
    return {names[identifier] for identifier in selected}


def test_the_system_sees_its_organisation_and_no_other(
    core_platform: Platform, stocked: OrganisationFacts
) -> None:
    access = Access(stocked.id, unlimited=True)
    assert seen_by(core_platform, stocked, access) == {"north", "south", "maker"}


def test_a_person_sees_the_site_that_was_granted(
    core_platform: Platform, stocked: OrganisationFacts
) -> None:
    access = northern(stocked, SEE)
    assert seen_by(core_platform, stocked, access) == {"north", "maker"}


def test_one_permission_does_not_show_what_another_reaches(
    core_platform: Platform, stocked: OrganisationFacts
) -> None:
    everywhere = Reach(frozenset({SEE}))
    access = Access(stocked.id, (everywhere, *northern(stocked, EDIT).reaches))
    assert seen_by(core_platform, stocked, access, SEE) == {"north", "south", "maker"}
    assert seen_by(core_platform, stocked, access, EDIT) == {"north", "maker"}


@pytest.mark.parametrize("kind", ["nothing granted", "another permission", "a token without it"])
def test_without_the_permission_nothing_is_seen_not_even_what_all_may_see(
    core_platform: Platform, stocked: OrganisationFacts, kind: str
) -> None:
    access = {
        "nothing granted": Access(stocked.id),
        "another permission": Access(stocked.id, (Reach(frozenset({EDIT})),)),
        "a token without it": Access(
            stocked.id, (Reach(frozenset({SEE})),), only=frozenset({EDIT})
        ),
    }[kind]
    assert seen_by(core_platform, stocked, access) == set()


def test_a_change_reaches_as_far_as_its_permission(
    core_platform: Platform, stocked: OrganisationFacts
) -> None:
    with core_platform.session(write=True) as session, session.begin():
        unit = UnitOfWork(
            core_platform, session, Actor.system(), stocked, northern(stocked, SEE, EDIT)
        )
        session.execute(unit.restrict(sa.delete(Tool), Tool, EDIT))
    everything = Access(stocked.id, unlimited=True)
    assert seen_by(core_platform, stocked, everything) == {"south", "maker"}


def test_a_unit_commits_all_or_nothing(core_platform: Platform, stocked: OrganisationFacts) -> None:
    def fail() -> None:
        with core_platform.unit(stocked.id) as unit:
            unit.add(Tool(id=uuid.uuid4(), organisation_id=stocked.id, site_id=SOUTH))
            unit.session.flush()
            raise RuntimeError("undo")

    with pytest.raises(RuntimeError, match="undo"):
        fail()
    with core_platform.unit(stocked.id) as unit:
        assert len(unit.session.scalars(unit.select(Tool, SEE)).all()) == 2


def test_a_unit_of_no_organisation_is_refused(core_platform: Platform) -> None:
    with pytest.raises(NotFound), core_platform.unit():
        raise AssertionError("there is nothing to work for")
