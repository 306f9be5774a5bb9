"""Locations: where an instrument belongs."""

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
from calibrify_core.persistence.scoping import Scope, scoped
from calibrify_equipment.models.tree import TreeNode, within

KINDS = ("site", "building", "room", "bench")


class Location(Audited, TreeNode, Identified, OrganisationOwned, Timestamped, Versioned, Base):
    """A site, a building, a room or a bench."""

    __tablename__ = "equipment_location"
    __audit_type__ = "location"
    __audit_skip__ = frozenset({"above_id", "lineage"})

    kind: Mapped[str] = mapped_column(sa.String(16), default="room")


def _rule(scope: Scope) -> sa.ColumnElement[bool]:
    """Cuts locations to the subtrees of the scope and the names above them.

    Who is limited by category alone may read all names of places.
    """
    if scope.limits.get("category") and not scope.limits.get("location"):
        return sa.true()
    return within(Location, "location", scope)


scoped(Location, _rule)
