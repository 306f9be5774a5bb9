"""Rights: granted, taken away, scoped, and never lost altogether."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import event

from calibrify_core.auth import recognition
from calibrify_core.auth.grant import Grant
from calibrify_core.auth.grants import Grants, roles_held
from calibrify_core.auth.group import Membership
from calibrify_core.auth.groups import Groups
from calibrify_core.auth.organisations import Organisations
from calibrify_core.auth.people import People
from calibrify_core.auth.permissions import EVERYBODYS
from calibrify_core.auth.recognition import recognise
from calibrify_core.auth.role import Role
from calibrify_core.auth.roles import ROLES, Roles
from calibrify_core.auth.secret import digest
from calibrify_core.auth.sessions import Sessions
from calibrify_core.auth.sign_in import SignIn
from calibrify_core.auth.users import USERS, Users
from calibrify_core.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from calibrify_core.kernel.ids import new_id
from calibrify_core.records.keyset import run_list
from calibrify_core.records.listing import read_request
from calibrify_core.work.organisation import Organisation

CLERK = ["core.user:view", "core.user:manage"]


def permissions(laboratory, user):
    with laboratory.platform.session(write=False) as session:
        return recognise(session, user.id)[1].permissions - EVERYBODYS


def test_rights_come_from_grants_and_from_groups(laboratory):
    tom = laboratory.hire("tom")
    assert permissions(laboratory, tom) == frozenset()

    with laboratory.platform.unit(laboratory.facts.id) as unit:
        group = Groups(unit).create("Night shift", member_ids=[tom.id])
        grant = Grants(unit).give(laboratory_role(unit, "metrology_manager"), group_id=group.id)
    assert "core.user:view" in permissions(laboratory, tom)
    with laboratory.platform.unit(laboratory.facts.id) as unit:
        assert roles_held(unit, [tom.id, new_id()]) == {tom.id: ["Metrology manager"]}

    with laboratory.platform.unit(laboratory.facts.id) as unit:
        groups = Groups(unit)
        groups.set_members(groups.get(group.id), [])
    assert permissions(laboratory, tom) == frozenset()
    with laboratory.platform.unit(laboratory.facts.id) as unit:
        groups = Groups(unit)
        groups.set_members(groups.get(group.id), [tom.id])
        grants = Grants(unit)
        grants.take_away(grants.get(grant.id))
    assert permissions(laboratory, tom) == frozenset()


def laboratory_role(unit, name):
    role = Roles(unit).named(name)
    assert role is not None
    return role.id


def test_recognition_takes_one_statement(laboratory):
    secret = SignIn(laboratory.platform).open_session("anna", laboratory.password, laboratory.visit)
    statements = []
    engine = laboratory.platform.database.reader

    def count(_connection, _cursor, statement, *_):
        if statement != "BEGIN":
            statements.append(statement)

    def ask():
        with laboratory.platform.database.reader.connect() as connection:
            return recognition.recognise_session(
                connection, digest(secret), laboratory.platform.clock.now(), laboratory.visit
            )

    first = ask()
    event.listen(engine, "before_cursor_execute", count)
    second = ask()
    event.remove(engine, "before_cursor_execute", count)

    assert first == second is not None
    assert len(statements) == 1


def test_kept_rights_end_with_the_change_of_anything_they_are_made_of(laboratory):
    tom = laboratory.hire("tom", password="a long enough passphrase")
    secret = SignIn(laboratory.platform).open_session(
        "tom", "a long enough passphrase", laboratory.visit
    )
    unit_of = laboratory.platform.unit

    def ask():
        with laboratory.platform.database.reader.connect() as connection:
            principal = recognition.recognise_session(
                connection, digest(secret), laboratory.platform.clock.now(), laboratory.visit
            )
        return principal.access.permits("core.user:view"), principal.organisation.title

    assert ask() == (False, "Main laboratory")
    with unit_of() as unit:
        role = Roles(unit).create("own", "Own", permissions=["core.user:view"])
        grant = Grants(unit).give(role.id, user_id=tom.id)
    assert ask()[0]
    with unit_of() as unit:
        Roles(unit).change(Roles(unit).get(role.id), permissions=[])
    assert not ask()[0]
    with unit_of() as unit:
        Roles(unit).change(Roles(unit).get(role.id), permissions=["core.user:view"])
    assert ask()[0]
    with unit_of() as unit:
        Grants(unit).take_away(Grants(unit).get(grant.id))
    assert not ask()[0]
    with unit_of() as unit:
        group = Groups(unit).create("All")
        Grants(unit).give(role.id, group_id=group.id)
    assert not ask()[0]
    with unit_of() as unit:
        Groups(unit).set_members(Groups(unit).get(group.id), [tom.id])
    assert ask()[0]
    with unit_of() as unit:
        Groups(unit).set_members(Groups(unit).get(group.id), [])
    assert not ask()[0]
    with unit_of() as unit:
        Groups(unit).set_members(Groups(unit).get(group.id), [tom.id])
    assert ask()[0]
    with unit_of() as unit:
        Groups(unit).delete(Groups(unit).get(group.id))
    assert not ask()[0]
    with unit_of() as unit:
        unit.session.get(Organisation, laboratory.facts.id).title = "Renamed"
    assert ask() == (False, "Renamed")
    with unit_of() as unit:
        Grants(unit).give(role.id, user_id=tom.id)
        unit.session.rollback()
    assert not ask()[0]


def test_a_changed_role_is_felt_at_once_and_an_upgrade_keeps_what_was_changed(laboratory):
    manager = laboratory.hire("mia", "metrology_manager")
    with laboratory.platform.unit(laboratory.facts.id) as unit:
        role = Roles(unit).named("metrology_manager")
        kept = set(role.permissions) - {"core.user:view"} | {"core.session:manage"}
        Roles(unit).change(role, permissions=kept)
    assert permissions(laboratory, manager) == kept

    assert Organisations(laboratory.platform).prepare() == []

    assert permissions(laboratory, manager) == kept


def test_a_permission_that_is_new_as_a_default_reaches_its_roles(laboratory):
    with laboratory.platform.unit(laboratory.facts.id) as unit:
        role = Roles(unit).named("metrology_manager")
        role.permissions = tuple(set(role.permissions) - {"core.user:view"})
        role.seeded = tuple(set(role.seeded) - {"core.user:view"})

    lines = Organisations(laboratory.platform).prepare()

    assert lines == ["main: role metrology_manager: 1 permissions added"]
    with laboratory.platform.unit(laboratory.facts.id) as unit:
        assert "core.user:view" in Roles(unit).named("metrology_manager").permissions


def test_the_first_organisation_is_made_once(platform):
    organisations = Organisations(platform)

    assert organisations.prepare()[0].startswith("organisation main made")
    assert organisations.prepare() == []
    assert [found.name for found in organisations.all()] == ["main"]
    assert organisations.all()[0].zone.key == "Europe/Berlin"
    with pytest.raises(Conflict):
        organisations.create("main")


def test_the_last_administrator_stays(laboratory):
    admin = laboratory.admin.id
    with laboratory.platform.unit(laboratory.facts.id) as unit:
        grant = unit.session.scalars(unit.select(Grant, "core.grant:view")).one()
    attempts = [
        lambda unit: Users(unit).disable(Users(unit).get(admin)),
        lambda unit: Grants(unit).take_away(Grants(unit).get(grant.id)),
        lambda unit: Roles(unit).change(Roles(unit).named("administrator"), permissions=[]),
    ]
    for attempt in attempts:
        with pytest.raises(Conflict, match="without an administrator"):
            laboratory.as_user(laboratory.admin, attempt)
    assert "core.grant:manage" in permissions(laboratory, laboratory.admin)

    laboratory.hire("ben", "administrator")
    laboratory.as_user(laboratory.admin, attempts[0])


def test_an_administrator_by_group_is_one_too(laboratory):
    ben = laboratory.hire("ben")
    with laboratory.platform.unit(laboratory.facts.id) as unit:
        group = Groups(unit).create("Administration", member_ids=[ben.id])
        Grants(unit).give(laboratory_role(unit, "administrator"), group_id=group.id)
        Users(unit).disable(Users(unit).get(laboratory.admin.id))
    for attempt in (
        lambda unit: Groups(unit).delete(Groups(unit).get(group.id)),
        lambda unit: Groups(unit).set_members(Groups(unit).get(group.id), []),
    ):
        with pytest.raises(Conflict, match="without an administrator"):
            laboratory.as_user(ben, attempt)
    assert laboratory.count(Membership) == 1


def test_two_administrators_who_disable_each_other_at_once_leave_one(laboratory):
    ben = laboratory.hire("ben", "administrator")
    gate = threading.Barrier(2)
    outcomes = []

    def disable(actor, victim):
        gate.wait()
        try:
            laboratory.as_user(actor, lambda unit: Users(unit).disable(Users(unit).get(victim.id)))
            outcomes.append("done")
        except (Conflict, NotFound, Forbidden) as error:
            outcomes.append(type(error).__name__)

    threads = [
        threading.Thread(target=disable, args=pair)
        for pair in ((laboratory.admin, ben), (ben, laboratory.admin))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert outcomes.count("done") == 1


def test_who_administers_less_cannot_take_over_an_administrator(laboratory):
    clerk = laboratory.hire("clerk")
    with laboratory.platform.unit(laboratory.facts.id) as unit:
        role = Roles(unit).create(
            "clerk", "Clerk", permissions=["core.user:view", "core.user:manage"]
        )
        Grants(unit).give(role.id, user_id=clerk.id)
    tom = laboratory.hire("tom", "technician")

    def take_over(unit):
        Users(unit).set_password(Users(unit).get(laboratory.admin.id), "a passphrase of my own")

    with pytest.raises(Forbidden, match="may do more than you"):
        laboratory.as_user(clerk, take_over)
    with pytest.raises(Forbidden):
        laboratory.as_user(
            clerk,
            lambda unit: Users(unit).change(Users(unit).get(laboratory.admin.id), {"email": None}),
        )
    laboratory.as_user(
        clerk, lambda unit: Users(unit).change(Users(unit).get(tom.id), {"name": "T"})
    )


@pytest.mark.parametrize("role", ["viewer", "technician", "metrology_manager"])
def test_only_administrators_manage(laboratory, role):
    user = laboratory.hire("someone", role)
    viewer = laboratory.role_id("viewer")
    for attempt in (
        lambda unit: Users(unit).create(username="x"),
        lambda unit: Users(unit).change(Users(unit).me(), {"name": "x"}),
        lambda unit: Groups(unit).create("x"),
        lambda unit: Roles(unit).create("x", "x"),
        lambda unit: Grants(unit).give(viewer, user_id=user.id),
        lambda unit: Sessions(unit).end_all_of(Users(unit).me()),
    ):
        with pytest.raises(Forbidden):
            laboratory.as_user(user, attempt)


def test_nothing_of_another_organisation_can_be_reached(laboratory):
    other = Organisations(laboratory.platform).create("other", "Other laboratory")
    with laboratory.platform.unit(other.id) as unit:
        stranger = Users(unit).create(username="stranger")
        group = Groups(unit).create("Strangers")
        their_role = Roles(unit).named("administrator").id
    own_role = laboratory.role_id("administrator")
    for attempt, error in (
        (lambda unit: Users(unit).get(stranger.id), NotFound),
        (lambda unit: Groups(unit).get(group.id), NotFound),
        (lambda unit: Roles(unit).get(their_role), NotFound),
        (lambda unit: Grants(unit).give(own_role, user_id=stranger.id), Invalid),
        (lambda unit: Grants(unit).give(own_role, group_id=group.id), Invalid),
        (lambda unit: Grants(unit).give(their_role, user_id=laboratory.admin.id), Invalid),
        (lambda unit: Groups(unit).create("Mixed", member_ids=[stranger.id]), Invalid),
        (
            lambda unit: Grants(unit).give(
                own_role, user_id=laboratory.admin.id, scope_id=other.id
            ),
            Invalid,
        ),
    ):
        with pytest.raises(error):
            laboratory.as_user(laboratory.admin, attempt)
    listed = laboratory.as_user(
        laboratory.admin, lambda unit: run_list(unit, USERS, read_request(USERS, []))
    )
    assert [row["username"] for row in listed.rows] == ["Anna"]
    assert (
        laboratory.as_user(laboratory.admin, lambda unit: People(unit).names([stranger.id])) == {}
    )


def test_a_grant_names_an_existing_scope_once(laboratory):
    with laboratory.platform.unit(laboratory.facts.id) as unit:
        role = laboratory_role(unit, "viewer")
        grants = Grants(unit)
        with pytest.raises(Invalid, match="none of: organisation"):
            grants.give(role, user_id=laboratory.admin.id, scope_type="planet", scope_id=role)
        with pytest.raises(Invalid, match="not both"):
            grants.give(role)
        grants.give(role, user_id=laboratory.admin.id)
        with pytest.raises(Conflict, match="already"):
            grants.give(role, user_id=laboratory.admin.id, scope_id=laboratory.facts.id)


def test_names_are_unique_in_the_installation_whatever_the_case(laboratory):
    other = Organisations(laboratory.platform).create("other")
    with laboratory.platform.unit(other.id) as unit:
        users = Users(unit)
        with pytest.raises(Conflict):
            users.create(username="ANNA")
        with pytest.raises(Conflict):
            users.create(username="anna2", email="ANNA.BERG@example.com")
        for bad in ("", "a@b", "two words", "-", "x" * 151, "zero\x00"):
            with pytest.raises(Invalid):
                users.create(username=bad)
        for bad in ("nobody", "a b@example.com", "@example.com", "a@", "a@b@c"):
            with pytest.raises(Invalid):
                users.create(username="fine", email=bad)


def test_no_hash_enters_the_trail(laboratory):
    laboratory.hire("tom", "technician", "a long enough passphrase")

    assert "argon2" not in str(laboratory.trail())
    created = [changes for action, label, changes in laboratory.trail() if label == "tom"]
    assert created[0]["username"] == [None, "tom"]


def test_roles_of_ones_own_come_and_go(laboratory):
    with laboratory.platform.unit(laboratory.facts.id) as unit:
        roles = Roles(unit)
        with pytest.raises(Invalid) as refused:
            roles.create("auditor", "Auditor", permissions=["core.user:view", "no.such:thing"])
        assert refused.value.errors[0].pointer == "/permissions/1"
        role = roles.create("auditor", "Auditor", permissions=["core.user:view"])
        with pytest.raises(Conflict):
            roles.create("auditor", "Another")
        Grants(unit).give(role.id, user_id=laboratory.admin.id)
        with pytest.raises(Conflict, match="holds this role"):
            roles.delete(role)
        with pytest.raises(Conflict, match="default role"):
            roles.delete(roles.named("viewer"))
        roles.delete(roles.create("short", "Short-lived"))
        found = run_list(unit, ROLES, read_request(ROLES, []))
    assert [row["name"] for row in found.rows] == [
        "administrator",
        "auditor",
        "metrology_manager",
        "technician",
        "viewer",
    ]
    assert laboratory.count(Role) == 5
