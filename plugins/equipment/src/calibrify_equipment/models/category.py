"""Categories: what kind of instrument something is."""

from typing import Any

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
from calibrify_equipment.models.tree import TreeNode

DUE_SOON_DAYS = 30


class Category(Audited, TreeNode, Identified, OrganisationOwned, Timestamped, Versioned, Base):
    """A kind of instrument, with what its instruments have in common."""

    __tablename__ = "equipment_category"
    __audit_type__ = "category"
    __audit_skip__ = frozenset({"above_id", "lineage"})

    # {"value": 12, "unit": "months"}: proposed for a new instrument of this category
    default_interval: Mapped[dict[str, Any] | None] = mapped_column(Json)
    custom_field_schema: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    due_soon_days: Mapped[int] = mapped_column(sa.Integer, default=DUE_SOON_DAYS)


# Categories are names of kinds: everybody in the organisation may read them.
scoped(Category)
