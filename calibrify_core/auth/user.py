"""The account of a person, or of a service that acts by API tokens alone."""

import unicodedata
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

ACTIVE = "active"
DISABLED = "disabled"
PERSON = "person"
SERVICE = "service"


class User(Audited, Identified, OrganisationOwned, Timestamped, Versioned, Base):
    """Somebody who can sign in, or a service that acts by API tokens.

    Username and e-mail are unique in the whole installation, whatever their letter case:
    sign-in asks for one of them and for no organisation.
    """

    __tablename__ = "core_user"
    __table_args__ = (
        sa.CheckConstraint("kind IN ('person', 'service')", name="kind"),
        sa.CheckConstraint("state IN ('active', 'disabled')", name="state"),
        sa.Index("ix_core_user_listed", "organisation_id", "username_key", "id"),
    )
    __audit_type__ = "user"
    __audit_skip__ = frozenset({"password_hash", "username_key", "email_key"})

    kind: Mapped[str] = mapped_column(sa.String(16), default=PERSON)
    username: Mapped[str] = mapped_column(sa.String(150))
    username_key: Mapped[str] = mapped_column(sa.String(300), unique=True)
    email: Mapped[str | None] = mapped_column(sa.String(254))
    email_key: Mapped[str | None] = mapped_column(sa.String(508), unique=True)
    name: Mapped[str] = mapped_column(sa.String(200), default="")
    password_hash: Mapped[str | None] = mapped_column(sa.String(256))
    password_changed_at: Mapped[datetime | None]
    state: Mapped[str] = mapped_column(sa.String(16), default=ACTIVE)
    locale: Mapped[str | None] = mapped_column(sa.String(16))

    @property
    def display_name(self) -> str:
        """The name by which colleagues know them."""
        return self.name or self.username

    @property
    def active(self) -> bool:
        """Whether the account may be used."""
        return self.state == ACTIVE

    def audit_label(self) -> str:
        """Returns the username, which stays the same when the name changes."""
        return self.username


def account_key(name: str) -> str:
    """Returns the form in which usernames and e-mail addresses are compared.

    >>> account_key(" Anna.Berg@Example.COM ")
    'anna.berg@example.com'
    """
    return unicodedata.normalize("NFKC", name.strip()).casefold()


# Accounts are reached only by who may see all of the organisation's: a grant for one
# location says nothing about people.
scoped(User, lambda _scope: sa.false())
