"""The trail is written with the change, cannot be changed, and tells when it was."""

from __future__ import annotations

import threading
from decimal import Decimal

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from calibrify_core.audit.entry import AuditEntry, AuditSeal
from calibrify_core.audit.seal import seal, verify
from calibrify_core.audit.trail import told_of_new
from calibrify_core.auth.user import User
from calibrify_core.auth.users import Users
from calibrify_core.persistence.scoping import unscoped
from calibrify_core.work.organisation import Organisation, OrganisationFacts
from calibrify_core.work.platform import Platform

ENTRY, SEAL = AuditEntry.__table__, AuditSeal.__table__


def entries(platform: Platform) -> list[AuditEntry]:
    """Returns all entries, oldest first."""
    with platform.session(write=False) as session:
        statement = sa.select(AuditEntry).order_by(AuditEntry.id)
        return list(session.scalars(unscoped(statement, AuditEntry, because="a test looks")))


def unprotected(platform: Platform, statement: str) -> None:
    """Runs SQL as somebody would who owns the database and took the triggers away."""
    with platform.database.writer.begin() as connection:
        if platform.database.dialect == "postgresql":
            connection.execute(sa.text("ALTER TABLE core_audit_entry DISABLE TRIGGER ALL"))
            connection.execute(sa.text("ALTER TABLE core_audit_seal DISABLE TRIGGER ALL"))
        else:
            for table in ("core_audit_entry", "core_audit_seal"):
                for verb in ("update", "delete"):
                    connection.execute(sa.text(f"DROP TRIGGER {table}_no_{verb}"))
        connection.execute(sa.text(statement))


def test_a_change_is_written_with_old_and_new(
    core_platform: Platform, house: OrganisationFacts
) -> None:
    with core_platform.unit() as unit:
        found = unit.session.get(Organisation, house.id)
        assert found is not None
        unit.reason = "moved"
        found.title = "New title"
    last = entries(core_platform)[-1]
    assert (last.action, last.object_type, last.object_id) == ("update", "organisation", house.id)
    assert last.changes == {"title": ["Main laboratory", "New title"]}
    assert (last.actor_kind, last.reason) == ("system", "moved")


def test_a_new_object_is_told_without_its_blanks(
    core_platform: Platform, house: OrganisationFacts
) -> None:
    with core_platform.unit() as unit:
        made = Users(unit).create(username="ana", email="ana@example.com")
        written = {item.key: getattr(made, item.key) for item in sa.inspect(User).column_attrs}
    (entry,) = [one for one in entries(core_platform) if one.object_id == made.id]
    assert entry.changes["username"] == [None, "ana"]
    assert "name" not in entry.changes
    assert entry.changes == told_of_new(User, written)
    blank = {"name": "", "locale": None, "tags": [], "limit": Decimal(0), "marked": False}
    assert told_of_new(User, blank) == {"limit": [None, "0"], "marked": [None, False]}


def test_a_change_that_is_undone_leaves_no_entry(
    core_platform: Platform, house: OrganisationFacts
) -> None:
    before = len(entries(core_platform))

    def fail_after_a_change() -> None:
        with core_platform.unit() as unit:
            Users(unit).create(username="ghost")
            raise RuntimeError("undo")

    with pytest.raises(RuntimeError, match="undo"):
        fail_after_a_change()
    assert len(entries(core_platform)) == before


def test_secrets_never_enter_the_trail(core_platform: Platform, house: OrganisationFacts) -> None:
    with core_platform.unit() as unit:
        Users(unit).create(username="jun", password="eleven calipers in a drawer")
    assert all("password_hash" not in entry.changes for entry in entries(core_platform))


@pytest.mark.parametrize("table", ["core_audit_entry", "core_audit_seal"])
@pytest.mark.parametrize("verb", ["DELETE FROM {}", "UPDATE {} SET digest = 'x'"])
def test_the_database_refuses_to_change_the_trail(
    core_platform: Platform, house: OrganisationFacts, table: str, verb: str
) -> None:
    seal(core_platform.database)
    with (
        pytest.raises(DBAPIError, match="insert-only"),
        core_platform.database.writer.begin() as connection,
    ):
        connection.execute(sa.text(verb.format(table)))


def test_an_untouched_trail_is_intact(core_platform: Platform, house: OrganisationFacts) -> None:
    verdict = verify(core_platform.database, core_platform.keys.audit)
    assert verdict.intact
    assert verdict.entries == verdict.sealed == len(entries(core_platform)) > 0


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        ("UPDATE core_audit_entry SET label = 'x' WHERE id = :id", "entry of seal 2 was changed"),
        ("UPDATE core_audit_entry SET digest = 'x' WHERE id = :id", "entry of seal 2 was changed"),
        ("DELETE FROM core_audit_entry WHERE id = :id", "entry of seal 2 was deleted"),
        ("DELETE FROM core_audit_seal WHERE entry_id = :id", "Seal 2 is missing"),
        ("UPDATE core_audit_seal SET previous = 'x' WHERE entry_id = :id", "Seal 2 was changed"),
    ],
)
def test_verify_names_the_first_bad_entry(
    core_platform: Platform, house: OrganisationFacts, harm: str, said: str
) -> None:
    seal(core_platform.database)
    victim = entries(core_platform)[1].id
    shown = victim.hex if core_platform.database.dialect == "sqlite" else str(victim)
    unprotected(core_platform, harm.replace(":id", f"'{shown}'"))
    verdict = verify(core_platform.database, core_platform.keys.audit)
    assert verdict.broken is not None
    assert said in verdict.broken
    if "missing" not in said:
        assert verdict.entry_id == str(victim)


def test_sealing_beside_writers_keeps_one_chain(
    core_platform: Platform, house: OrganisationFacts
) -> None:
    def write(name: str) -> None:
        for number in range(5):
            with core_platform.unit() as unit:
                unit.audit("note", "test", None, f"{name}-{number}")
            seal(core_platform.database)

    threads = [threading.Thread(target=write, args=(f"w{n}",)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    verdict = verify(core_platform.database, core_platform.keys.audit)
    assert verdict.intact, verdict
    assert verdict.sealed == len(entries(core_platform)) >= 30
