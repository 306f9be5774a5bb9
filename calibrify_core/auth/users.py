"""Accounts: verbs of administration, and what people change about themselves."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

import sqlalchemy as sa

from calibrify_core.audit.entry import AuditEntry
from calibrify_core.auth import passwords, revocation
from calibrify_core.auth.administrators import require_not_above, require_one_left
from calibrify_core.auth.permissions import USER_MANAGE, USER_VIEW
from calibrify_core.auth.user import ACTIVE, DISABLED, PERSON, SERVICE, User, account_key
from calibrify_core.kernel.errors import Conflict, Invalid, NotFound, check_all
from calibrify_core.persistence.scoping import unscoped
from calibrify_core.records.listing import Kind, ListField, ListSpec
from calibrify_core.work.unit import UnitOfWork

USERNAME = re.compile(r"[\w][\w.\-]{0,148}[\w]|[\w]")
"""Letters, digits, dot, hyphen and underscore; an @ would make it look like an e-mail."""

CHANGEABLE = frozenset({"username", "email", "name", "locale", "state"})
OWN = frozenset({"name", "locale"})


class Users:
    """Accounts of the organisation.

    Args:
        unit: the unit of work.
    """

    def __init__(self, unit: UnitOfWork) -> None:
        self._unit = unit

    def get(self, user_id: uuid.UUID, permission: str = USER_VIEW) -> User:
        """Returns one account.

        Raises:
            NotFound: it does not exist, or the caller may not see accounts.
        """
        return self._unit.find(User, user_id, permission)

    def me(self) -> User:
        """Returns the account of the actor.

        Raises:
            NotFound: the actor is no account.
        """
        own = unscoped(
            sa.select(User).where(User.id == self._unit.actor.user_id),
            User,
            because="everybody may see and change their own account",
        )
        found = self._unit.session.scalars(own).one_or_none()
        if found is None:
            raise NotFound
        return found

    def create(
        self,
        *,
        username: str,
        email: str | None = None,
        name: str = "",
        password: str | None = None,
        kind: str = PERSON,
        locale: str | None = None,
    ) -> User:
        """Adds an account; without a password nobody can sign in with it yet.

        Args:
            username: unique in the installation, whatever its letter case.
            email: unique in the installation, or None.
            name: as colleagues know them.
            password: the first password; a service has none and acts by API tokens.
            kind: ``person`` or ``service``.
            locale: preferred language, None for the installation's.

        Raises:
            Forbidden: the caller may not manage accounts of the whole organisation.
            Invalid: a value does not fit, or the password breaks the rules.
            Conflict: the username or e-mail is taken.
        """
        self._unit.access.require_everywhere(USER_MANAGE)
        user = User(organisation_id=self._unit.organisation.id, kind=kind, name=name, locale=locale)
        checks = [
            partial(self._set_username, user, username),
            partial(self._set_email, user, email),
        ]
        if password is not None:
            checks.append(partial(self._set_password, user, password))
        check_all(*checks)
        self._unit.add(user)
        self._unit.session.flush()
        return user

    def change(self, user: User, changes: Mapping[str, Any]) -> User:
        """Changes an account: ``username``, ``email``, ``name``, ``locale``, ``state``.

        Raises:
            Forbidden: the caller may not manage accounts, or this one administers more.
            Invalid: a value does not fit.
            Conflict: a name is taken, or nobody would be left to administer.
        """
        self._unit.access.require_everywhere(USER_MANAGE)
        require_not_above(self._unit, user.id)
        values = {name: changes[name] for name in CHANGEABLE & changes.keys()}
        setters = {"username": self._set_username, "email": self._set_email}
        check_all(
            *(partial(setters[name], user, values[name]) for name in setters if name in values)
        )
        for name in OWN & values.keys():
            setattr(user, name, values[name])
        if values.get("state", user.state) != user.state:
            self._set_state(user, values["state"])
        self._unit.session.flush()
        return user

    def change_me(self, changes: Mapping[str, Any]) -> User:
        """Changes the actor's own ``name`` and ``locale``."""
        user = self.me()
        for name in OWN & changes.keys():
            setattr(user, name, changes[name])
        self._unit.session.flush()
        return user

    def disable(self, user: User) -> User:
        """Closes an account: it is signed out everywhere, and its history stays.

        Raises:
            Forbidden: the caller may not manage accounts, or this one administers more.
            Conflict: nobody would be left to administer.
        """
        return self.change(user, {"state": DISABLED})

    def set_password(self, user: User, password: str) -> None:
        """Gives somebody a new password and signs them out everywhere.

        Raises:
            Forbidden: the caller may not manage accounts, or this one administers more.
            Invalid: the password breaks the rules, or the account is a service.
        """
        self._unit.access.require_everywhere(USER_MANAGE)
        require_not_above(self._unit, user.id)
        self._set_password(user, password)
        self._unit.session.flush()
        revocation.end_all(self._unit.session, user.id)
        self._unit.audit("set_password", "user", user.id, user.username)

    def _set_state(self, user: User, state: str) -> None:
        """Opens or closes an account."""
        if state not in {ACTIVE, DISABLED}:
            raise Invalid.field("state", "active or disabled is needed.")
        user.state = state
        if state == DISABLED:
            self._unit.session.flush()
            revocation.end_all(self._unit.session, user.id)
            require_one_left(self._unit)

    def _set_username(self, user: User, username: str) -> None:
        """Gives an account its username."""
        username = username.strip()
        if not USERNAME.fullmatch(username):
            raise Invalid.field(
                "username", "Use letters, digits, dot, hyphen and underscore, at most 150."
            )
        key = account_key(username)
        self._require_free(User.username_key, key, user, f"The username {username} is taken.")
        user.username, user.username_key = username, key

    def _set_email(self, user: User, email: str | None) -> None:
        """Gives an account its e-mail address, or takes it away."""
        if not email:
            user.email = user.email_key = None
            return
        address = email.strip()
        if not is_address(address):
            raise Invalid.field("email", "An e-mail address is needed.")
        key = account_key(address)
        self._require_free(User.email_key, key, user, f"The e-mail {address} is taken.")
        user.email, user.email_key = address, key

    def _require_free(self, column: Any, key: str, user: User, detail: str) -> None:
        """Refuses a name that another account of the installation has."""
        statement = unscoped(
            sa.select(User.id).where(column == key),
            User,
            because="sign-in names are unique in the whole installation",
        )
        with self._unit.session.no_autoflush:
            taken = self._unit.session.scalars(statement).first()
        if taken is not None and taken != user.id:
            raise Conflict(detail)

    def _set_password(self, user: User, password: str) -> None:
        """Keeps the hash of a password that fits the rules; a service has none."""
        if user.kind == SERVICE:
            raise Invalid.field("password", "A service has no password: make an API token for it.")
        passwords.check(password, context_of(self._unit, user))
        user.password_hash = passwords.hash_password(password)
        user.password_changed_at = self._unit.clock.now()


