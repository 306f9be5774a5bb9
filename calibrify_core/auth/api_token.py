"""An API token: a long-lived credential of a script or another system."""

import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from calibrify_core.audit.trail import Audited
from calibrify_core.auth.role import NameSet
from calibrify_core.persistence.base import Base, Identified, OrganisationOwned, Timestamped
from calibrify_core.persistence.scoping import scoped


class ApiToken(Audited, Identified, OrganisationOwned, Timestamped, Base):
    """Lets a program act as its owner, cut down to some permissions, until it expires.

    Only the digest of the secret is kept; ``prefix`` is its beginning, by which a person
    recognises a token.
    """

    __tablename__ = "core_api_token"
    __audit_type__ = "api_token"
    __audit_skip__ = frozenset({"digest", "last_seen_at"})

    user_id: Mapped[uuid.UUID] = mapped_column(
        sa.ForeignKey("core_user.id", ondelete="CASCADE"), index=True
    )
    name: Mapped[str] = mapped_column(sa.String(200))
    prefix: Mapped[str] = mapped_column(sa.String(16))
    digest: Mapped[str] = mapped_column(sa.String(64), unique=True)
    scopes: Mapped[tuple[str, ...]] = mapped_column(NameSet)
    expires_at: Mapped[datetime]
    last_seen_at: Mapped[datetime | None]


# Whose tokens are seen is settled by the owner and not by a part of the organisation; see
# `api_tokens`, the only place that reads them.
scoped(ApiToken)
