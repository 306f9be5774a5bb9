"""Recognition: from a credential to a principal with its present rights, in one statement.

The credential is looked up at every request: who was disabled or signed out is no longer
recognised at the next one. What was granted is read again as soon as the stamp that the same
statement brings along is another one (`calibrify_core.auth.rights_stamp`).
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from calibrify_core.auth.api_token import ApiToken
from calibrify_core.auth.grant import Grant
from calibrify_core.auth.group import Membership
from calibrify_core.auth.permissions import EVERYBODYS, SIGNED_IN
from calibrify_core.auth.principal import Kind, Principal
from calibrify_core.auth.rights_stamp import RightsStamp
from calibrify_core.auth.role import Role, parse_names
from calibrify_core.auth.signed_in import FAMILY_IDLE, SESSION_IDLE, BrowserSession, RefreshFamily
from calibrify_core.auth.user import ACTIVE, User
from calibrify_core.kernel.actor import Actor
from calibrify_core.kernel.errors import NotFound
from calibrify_core.persistence.prepared import Prepared
from calibrify_core.work.access import Access, Reach
from calibrify_core.work.organisation import Organisation, OrganisationFacts

MOST_KEPT = 10_000
EVERYBODY = Reach(EVERYBODYS)
"""What everybody holds who is recognised, whatever was granted."""


@dataclass(frozen=True, slots=True)
class Visit:
    """What a request says about itself, for the audit trail.

    Attributes:
        request_id: of the request.
        address: the peer's network address.
    """

    request_id: str | None = None
    address: str | None = None


def recognise_session(
    connection: Connection, digest: str, now: datetime, visit: Visit
) -> Principal | None:
    """Returns who is behind a browser's session, None if it ended."""
    parameters = {"digest": digest, "now": now, "idle": now - SESSION_IDLE}
    return _recognise(connection, _BY_SESSION, parameters, "session", visit)


def recognise_family(
    connection: Connection, family_id: uuid.UUID, user_id: uuid.UUID, now: datetime, visit: Visit
) -> Principal | None:
    """Returns who is behind an access token, by the sign-in that it belongs to."""
    parameters = {"family": family_id, "user": user_id, "now": now, "idle": now - FAMILY_IDLE}
    return _recognise(connection, _BY_FAMILY, parameters, "jwt", visit)


def recognise_token(
    connection: Connection, digest: str, now: datetime, visit: Visit
) -> Principal | None:
    """Returns who is behind an API token, None if it is unknown or expired."""
    return _recognise(connection, _BY_TOKEN, {"digest": digest, "now": now}, "token", visit)


def recognise_credential(
    connection: Connection, kind: Kind, credential_id: uuid.UUID, now: datetime, visit: Visit
) -> Principal | None:
    """Returns who is behind a credential that was recognised before, None if it ended since.

    Args:
        connection: where to look.
        kind: of the credential.
        credential_id: the session, refresh family or API token.
        now: the moment (UTC).
        visit: where the request came from.
    """
    parameters: dict[str, Any] = {"credential": credential_id, "now": now}
    if kind in _IDLE:
        parameters["idle"] = now - _IDLE[kind]
    return _recognise(connection, _BY_CREDENTIAL[kind], parameters, kind, visit)


def recognise(session: Session, user_id: uuid.UUID) -> tuple[Actor, Access]:
    """Returns an account as the author of background work, with its present rights.

    Raises:
        NotFound: the account does not exist or is disabled.
    """
    connection = session.connection()
    row = _BY_USER.first(connection, {"user": user_id})
    if row is None:
        raise NotFound("The account that asked for this no longer exists or is disabled.")
    rights = _read_rights(connection, row)
    actor = Actor("user", row.name or row.username, row.user_id)
    return actor, Access(row.organisation_id, rights.reaches)


@dataclass(frozen=True, slots=True)
class _Rights:
    """What was read of an account's rights, and the stamp that was valid then."""

    stamp: uuid.UUID | None
    organisation: OrganisationFacts
    reaches: tuple[Reach, ...]


_kept: dict[uuid.UUID, _Rights] = {}


def _recognise(
    connection: Connection,
    statement: Prepared,
    parameters: dict[str, Any],
    kind: Kind,
    visit: Visit,
) -> Principal | None:
    """Runs the statement of a credential and builds the principal from its row."""
    row = statement.first(connection, parameters)
    if row is None:
        return None
    rights = _kept.get(row.user_id)
    if rights is None or rights.stamp is None or rights.stamp != row.stamp:
        rights = _read_rights(connection, row)
        if len(_kept) >= MOST_KEPT:
            _kept.clear()
        _kept[row.user_id] = rights
    return Principal(
        actor=Actor(
            "token" if kind == "token" else "user",
            row.name or row.username,
            row.user_id,
            row.credential_id,
            visit.request_id,
            visit.address,
        ),
        organisation=rights.organisation,
        access=Access(
            row.organisation_id,
            rights.reaches,
            only=None if row.scopes is None else parse_names(row.scopes) | {SIGNED_IN},
        ),
        kind=kind,
        credential_id=row.credential_id,
        user_id=row.user_id,
        username=row.username,
        signed_in_at=row.signed_in_at,
        last_seen_at=row.last_seen_at,
        locale=row.locale,
    )


