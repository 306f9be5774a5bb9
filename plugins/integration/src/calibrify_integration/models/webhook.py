"""Webhooks: addresses of other systems that hear of events."""

import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from calibrify_core.audit.trail import Audited
from calibrify_core.persistence.base import (
    Base,
    Identified,
    OrganisationOwned,
    Timestamped,
    Versioned,
)
from calibrify_core.persistence.scoping import scoped
from calibrify_core.persistence.types import Json


class Webhook(Audited, Identified, OrganisationOwned, Timestamped, Versioned, Base):
    """Where events go, which ones, and on whose behalf: what its owner may see, it may hear.

    Secrets are encrypted; of two that are valid the previous one ends at ``previous_until``.
    """

    __tablename__ = "integration_webhook"
    __audit_type__ = "webhook"
    __audit_skip__ = frozenset({"secret", "previous_secret", "failing_since", "held_until"})

    owner_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("core_user.id"))
    url: Mapped[str] = mapped_column(sa.Text)
    description: Mapped[str] = mapped_column(sa.String(200), default="")
    # What it hears of: whole types, or the beginning of some followed by ".*"; "*" is all.
    event_types: Mapped[list[str]] = mapped_column(Json)
    active: Mapped[bool] = mapped_column(default=True)
    disabled_reason: Mapped[str] = mapped_column(sa.String(300), default="")
    failing_since: Mapped[datetime | None]
    # The receiver asked for time: nothing goes to it before that.
    held_until: Mapped[datetime | None]
    secret: Mapped[str] = mapped_column(sa.Text)
    previous_secret: Mapped[str | None] = mapped_column(sa.Text)
    previous_until: Mapped[datetime | None]

    def audit_label(self) -> str:
        """Returns how a person recognises it."""
        return self.description or self.url


scoped(Webhook)
