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
    """

    def __init__(self, sought: Mapping[str, Sought]) -> None:
        self._sought = dict(sought)
        self._kept = lru_cache(maxsize=64)(self._made)

    def find(self, unit: Any, ids: Mapping[str, uuid.UUID]) -> dict[str, Any]:
        """Returns what the ids stand for, None for what does not exist for the author.

        Args:
            unit: the unit of work.
            ids: by name.
        """
        if not ids:
            return {}
        names = tuple(ids)
        scopes = [unit.access.scope(self._sought[name].permission) for name in names]
        if all(scope.everything for scope in scopes):
            values = {"organisation": unit.organisation.id, **ids}
            row = self._kept(names).first(unit.connection, values)
        else:
            cut = self._select(names, scopes)
            row = columns_of(unit, cut, ids).one()
        return dict(zip(names, row, strict=True))

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
        return sa.select(*found)