def context_of(unit: UnitOfWork, user: User) -> tuple[str | None, ...]:
    """Returns the words that may not make up a person's password."""
    organisation = unit.organisation
    return (user.username, user.email, user.name, organisation.name, organisation.title)


_ADDRESS = re.compile(r"[^\s@\x00-\x1f\"(),:;<>\[\]\\]{1,64}@[^\s@\x00-\x1f\"(),:;<>\[\]\\]{1,189}")


def is_address(text: str) -> bool:
    """Tells whether a text can be an e-mail address; only a mail to it can prove it.

    >>> is_address("anna@example.com"), is_address("anna"), is_address("a b@example.com")
    (True, False, False)
    """
    return _ADDRESS.fullmatch(text) is not None


def user_shape(row: Any, _unit: Any = None) -> dict[str, Any]:
    """Returns an account as it is shown to who may see accounts; never its hash."""
    return {
        "id": row.id,
        "kind": row.kind,
        "username": row.username,
        "email": row.email,
        "name": row.name,
        "state": row.state,
        "locale": row.locale,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
    }


USER_COLUMNS = (
    User.id,
    User.kind,
    User.username,
    User.email,
    User.name,
    User.state,
    User.locale,
    User.created_at,
    User.updated_at,
)

USERS = ListSpec(
    model=User,
    permission=USER_VIEW,
    columns=USER_COLUMNS,
    source=User.__table__,
    key=User.id,
    fields={
        item.name: item
        for item in (
            ListField("username", "Username", column=User.username, orderable=True),
            ListField("name", "Name", column=User.name, orderable=True),
            ListField("email", "E-mail", column=User.email, orderable=True, nullable=True),
            ListField("kind", "Kind", Kind.CHOICE, User.kind, choices=(PERSON, SERVICE)),
            ListField("state", "State", Kind.CHOICE, User.state, choices=(ACTIVE, DISABLED)),
            ListField("locale", "Language", filterable=False),
            ListField("created_at", "Added", Kind.MOMENT, User.created_at, orderable=True),
            ListField("updated_at", "Changed", Kind.MOMENT, User.updated_at, orderable=True),
        )
    },
    shape=user_shape,
    default_ordering=("username",),
    search=lambda word: sa.or_(
        sa.func.lower(User.username).contains(word, autoescape=True),
        sa.func.lower(User.name).contains(word, autoescape=True),
        sa.func.lower(User.email).contains(word, autoescape=True),
    ),
)


def last_sign_ins(unit: UnitOfWork, user_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, datetime]:
    """Returns when people signed in last, as the trail has it; who never did is left out.

    Args:
        unit: the unit of work.
        user_ids: the people, within reach.
    """
    newest = (
        sa.select(AuditEntry.at)
        .where(
            AuditEntry.object_type == User.__audit_type__,
            AuditEntry.object_id == User.id,
            AuditEntry.action == "sign_in",
            AuditEntry.organisation_id == unit.organisation.id,
        )
        .order_by(AuditEntry.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    statement = unit.restrict(sa.select(User.id, newest), User, USER_VIEW)
    marked = unscoped(
        statement.where(User.id.in_(user_ids)), AuditEntry, because="told beside people in reach"
    )
    return {user_id: at for user_id, at in unit.session.execute(marked) if at is not None}
