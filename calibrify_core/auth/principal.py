"""The principal: who is behind a request, as recognised from a credential."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from calibrify_core.kernel.actor import Actor
from calibrify_core.work.access import Access
from calibrify_core.work.organisation import OrganisationFacts

Kind = Literal["session", "jwt", "token"]


@dataclass(frozen=True, slots=True)
class Principal:
    """Somebody who was recognised, with the rights that they have at this moment.

    Attributes:
        actor: as whom they act.
        organisation: the one to which they belong.
        access: what they may do, and where.
        kind: the credential: a browser's session, an access token (JWT), or an API token.
        credential_id: the session, refresh family or API token.
        user_id: the account.
        username: of the account.
        signed_in_at: when the credential was made (UTC).
        last_seen_at: when it was last noted as used (UTC), None if never.
        locale: the language that the person chose, None for none.
        rate_key: under which the caller's requests are counted.
    """

    actor: Actor
    organisation: OrganisationFacts
    access: Access
    kind: Kind
    credential_id: uuid.UUID
    user_id: uuid.UUID
    username: str
    signed_in_at: datetime
    last_seen_at: datetime | None = None
    locale: str | None = None

    @property
    def rate_key(self) -> str:
        """Under which the caller's requests are counted: one account, all its credentials."""
        return f"user:{self.user_id}"