def _read_rights(connection: Connection, row: Any) -> _Rights:
    """Reads the organisation and what was granted.

    The stamp was read before: rights that changed in between are kept under the older one,
    and read again at the next request.
    """
    rows = connection.execute(_RIGHTS, {"user": row.user_id, "own": row.organisation_id}).all()
    first = rows[0]
    organisation = OrganisationFacts(
        first.id, first.name, first.title, ZoneInfo(first.time_zone), first.policies
    )
    reaches = (
        Reach(parse_names(found.permissions), found.scope_type, found.scope_id)
        for found in rows
        if found.permissions is not None
    )
    return _Rights(row.stamp, organisation, (EVERYBODY, *reaches))


def _rights_statement() -> sa.Select[Any]:
    """Returns the organisation with a row for each grant, own or by a group, or one with none."""
    granted = (Grant.role_id, Grant.scope_type, Grant.scope_id)
    held = sa.union_all(
        sa.select(*granted).where(Grant.user_id == sa.bindparam("user")),
        sa.select(*granted)
        .join(Membership, Membership.group_id == Grant.group_id)
        .where(Membership.user_id == sa.bindparam("user")),
    ).subquery("held")
    rights = (
        sa.select(
            sa.type_coerce(Role.permissions, sa.Text).label("permissions"),
            held.c.scope_type,
            held.c.scope_id,
        )
        .join(held, held.c.role_id == Role.id)
        .subquery("rights")
    )
    return (
        sa.select(
            Organisation.id,
            Organisation.name,
            Organisation.title,
            Organisation.time_zone,
            Organisation.policies,
            rights,
        )
        .select_from(sa.outerjoin(Organisation, rights, sa.true()))
        .where(Organisation.id == sa.bindparam("own"))
    )


def _signed_in(
    kind: type[BrowserSession | RefreshFamily | ApiToken],
    scopes: sa.ColumnElement[Any],
    *,
    idle: bool,
) -> tuple[Any, ...]:
    """Returns what `_statement` needs of a kind of credential, and when one still holds.

    Args:
        kind: its class.
        scopes: what it is limited to, as text; NULL for none.
        idle: whether it ends by being left alone.
    """
    columns = (
        kind.id.label("credential_id"),
        kind.created_at.label("signed_in_at"),
        kind.last_seen_at,
        scopes.label("scopes"),
    )
    holds = [kind.expires_at > sa.bindparam("now")]
    if idle:
        holds.append(kind.last_seen_at > sa.bindparam("idle"))
    return (columns, sa.join(kind, User, User.id == kind.user_id), *holds)


def _statement(credential: Sequence[Any], source: Any, *conditions: Any) -> Prepared:
    """Returns the statement of one kind of credential: who it is, and the stamp of their rights."""
    return Prepared(
        sa.select(
            *credential,
            User.id.label("user_id"),
            User.username,
            User.name,
            User.locale,
            User.organisation_id,
            RightsStamp.value.label("stamp"),
        )
        .select_from(source)
        .outerjoin(RightsStamp, RightsStamp.organisation_id == User.organisation_id)
        .where(User.state == ACTIVE, *conditions)
    )


_RIGHTS = _rights_statement()
_SIGNED_IN_BY: dict[Kind, tuple[Any, ...]] = {
    "session": _signed_in(BrowserSession, sa.null(), idle=True),
    "jwt": _signed_in(RefreshFamily, sa.null(), idle=True),
    "token": _signed_in(ApiToken, sa.type_coerce(ApiToken.scopes, sa.Text), idle=False),
}
_IDLE: dict[Kind, timedelta] = {"session": SESSION_IDLE, "jwt": FAMILY_IDLE}
_BY_SESSION = _statement(*_SIGNED_IN_BY["session"], BrowserSession.digest == sa.bindparam("digest"))
_BY_FAMILY = _statement(
    *_SIGNED_IN_BY["jwt"],
    RefreshFamily.id == sa.bindparam("family"),
    RefreshFamily.user_id == sa.bindparam("user"),
)
_BY_TOKEN = _statement(*_SIGNED_IN_BY["token"], ApiToken.digest == sa.bindparam("digest"))
_BY_CREDENTIAL: dict[Kind, Prepared] = {
    kind: _statement(*signed_in, signed_in[0][0].element == sa.bindparam("credential"))
    for kind, signed_in in _SIGNED_IN_BY.items()
}
_BY_USER = _statement((), User, User.id == sa.bindparam("user"))
