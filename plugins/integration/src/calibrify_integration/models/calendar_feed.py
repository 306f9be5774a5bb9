"""A calendar feed: a private address from which a calendar program reads what falls due."""

import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from calibrify_core.audit.trail import Audited
from calibrify_core.auth.role import NameSet
from calibrify_core.persistence.base import (
    Base,
    Identified,
    OrganisationOwned,
    Timestamped,
    Versioned,
)
from calibrify_core.persistence.scoping import scoped


class CalendarFeed(Audited, Identified, OrganisationOwned, Timestamped, Versioned, Base):
    """Shows a part of what its owner may see, to whoever knows its address.

    Only the digest of the secret in the address is kept; ``prefix`` is its beginning.
    """

    __tablename__ = "integration_calendar_feed"
    __audit_type__ = "calendar_feed"
    __audit_skip__ = frozenset({"digest", "last_fetched_at"})

    user_id: Mapped[uuid.UUID] = mapped_column(
        sa.ForeignKey("core_user.id", ondelete="CASCADE"), index=True
    )
    name: Mapped[str] = mapped_column(sa.String(200))
    # Names of calendar sources; none: all that there are.
    kinds: Mapped[tuple[str, ...]] = mapped_column(NameSet)
    only_own: Mapped[bool] = mapped_column(default=False)
    prefix: Mapped[str] = mapped_column(sa.String(16))
    digest: Mapped[str] = mapped_column(sa.String(64), unique=True)
    last_fetched_at: Mapped[datetime | None]


# Whose feeds are seen is settled by the owner and not by a part of the organisation; see
# `services.calendar_feeds`, the only place that reads them.
scoped(CalendarFeed)
