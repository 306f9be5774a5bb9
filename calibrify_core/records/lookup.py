"""Looking up what several ids stand for, each of another class: in one statement."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from calibrify_core.persistence.prepared import Prepared
from calibrify_core.persistence.scoping import Scope, restrict
from calibrify_core.records.kept import whole_scope
from calibrify_core.records.selects import columns_of


@dataclass(frozen=True, slots=True)
class Sought:
    """What an id stands for.

    Attributes:
        model: the scoped class.
        permission: what a reader must hold.
        column: what is returned of the object; never NULL.
    """

    model: type[Any]
    permission: str
    column: Any


class KeptLookup:
    """Looks up what ids stand for; the statement is kept for who may see all of it.

    Args:
        sought: what each id stands for, by the name under which it is given.
        beside: what is asked on the same journey: a select of one row, whatever there is, with a
            named bind parameter for what differs from use to use.
    """

    def __init__(self, sought: Mapping[str, Sought], beside: sa.Select[Any] | None = None) -> None:
        self._sought = dict(sought)
        self._beside = None if beside is None else beside.subquery("beside")
        self._kept = lru_cache(maxsize=64)(self._made)

    def find(self, unit: Any, ids: Mapping[str, uuid.UUID]) -> dict[str, Any]:
        """Returns what the ids stand for, None for what does not exist for the author.

        Args:
            unit: the unit of work.
            ids: by name.
        """
        return self.find_beside(unit, ids, {})[0] if ids else {}

    def find_beside(
        self, unit: Any, ids: Mapping[str, uuid.UUID], values: Mapping[str, Any]
    ) -> tuple[dict[str, Any], Any]:
        """Returns the same, and a row with what is asked beside the ids.

        Args:
            unit: the unit of work.
            ids: by name.
            values: of what is asked beside them, by the names of its bind parameters.
        """
        names = tuple(ids)
        scopes = [unit.access.scope(self._sought[name].permission) for name in names]
        given = {"organisation": unit.organisation.id, **ids, **values}
        if all(scope.everything for scope in scopes):
            row = self._kept(names).first(unit.connection, given)
        else:
            row = columns_of(unit, self._select(names, scopes), given).one()
        return dict(zip(names, row, strict=False)), row

    def _made(self, names: tuple[str, ...]) -> Prepared:
        """Makes the statement for who may see all."""
        return Prepared(self._select(names, [whole_scope()] * len(names)))

    def _select(self, names: tuple[str, ...], scopes: list[Scope]) -> sa.Select[Any]:
        """Builds the statement: one row, with a column for each name."""
        found = []
        for name, scope in zip(names, scopes, strict=True):
            sought = self._sought[name]
            key = sa.bindparam(name, type_=sa.Uuid())
            one = sa.select(sought.column).where(sought.model.id == key)
            found.append(restrict(one, sought.model, scope).scalar_subquery().label(name))
        if self._beside is None:
            return sa.select(*found)
        return sa.select(*found, *self._beside.c).select_from(self._beside)
