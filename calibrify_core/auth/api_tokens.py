"""API tokens: made by people for their scripts, or by administrators for services."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from calibrify_core.auth.administrators import require_not_above
from calibrify_core.auth.api_token import ApiToken
from calibrify_core.auth.permissions import API_TOKEN_MANAGE, API_TOKEN_USE
from calibrify_core.auth.secret import API_TOKEN_PREFIX, digest, new_secret
from calibrify_core.auth.user import SERVICE, User
from calibrify_core.kernel.errors import FieldError, Forbidden, Invalid, NotFound
from calibrify_core.persistence.scoping import unscoped
from calibrify_core.records.listing import Kind, ListField, ListSpec
from calibrify_core.work.unit import UnitOfWork

LONGEST_LIFE = timedelta(days=366)
SHOWN = 12
REASON = "the service itself cuts tokens to the caller's own, or asks for their management"


class ApiTokens:
    """API tokens of the actor, and of services.

    Args:
        unit: the unit of work.
    """

    def __init__(self, unit: UnitOfWork) -> None:
        self._unit = unit

    def get(self, token_id: uuid.UUID) -> ApiToken:
        """Returns a token of the actor's own, or any if they manage tokens.

        Raises:
            NotFound: there is none that the actor may see.
        """
        statement = sa.select(ApiToken).where(
            ApiToken.id == token_id,
            ApiToken.organisation_id == self._unit.organisation.id,
            *_own(self._unit),
        )
        found = self._unit.session.scalars(
            unscoped(statement, ApiToken, because=REASON)
        ).one_or_none()
        if found is None:
            raise NotFound
        return found

    def create(
        self,
        name: str,
        scopes: Collection[str],
        expires_at: datetime,
        *,
        user_id: uuid.UUID | None = None,
    ) -> tuple[ApiToken, str]:
        """Makes a token.

        Args:
            name: what it is for.
            scopes: the permissions it is cut down to; more than its owner holds is no use.
            expires_at: at most 366 days from now.
            user_id: a service account to which it belongs; None: the actor.

        Returns:
            The token, and its secret, which is never shown again.

        Raises:
            Forbidden: the actor may not make tokens, or acts by a token.
            Invalid: a permission does not exist, the account is no service, or the time does
                not fit.
        """
        unit = self._unit
        owner_id = self._owner(user_id)
        problems = list(self._problems(scopes, expires_at))
        if problems:
            raise Invalid(problems)
        secret = new_secret(API_TOKEN_PREFIX)
        token = ApiToken(
            organisation_id=unit.organisation.id,
            user_id=owner_id,
            name=name,
            prefix=secret[:SHOWN],
            digest=digest(secret),
            scopes=tuple(sorted(set(scopes))),
            expires_at=expires_at,
        )
        unit.add(token)
        unit.session.flush()
        return token, secret

    def revoke(self, token: ApiToken) -> None:
        """Ends a token: it no longer works at the next request."""
        if token.user_id != self._unit.actor.user_id:
            self._unit.access.require_everywhere(API_TOKEN_MANAGE)
        self._unit.session.delete(token)
        self._unit.session.flush()

    def _owner(self, user_id: uuid.UUID | None) -> uuid.UUID:
        """Returns whose token it becomes."""
        unit = self._unit
        if unit.actor.kind == "token":
            raise Forbidden("A token makes no further tokens: sign in for that.")
        if user_id is None or user_id == unit.actor.user_id:
            unit.access.require(API_TOKEN_USE)
            if unit.actor.user_id is None:
                raise Invalid.field("user_id", "Say to which service account it belongs.")
            return unit.actor.user_id
        unit.access.require_everywhere(API_TOKEN_MANAGE)
        try:
            owner = unit.find(User, user_id, API_TOKEN_MANAGE)
        except NotFound:
            raise Invalid.field("user_id", f"There is no account {user_id}.") from None
        if owner.kind != SERVICE:
            raise Invalid.field("user_id", "People make their own tokens.")
        require_not_above(unit, owner.id)
        return owner.id

    def _problems(self, scopes: Collection[str], expires_at: datetime) -> Iterable[FieldError]:
        """Yields what is wrong with scopes and time."""
        declared = self._unit.platform.plugins.named("calibrify_permissions")
        if not scopes:
            yield FieldError("/scopes", "Name at least one permission.")
        for index, scope in enumerate(scopes):
            if scope not in declared:
                yield FieldError(f"/scopes/{index}", f"{scope} is no permission.")
        now = self._unit.clock.now()
        if not now < expires_at <= now + LONGEST_LIFE:
            yield FieldError(
                "/expires_at", f"A time within the next {LONGEST_LIFE.days} days is needed."
            )


def _own(unit: Any) -> list[sa.ColumnElement[bool]]:
    """Returns the condition that leaves the actor's own tokens, unless they manage all."""
    if unit.access.scope(API_TOKEN_MANAGE).everything:
        return []
    return [ApiToken.user_id == unit.actor.user_id]


def api_token_shape(row: Any, _unit: Any = None) -> dict[str, Any]:
    """Returns a token as it is shown; never its secret."""
    return {
        "id": row.id,
        "user_id": row.user_id,
        "name": row.name,
        "prefix": row.prefix,
        "scopes": list(row.scopes),
        "expires_at": row.expires_at,
        "last_used_at": row.last_seen_at,
        "created_at": row.created_at,
    }


API_TOKENS = ListSpec(
    model=ApiToken,
    permission=API_TOKEN_USE,
    columns=(
        ApiToken.id,
        ApiToken.user_id,
        ApiToken.name,
        ApiToken.prefix,
        ApiToken.scopes,
        ApiToken.expires_at,
        ApiToken.last_seen_at,
        ApiToken.created_at,
    ),
    source=ApiToken.__table__,
    key=ApiToken.id,
    fields={
        item.name: item
        for item in (
            ListField("name", "Name", column=ApiToken.name, orderable=True),
            ListField("user_id", "Owner", Kind.IDENTIFIER, ApiToken.user_id),
            ListField("prefix", "Begins with", filterable=False),
            ListField("scopes", "Permissions", filterable=False),
            ListField("expires_at", "Expires", Kind.MOMENT, ApiToken.expires_at, orderable=True),
            ListField("last_used_at", "Last used", filterable=False),
            ListField("created_at", "Made", Kind.MOMENT, ApiToken.created_at, orderable=True),
        )
    },
    shape=api_token_shape,
    default_ordering=("name",),
    where=_own,
)
