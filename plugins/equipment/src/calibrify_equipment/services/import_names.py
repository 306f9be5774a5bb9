"""Names in a register and what they stand for: matched in few statements, made where allowed."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import sqlalchemy as sa

from calibrify_core.auth.user import User
from calibrify_core.exchange.conversion import shown
from calibrify_core.kernel.errors import Forbidden, Invalid
from calibrify_core.kernel.ids import new_id
from calibrify_core.persistence.scoping import unscoped
from calibrify_core.work.unit import UnitOfWork
from calibrify_equipment import permissions
from calibrify_equipment.models.party import Customer, EquipmentModel, Manufacturer, Supplier
from calibrify_equipment.models.tree import SEPARATOR
from calibrify_equipment.services import categories, locations
from calibrify_equipment.services.trees import NewNodes, Tree

BECAUSE = "an import matches names that stand in its file"
MOST_KEPT = 50_000


class Known(NamedTuple):
    """What a name stands for.

    Attributes:
        id: of the record.
        name: as the record spells it; of a node of a tree, its path.
    """

    id: uuid.UUID
    name: str


Answer = Known | str
"""What a name stands for, or a sentence that says why it stands for nothing."""


class _Shelf:
    """Names of one kind: as they are spelt, and otherwise with upper and lower case alike."""

    def __init__(self) -> None:
        self.exact: dict[Any, Known] = {}
        self.folded: dict[Any, Known] = {}

    def get(self, owner: Any, text: str) -> Known | None:
        return self.exact.get((owner, text)) or self.folded.get((owner, text.lower()))

    def put(self, owner: Any, text: str, known: Known) -> None:
        self.exact.setdefault((owner, text), known)
        self.folded.setdefault((owner, text.lower()), known)

    def clear(self) -> None:
        self.exact.clear()
        self.folded.clear()


@dataclass(slots=True)
class Names:
    """Remembers what names stand for, beyond the batch that asked.

    Only what the database showed is kept: names that a batch makes are forgotten with it and
    found again by the next, so that a batch that is undone leaves nothing wrong behind.

    Attributes:
        create: fields whose unknown names are made.
    """

    create: Collection[str]
    _kept: dict[str, _Shelf] = field(default_factory=dict)
    _made: dict[str, _Shelf] = field(default_factory=dict)

    def begin(self, *, afresh: bool = False) -> None:
        """Starts a batch, or the same batch again.

        Args:
            afresh: forget everything, since the database may have changed meanwhile.
        """
        self._made.clear()
        if afresh or sum(len(shelf.exact) for shelf in self._kept.values()) > MOST_KEPT:
            self._kept.clear()

    @property
    def anything_made(self) -> bool:
        """Whether the batch at hand made something."""
        return bool(self._made)

    def parties(self, unit: UnitOfWork, kind: str, texts: Iterable[str]) -> dict[str, Answer]:
        """Resolves manufacturers, owners and suppliers by name."""
        wanted = list(dict.fromkeys(texts))
        model, permission = _PARTIES[kind]
        unknown = [text for text in wanted if self._get(kind, None, text) is None]
        if unknown:
            statement = sa.select(model.id, model.name).where(_like(model.name, unknown))
            if permission is None:
                own = statement.where(model.organisation_id == unit.organisation.id)
                statement = unscoped(own, model, because=BECAUSE)
            else:
                statement = unit.restrict(statement, model, permission)
            for identifier, name in unit.session.execute(statement.order_by(model.id)):
                self._keep(kind, None, name, Known(identifier, name))

        def make(text: str) -> Known:
            made = model(id=new_id(), organisation_id=unit.organisation.id, name=text)
            return Known(unit.add(made).id, text)

        return self._answers(unit, kind, [(None, text) for text in wanted], make)

    def models(
        self, unit: UnitOfWork, pairs: Iterable[tuple[uuid.UUID, str]]
    ) -> dict[tuple[uuid.UUID, str], Answer]:
        """Resolves models, each of a manufacturer."""
        wanted = list(dict.fromkeys(pairs))
        unknown = [pair for pair in wanted if self._get("model", *pair) is None]
        if unknown:
            table = EquipmentModel
            statement = sa.select(table.id, table.manufacturer_id, table.name).where(
                table.organisation_id == unit.organisation.id,
                table.manufacturer_id.in_({maker for maker, _ in unknown}),
                _like(table.name, [text for _, text in unknown]),
            )
            marked = unscoped(statement.order_by(table.id), table, because=BECAUSE)
            for identifier, maker, name in unit.session.execute(marked):
                self._keep("model", maker, name, Known(identifier, name))
        return self._made_models(unit, wanted)

    def _made_models(
        self, unit: UnitOfWork, wanted: list[tuple[uuid.UUID, str]]
    ) -> dict[tuple[uuid.UUID, str], Answer]:
        answers: dict[tuple[uuid.UUID, str], Answer] = {}
        for maker, text in wanted:
            found = self._get("model", maker, text)
            if found is None and "model" in self.create:
                made = EquipmentModel(
                    id=new_id(),
                    organisation_id=unit.organisation.id,
                    manufacturer_id=maker,
                    name=text,
                    specification={},
                )
                found = Known(unit.add(made).id, text)
                self._note("model", maker, text, found)
            answers[maker, text] = found or _missing("model", text, "model")
        unit.session.flush()
        return answers

    def nodes(
        self, unit: UnitOfWork, kind: str, paths: Iterable[tuple[str, ...]]
    ) -> dict[tuple[str, ...], Answer]:
        """Resolves categories or locations by their path; levels that are missing are made."""
        tree = _TREES[kind]
        model = tree.model
        wanted = sorted(dict.fromkeys(paths), key=len)
        texts = dict.fromkeys(
            SEPARATOR.join(path[:depth]) for path in wanted for depth in range(1, len(path) + 1)
        )
        unknown = [text for text in texts if self._get(kind, None, text) is None]
        if unknown:
            statement = sa.select(model.id, model.path).where(_like(model.path, unknown))
            # A root of that very name comes before a node of that path.
            ordering = (model.parent_id.is_not(None), model.id)
            statement = unit.restrict(statement, model, tree.view).order_by(*ordering)
            for identifier, path in unit.session.execute(statement):
                self._keep(kind, None, path, Known(identifier, path))
        made = NewNodes(unit, tree)
        answers = {path: self._node(made, kind, path) for path in wanted}
        made.write()
        return answers

    def _node(self, made: NewNodes, kind: str, path: tuple[str, ...]) -> Answer:
        whole = self._get(kind, None, SEPARATOR.join(path))
        if whole is not None:
            return whole
        if kind not in self.create:
            return _missing(kind, SEPARATOR.join(path), kind)
        above: Known | None = None
        for depth in range(1, len(path) + 1):
            text = SEPARATOR.join(path[:depth])
            found = self._get(kind, None, text)
            if found is None:
                values = {"name": path[depth - 1], "parent_id": above.id if above else None}
                try:
                    node = made.add(values)
                except (Forbidden, Invalid):
                    return f"There is no {kind} {shown(text)}, and your rights do not add it."
                found = Known(node.id, node.path)
                self._note(kind, None, text, found)
            above = found
        return above or _missing(kind, "", "")

    def people(self, unit: UnitOfWork, texts: Iterable[str]) -> dict[str, Answer]:
        """Resolves custodians by username, e-mail address or full name."""
        wanted = list(dict.fromkeys(texts))
        unknown = [text for text in wanted if self._get("custodian", None, text) is None]
        several: set[str] = set()
        if unknown:
            columns = (User.username, User.email, User.name)
            statement = sa.select(User.id, *columns).where(
                User.organisation_id == unit.organisation.id,
                sa.or_(*(_like(column, unknown) for column in columns)),
            )
            marked = unscoped(statement, User, because=BECAUSE)
            several = self._keep_people(unit.session.execute(marked).all())
        answers: dict[str, Answer] = {}
        for text in wanted:
            if text.lower() in several:
                answers[text] = f"Several people are called {shown(text)}; give the username."
            else:
                found = self._get("custodian", None, text)
                answers[text] = found or f"Nobody is called {shown(text)}."
        return answers

    def _keep_people(self, rows: Iterable[Any]) -> set[str]:
        """Keeps people by each of their names; returns the full names that several have."""
        named: dict[str, list[Known]] = {}
        for row in rows:
            person = Known(row.id, row.name or row.username)
            for text in (row.username, row.email):
                if text:
                    self._keep("custodian", None, text, person)
            if row.name:
                named.setdefault(row.name.lower(), []).append(person)
        several = set()
        for text, persons in named.items():
            if len(persons) == 1:
                self._keep("custodian", None, persons[0].name, persons[0])
            else:
                several.add(text)
        return several

    def _answers(
        self,
        unit: UnitOfWork,
        kind: str,
        wanted: list[tuple[Any, str]],
        make: Callable[[str], Known],
    ) -> dict[str, Answer]:
        """Returns what is known, makes what may be made, and says of the rest that it is not."""
        creatable = kind == "manufacturer"
        answers: dict[str, Answer] = {}
        for owner, text in wanted:
            found = self._get(kind, owner, text)
            if found is None and creatable and kind in self.create:
                found = make(text)
                self._note(kind, owner, text, found)
            answers[text] = found or _missing(kind, text, kind if creatable else "")
        unit.session.flush()
        return answers

    def _get(self, kind: str, owner: Any, text: str) -> Known | None:
        kept, made = self._kept.get(kind), self._made.get(kind)
        found = kept.get(owner, text) if kept else None
        return found or (made.get(owner, text) if made else None)

    def _keep(self, kind: str, owner: Any, text: str, known: Known) -> None:
        self._kept.setdefault(kind, _Shelf()).put(owner, text, known)

    def _note(self, kind: str, owner: Any, text: str, known: Known) -> None:
        self._made.setdefault(kind, _Shelf()).put(owner, text, known)


def _like(column: Any, texts: list[str]) -> sa.ColumnElement[bool]:
    """Returns the condition that a column has one of some texts, whatever their letter case."""
    lowered = {text.lower() for text in texts}
    return sa.or_(column.in_(texts), sa.func.lower(column).in_(lowered))


def _missing(kind: str, text: str, creatable: str) -> str:
    cure = f" Add it, or let the import make what is missing ({creatable})." if creatable else ""
    return f"There is no {kind} {shown(text)}.{cure}"


_PARTIES: Mapping[str, tuple[Any, str | None]] = {
    "manufacturer": (Manufacturer, None),
    "owner": (Customer, permissions.PARTY_VIEW),
    "supplier": (Supplier, permissions.PARTY_VIEW),
}
_TREES: Mapping[str, Tree] = {"category": categories.TREE, "location": locations.TREE}
