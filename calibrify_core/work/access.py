"""What the author of a unit of work may do, and to which objects."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from calibrify_core.kernel.errors import Forbidden
from calibrify_core.persistence.scoping import Scope

ORGANISATION = "organisation"


@dataclass(frozen=True, slots=True)
class Reach:
    """Permissions together with where they hold: one grant of one role.

    Attributes:
        permissions: names of what is allowed.
        kind: ``organisation``, or the kind of scope (``location``, ``category``).
        id: the node of that kind; None for the whole organisation.
    """

    permissions: frozenset[str]
    kind: str = ORGANISATION
    id: uuid.UUID | None = None


@dataclass(frozen=True, slots=True)
class Access:
    """The union of all that was granted; default deny.

    Attributes:
        organisation_id: nothing outside of it is ever reached.
        reaches: what was granted.
        unlimited: the system itself, within the organisation.
        only: for an API token, the permissions it is cut down to.
    """

    organisation_id: uuid.UUID
    reaches: tuple[Reach, ...] = ()
    unlimited: bool = False
    only: frozenset[str] | None = None

    @property
    def permissions(self) -> frozenset[str]:
        """All permissions that hold somewhere in the organisation."""
        held = frozenset().union(*(reach.permissions for reach in self.reaches))
        return held if self.only is None else held & self.only

    def permits(self, permission: str) -> bool:
        """Tells whether something is allowed somewhere in the organisation."""
        if self.unlimited:
            return True
        if self.only is not None and permission not in self.only:
            return False
        return any(permission in reach.permissions for reach in self.reaches)

    def require(self, permission: str) -> None:
        """Checks that something is allowed somewhere.

        Raises:
            Forbidden: it is not.
        """
        if not self.permits(permission):
            raise Forbidden.without(permission)

    def require_everywhere(self, permission: str) -> None:
        """Checks that something is allowed in the whole organisation.

        Raises:
            Forbidden: it is not, or only for a part of it.
        """
        if not self.scope(permission).everything:
            raise Forbidden.without(permission, " for the whole organisation")

    def scope(self, permission: str) -> Scope:
        """Returns where a permission holds."""
        if self.unlimited:
            return Scope(self.organisation_id, everything=True)
        limits: dict[str, tuple[uuid.UUID, ...]] = {}
        if self.permits(permission):
            for reach in self.reaches:
                if permission not in reach.permissions:
                    continue
                if reach.kind == ORGANISATION or reach.id is None:
                    return Scope(self.organisation_id, everything=True)
                limits[reach.kind] = (*limits.get(reach.kind, ()), reach.id)
        return Scope(self.organisation_id, limits=limits)
