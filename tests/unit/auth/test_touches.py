"""When a credential was last used: written seldom, and never in the way of a request."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from calibrify_core.auth import recognition
from calibrify_core.auth.secret import digest
from calibrify_core.auth.sign_in import SignIn
from calibrify_core.auth.signed_in import BrowserSession
from calibrify_core.auth.touches import EVERY, Touches


def last_seen(laboratory):
    with laboratory.platform.session(write=False) as session:
        return session.scalars(sa.select(BrowserSession.last_seen_at)).one()


def put_last_seen(laboratory, moment):
    with laboratory.platform.session(write=True) as session, session.begin():
        session.execute(sa.update(BrowserSession).values(last_seen_at=moment))


def test_a_use_is_written_when_the_last_one_is_a_while_ago(laboratory):
    secret = SignIn(laboratory.platform).open_session("anna", laboratory.password, laboratory.visit)
    touches = Touches(laboratory.platform)

    def principal():
        with laboratory.platform.database.reader.connect() as connection:
            return recognition.recognise_session(
                connection, digest(secret), laboratory.platform.clock.now(), laboratory.visit
            )

    def note():
        found = principal()
        return touches.note(found.kind, found.credential_id, found.last_seen_at)

    assert not note()

    old = laboratory.platform.clock.now() - EVERY - timedelta(seconds=1)
    put_last_seen(laboratory, old)
    assert note()
    touches.write()
    assert last_seen(laboratory) > old + EVERY

    put_last_seen(laboratory, old)
    assert not note(), "at most one write a minute"
    assert last_seen(laboratory) == old


def test_a_database_that_does_not_answer_is_no_error_of_the_request(laboratory, caplog):
    secret = SignIn(laboratory.platform).open_session("anna", laboratory.password, laboratory.visit)
    touches = Touches(laboratory.platform)
    put_last_seen(laboratory, laboratory.platform.clock.now() - 2 * EVERY)
    with laboratory.platform.database.reader.connect() as connection:
        principal = recognition.recognise_session(
            connection, digest(secret), laboratory.platform.clock.now(), laboratory.visit
        )
    touches.note(principal.kind, principal.credential_id, principal.last_seen_at)
    with laboratory.platform.database.writer.begin() as connection:
        connection.execute(sa.text("ALTER TABLE core_session RENAME TO core_session_away"))

    touches.write()

    assert "was not written (1)" in caplog.text
    assert secret not in caplog.text
