"""Signing in: by username or e-mail and password, outside of any request's transaction.

A short unit counts the attempt, the password is verified while no transaction is open, and
another short unit writes the outcome: what must outlast a refusal (the counters, the entry in
the audit trail) is never part of something that the refusal undoes.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from calibrify_core.auth import passwords, revocation, throttle
from calibrify_core.auth.principal import Principal
from calibrify_core.auth.recognition import Visit
from calibrify_core.auth.secret import SESSION_PREFIX, digest, new_secret
from calibrify_core.auth.signed_in import SESSION_LIFE, BrowserSession
from calibrify_core.auth.user import ACTIVE, PERSON, User, account_key
from calibrify_core.kernel.actor import Actor
from calibrify_core.kernel.errors import (
    CalibrifyError,
    Forbidden,
    Invalid,
    NotFound,
    Unauthenticated,
)
from calibrify_core.kernel.ids import new_id
from calibrify_core.work.platform import Platform
from calibrify_core.work.unit import UnitOfWork

WRONG = "The username or the password is wrong."
LONGEST_AGENT = 300
LONGEST_NAME = 508


@dataclass(frozen=True, slots=True)
class Account:
    """What sign-in needs to know of an account.

    Attributes:
        user_id: its id.
        organisation_id: the organisation to which it belongs.
        name: as it is shown.
        password_hash: None if it has none.
        good: whether it is active and a person's.
    """

    user_id: uuid.UUID
    organisation_id: uuid.UUID
    name: str
    password_hash: str | None
    good: bool


class SignIn:
    """Opens and ends browser sessions, and confirms passwords.

    Args:
        platform: the application's shared services.
    """

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    def open_session(
        self,
        name: str,
        password: str,
        visit: Visit,
        *,
        user_agent: str = "",
        previous: str | None = None,
    ) -> str:
        """Signs somebody in and returns the secret for the session's cookie.

        Args:
            name: username or e-mail.
            password: as it was typed.
            visit: where the request comes from.
            user_agent: what the browser calls itself, for the list of devices.
            previous: secret of the session that the browser had until now; it ends.

        Raises:
            Unauthenticated: wrong, unknown or disabled, always with the same words.
            TooManyRequests: too many failed attempts.
            Unavailable: too many people sign in at this moment.
        """
        secret = new_secret(SESSION_PREFIX)

        def keep(unit: UnitOfWork, account: Account) -> None:
            now = unit.clock.now()
            if previous is not None:
                unit.session.execute(
                    sa.delete(BrowserSession).where(BrowserSession.digest == digest(previous))
                )
            row = BrowserSession(
                id=new_id(),
                user_id=account.user_id,
                digest=digest(secret),
                created_at=now,
                last_seen_at=now,
                expires_at=now + SESSION_LIFE,
                address=visit.address or "",
                user_agent=user_agent[:LONGEST_AGENT],
            )
            unit.add(row)
            _note(unit, "sign_in", account, visit)

        self.authenticate(name, password, visit, keep)
        return secret

    def sign_out(self, principal: Principal) -> None:
        """Ends the session or the sign-in by which somebody is recognised."""
        with self._platform.unit(principal.organisation.id, actor=principal.actor) as unit:
            revocation.end(unit.session, principal.credential_id)
            unit.audit("sign_out", "user", principal.user_id, principal.username)

    def confirm(self, principal: Principal, password: str, visit: Visit) -> None:
        """Checks the password of somebody who is signed in, before something that needs it.

        Raises:
            Unauthenticated: it is wrong.
            TooManyRequests: too many failed attempts.
        """

        def keep(unit: UnitOfWork, account: Account) -> None:
            _note(unit, "confirm_password", account, visit)

        self.authenticate(principal.username, password, visit, keep)

    def change_password(
        self, principal: Principal, current: str, password: str, visit: Visit
    ) -> None:
        """Changes the password of somebody who is signed in; other sign-ins of theirs end.

        Raises:
            Invalid: the present password is wrong, or the new one breaks the rules.
            Forbidden: the caller acts by an API token.
            TooManyRequests: too many failed attempts.
        """
        if principal.kind == "token":
            raise Forbidden("A token changes no password: sign in for that.")
        organisation = principal.organisation
        words = (principal.username, principal.actor.name, organisation.name, organisation.title)
        passwords.check(password, words, "new_password")
        hashed = passwords.hash_password(password)

        def keep(unit: UnitOfWork, account: Account) -> None:
            values = {"password_hash": hashed, "password_changed_at": unit.clock.now()}
            _update(unit.session, account, values)
            revocation.end_all(unit.session, account.user_id, keep=principal.credential_id)
            _note(unit, "change_password", account, visit)

        try:
            self.authenticate(principal.username, current, visit, keep)
        except Unauthenticated:
            raise Invalid.field("current_password", "This is not the present password.") from None

    def authenticate(self, name: str, password: str, visit: Visit, keep: Any) -> Account:
        """Checks a name and password, and lets ``keep`` write what follows.

        Args:
            name: username or e-mail.
            password: as it was typed.
            visit: where the request comes from.
            keep: called with (unit, account) in the transaction that writes the outcome.

        Raises:
            Unauthenticated: wrong, unknown or disabled, always with the same words.
            TooManyRequests: too many failed attempts.
            Unavailable: too many people sign in at this moment.
        """
        now = self._platform.clock.now()
        with self._platform.session(write=True) as session, session.begin():
            account = find_account(session, name)
            # Both names of an account share a counter; an unknown name has one of its own.
            counted = name if account is None else str(account.user_id)
            claimed = throttle.claim(session, counted, visit.address or "", now)
        stored = account.password_hash if account is not None and account.good else None
        try:
            right = passwords.verify(stored, password)
        except CalibrifyError:
            self._forgive(claimed)
            raise
        if account is None or stored is None or not right:
            self._refuse(account, claimed, visit)
            raise Unauthenticated(WRONG)
        better = passwords.hash_password(password) if passwords.needs_rehash(stored) else None
        actor = Actor("user", account.name, account.user_id, None, visit.request_id, visit.address)
        with self._platform.unit(account.organisation_id, actor=actor) as unit:
            throttle.forgive(unit.session, claimed)
            if not _still_good(unit.session, account):
                raise Unauthenticated(WRONG)
            if better is not None:
                _update(unit.session, account, {"password_hash": better})
            keep(unit, account)
        return account

    def _forgive(self, claimed: throttle.Claim) -> None:
        """Takes back an attempt that was never looked at."""
        with self._platform.session(write=True) as session, session.begin():
            throttle.forgive(session, claimed)

    def _refuse(self, account: Account | None, claimed: throttle.Claim, visit: Visit) -> None:
        """Writes a failed attempt into the audit trail.

        What was typed is not kept when no such account exists: people type passwords into
        the wrong field.
        """
        actor = Actor("system", "Sign-in", request_id=visit.request_id, address=visit.address)
        organisation_id = None if account is None else account.organisation_id
        try:
            with self._platform.unit(organisation_id, actor=actor) as unit:
                _note(unit, "sign_in_failed", account, visit)
                if claimed.locked:
                    _note(unit, "sign_in_locked", account, visit)
        except NotFound:
            return  # an installation without any organisation has no trail to write into


def find_account(session: Session, name: str) -> Account | None:
    """Returns the account of a username or e-mail address, None if there is none."""
    key = account_key(name)
    if len(key) > LONGEST_NAME or not _is_text(key):
        return None
    column = User.email_key if "@" in key else User.username_key
    statement = sa.select(
        User.id,
        User.organisation_id,
        User.username,
        User.name,
        User.password_hash,
        User.state,
        User.kind,
    ).where(column == key)
    row = session.connection().execute(statement).one_or_none()
    if row is None:
        return None
    good = row.state == ACTIVE and row.kind == PERSON
    return Account(row.id, row.organisation_id, row.name or row.username, row.password_hash, good)


def _is_text(name: str) -> bool:
    """Tells whether a name is text that a database can hold."""
    return "\x00" not in name and not any("\ud800" <= character <= "\udfff" for character in name)


def _still_good(session: Session, account: Account) -> bool:
    """Tells whether the account is what it was before the password was verified."""
    statement = sa.select(User.id).where(
        User.id == account.user_id,
        User.state == ACTIVE,
        User.password_hash == account.password_hash,
    )
    return session.connection().execute(statement.with_for_update()).first() is not None


def _update(session: Session, account: Account, values: dict[str, Any]) -> None:
    """Writes columns of an account that never enter the audit trail."""
    table: Any = User.__table__
    statement = sa.update(table).where(table.c.id == account.user_id)
    session.connection().execute(statement.values(version=table.c.version + 1, **values))


def _note(unit: UnitOfWork, action: str, account: Account | None, visit: Visit) -> None:
    """Writes one entry about a sign-in."""
    unit.audit(
        action,
        "user",
        None if account is None else account.user_id,
        "unknown account" if account is None else account.name,
        {"address": [None, visit.address]},
    )
