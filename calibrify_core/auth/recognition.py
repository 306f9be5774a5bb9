"""Recognition: from a credential to a principal with its present rights, in one statement.

Nothing is kept between two requests: who was disabled, or lost a role, a membership or the
session itself, is no longer recognised, or has lost the right, at the next request.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row
from sqlalchemy.orm import Session

from calibrify_core.auth.api_token import ApiToken
from calibrify_core.auth.grant import Grant
from calibrify_core.auth.group import Membership
from calibrify_core.auth.permissions import SIGNED_IN
from calibrify_core.auth.principal import Kind, Principal
from calibrify_core.auth.role import Role, parse_names
from calibrify_core.auth.signed_in import FAMILY_IDLE, SESSION_IDLE, BrowserSession, RefreshFamily
from calibrify_core.auth.user import ACTIVE, User
from calibrify_core.kernel.actor import Actor
from calibrify_core.kernel.errors import NotFound
from calibrify_core.work.access import Access, Reach
from calibrify_core.work.organisation import Organisation, OrganisationFacts

EVERYBODY = Reach(frozenset({SIGNED_IN}))
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


def recognise(session: Session, user_id: uuid.UUID) -> tuple[Actor, Access]:
    """Returns an account as the author of background work, with its present rights.

    Raises:
        NotFound: the account does not exist or is disabled.
    """
    rows = session.connection().execute(_BY_USER, {"user": user_id}).all()
    if not rows:
        raise NotFound("The account that asked for this no longer exists or is disabled.")
    first = rows[0]
    return (
        Actor("user", first.name or first.username, first.user_id),
        Access(first.organisation_id, _reaches(rows)),
    )


def _recognise(
    connection: Connection,
    statement: sa.Select[Any],
    parameters: dict[str, Any],
    kind: Kind,
    visit: Visit,
) -> Principal | None:
    """Runs the one statement and builds the principal from its rows."""
    rows = connection.execute(statement, parameters).all()
    if not rows:
        return None
    first = rows[0]
    return Principal(
        actor=Actor(
            "token" if kind == "token" else "user",
            first.name or first.username,
            first.user_id,
            first.credential_id,
            visit.request_id,
            visit.address,
        ),
        organisation=OrganisationFacts(
            first.organisation_id,
            first.organisation_name,
            first.title,
            ZoneInfo(first.time_zone),
            first.policies,
        ),
        access=Access(
            first.organisation_id,
            _reaches(rows),
            only=None if first.scopes is None else parse_names(first.scopes) | {SIGNED_IN},
        ),
        kind=kind,
        credential_id=first.credential_id,
        user_id=first.user_id,
        username=first.username,
        signed_in_at=first.signed_in_at,
        last_seen_at=first.last_seen_at,
        locale=first.locale,
    )


def _reaches(rows: Sequence[Row[Any]]) -> tuple[Reach, ...]:
    """Returns what was granted; the statement gives a row for each grant, or one with none."""
    return (
        EVERYBODY,
        *(
            Reach(parse_names(row.permissions), row.scope_type, row.scope_id)
            for row in rows
            if row.permissions is not None
        ),
    )


def _statement(credential: Sequence[Any], source: Any, *conditions: Any) -> sa.Select[Any]:
    """Returns the statement of one kind of credential.

    The account is found first; grants are then looked up by its id on both ways (its own and
    its groups') through their indexes.
    """
    who = (
        sa.select(
            *credential,
            User.id.label("user_id"),
            User.username,
            User.name,
            User.locale,
            Organisation.id.label("organisation_id"),
            Organisation.name.label("organisation_name"),
            Organisation.title,
            Organisation.time_zone,
            Organisation.policies,
        )
        .select_from(source)
        .join(Organisation, Organisation.id == User.organisation_id)
        .where(User.state == ACTIVE, *conditions)
        .cte("who")
    )
    granted = (Grant.role_id, Grant.scope_type, Grant.scope_id)
    held = sa.union_all(
        sa.select(*granted).select_from(who).join(Grant, Grant.user_id == who.c.user_id),
        sa.select(*granted)
        .select_from(who)
        .join(Membership, Membership.user_id == who.c.user_id)
        .join(Grant, Grant.group_id == Membership.group_id),
    ).cte("held")
    rights = (
        sa.select(
            sa.type_coerce(Role.permissions, sa.Text).label("permissions"),
            held.c.scope_type,
            held.c.scope_id,
        )
        .join(held, held.c.role_id == Role.id)
        .cte("rights")
    )
    return sa.select(who, rights).select_from(who.outerjoin(rights, sa.true()))


_BY_SESSION = _statement(
    (
        BrowserSession.id.label("credential_id"),
        BrowserSession.created_at.label("signed_in_at"),
        BrowserSession.last_seen_at,
        sa.null().label("scopes"),
    ),
    sa.join(BrowserSession, User, User.id == BrowserSession.user_id),
    BrowserSession.digest == sa.bindparam("digest"),
    BrowserSession.expires_at > sa.bindparam("now"),
    BrowserSession.last_seen_at > sa.bindparam("idle"),
)
_BY_FAMILY = _statement(
    (
        RefreshFamily.id.label("credential_id"),
        RefreshFamily.created_at.label("signed_in_at"),
        RefreshFamily.last_seen_at,
        sa.null().label("scopes"),
    ),
    sa.join(RefreshFamily, User, User.id == RefreshFamily.user_id),
    RefreshFamily.id == sa.bindparam("family"),
    RefreshFamily.user_id == sa.bindparam("user"),
    RefreshFamily.expires_at > sa.bindparam("now"),
    RefreshFamily.last_seen_at > sa.bindparam("idle"),
)
_BY_TOKEN = _statement(
    (
        ApiToken.id.label("credential_id"),
        ApiToken.created_at.label("signed_in_at"),
        ApiToken.last_seen_at,
        sa.type_coerce(ApiToken.scopes, sa.Text).label("scopes"),
    ),
    sa.join(ApiToken, User, User.id == ApiToken.user_id),
    ApiToken.digest == sa.bindparam("digest"),
    ApiToken.expires_at > sa.bindparam("now"),
)
_BY_USER = _statement(
    (User.created_at.label("signed_in_at"),), User, User.id == sa.bindparam("user")
)
