"""What categories and locations have in common: making, moving and deleting nodes of a tree."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from calibrify_core.kernel.errors import Conflict, FieldError, Forbidden, Invalid, NotFound
from calibrify_core.kernel.ids import new_id
from calibrify_core.persistence.scoping import unscoped
from calibrify_core.work.unit import UnitOfWork
from calibrify_equipment.models.equipment import Equipment
from calibrify_equipment.models.tree import SEPARATOR, step, subtree
from calibrify_equipment.services.references import ABSENT

MOST_LEVELS = 20


@dataclass(frozen=True, slots=True)
class Tree:
    """One kind of tree.

    Attributes:
        model: `Category` or `Location`.
        kind: of scope, ``category`` or ``location``.
        noun: for messages.
        view: the permission to read it.
        change: the permission to change it.
        users: columns of other tables that refer to its nodes.
        defaults: what a new node has in columns that nobody gives.
    """

    model: Any
    kind: str
    noun: str
    view: str
    change: str
    users: tuple[Any, ...]
    defaults: Mapping[str, Any]


class NewNodes:
    """Makes nodes of one tree, each perhaps below another, and writes them together.

    Args:
        unit: the unit of work.
        tree: which tree.
    """

    def __init__(self, unit: UnitOfWork, tree: Tree) -> None:
        self._unit = unit
        self._tree = tree
        self._parents: dict[uuid.UUID | None, Any] = {}

    def add(self, values: Mapping[str, Any]) -> Any:
        """Makes a node; `write` writes it.

        Args:
            values: its columns, with ``name``; what is left out is as the tree's defaults say.

        Raises:
            Forbidden: the author may not change the tree anywhere.
            Invalid: the parent does not exist for the author, or the tree gets too deep.
        """
        unit, tree = self._unit, self._tree
        unit.access.require(tree.change)
        columns = {**tree.defaults, **values}
        parent = self._parent(columns["parent_id"])
        node_id = new_id()
        node = tree.model(
            id=node_id,
            organisation_id=unit.organisation.id,
            above_id=columns["parent_id"] or unit.organisation.id,
            lineage=(parent.lineage if parent else "") + step(node_id),
            path=_path(parent, columns["name"]),
            **columns,
        )
        # Whose rights reach a node, theirs reach what lies below it.
        self._parents[node_id] = unit.add(node)
        return node

    def write(self) -> None:
        """Writes the nodes, those above before those below, as they were made.

        Raises:
            Conflict: a parent has a child of this name already.
        """
        _flush(self._unit, self._tree)

    def _parent(self, parent_id: uuid.UUID | None) -> Any:
        """Returns the node under which another is put; each is looked up once."""
        if parent_id not in self._parents:
            try:
                # What waits to be written is written together, and a conflict told by `write`.
                with self._unit.session.no_autoflush:
                    self._parents[parent_id] = _reached(self._unit, self._tree, parent_id)
            except Invalid as refusal:
                self._parents[parent_id] = refusal
        found = self._parents[parent_id]
        if isinstance(found, Invalid):
            raise Invalid(found.errors)
        _check_depth(found)
        return found


def find_node(unit: UnitOfWork, tree: Tree, node_id: uuid.UUID) -> Any:
    """Returns a node that the author may change.

    Raises:
        NotFound: it does not exist, or the author may not see it.
        Forbidden: it lies above what the author may change.
    """
    node = unit.find(tree.model, node_id, tree.change)
    if not covers(unit, tree, node.id):
        raise Forbidden(f"This {tree.noun} lies outside of what your rights cover.")
    return node


def covers(unit: UnitOfWork, tree: Tree, node_id: uuid.UUID | None) -> bool:
    """Tells whether the permission to change a tree reaches a node; None is its top."""
    scope = unit.access.scope(tree.change)
    if scope.everything:
        return True
    roots = scope.limits.get(tree.kind, ())
    if node_id is None or not roots:
        return False
    statement = unscoped(
        subtree(tree.model, roots).where(tree.model.id == node_id),
        tree.model,
        because="it asks whether a node lies below the roots of the caller's own rights",
    )
    return unit.session.execute(statement).one_or_none() is not None


def add_node(unit: UnitOfWork, tree: Tree, values: Mapping[str, Any]) -> Any:
    """Makes a node.

    Args:
        unit: the unit of work.
        tree: which tree.
        values: as of `NewNodes.add`.

    Raises:
        Forbidden: the author may not change the tree anywhere.
        Invalid: the parent does not exist for the author, or the tree gets too deep.
        Conflict: the parent has a child of this name already.
    """
    nodes = NewNodes(unit, tree)
    node = nodes.add(values)
    nodes.write()
    return node


def change_node(unit: UnitOfWork, tree: Tree, node: Any, values: Mapping[str, Any]) -> Any:
    """Changes a node; one that is renamed or moved takes all that lies below it along.

    Raises:
        Invalid: the new parent does not exist for the author, or lies below the node itself.
        Conflict: the parent has a child of this name already.
    """
    moves = "parent_id" in values and values["parent_id"] != node.parent_id
    renames = "name" in values and values["name"] != node.name
    old_lineage, old_path = node.lineage, node.path
    for name, value in values.items():
        setattr(node, name, value)
    if moves or renames:
        if moves:
            parent = _reached(unit, tree, node.parent_id)
            _check_depth(parent)
        else:
            parent = _above(unit, tree, node.parent_id)
        if parent is not None and parent.lineage.startswith(old_lineage):
            raise Invalid.field("/parent_id", f"A {tree.noun} cannot lie below itself.")
        node.above_id = node.parent_id or unit.organisation.id
        node.lineage = (parent.lineage if parent else "") + step(node.id)
        node.path = _path(parent, node.name)
        _flush(unit, tree)
        _take_along(unit, tree, node, old_lineage, old_path)
    _flush(unit, tree)
    return node


def delete_node(unit: UnitOfWork, tree: Tree, node: Any) -> None:
    """Deletes a node that nothing lies in.

    Raises:
        Conflict: it is in use.
    """
    model = tree.model
    for column, what in ((model.parent_id, "others lie in it"), *_uses(tree)):
        statement = unscoped(
            sa.select(column).where(column == node.id).limit(1),
            model,
            Equipment,
            because="what is out of the author's sight keeps a node too",
        )
        if unit.session.execute(statement).first() is not None:
            raise Conflict(f"This {tree.noun} is in use: {what}.")
    unit.session.delete(node)
    try:
        unit.session.flush()
    except IntegrityError:
        raise Conflict(f"This {tree.noun} is in use.") from None


def _uses(tree: Tree) -> list[tuple[Any, str]]:
    """Returns the columns that refer to a tree, each with what that means."""
    return [(column, "there are instruments in it") for column in tree.users]


def _reached(unit: UnitOfWork, tree: Tree, parent_id: uuid.UUID | None) -> Any:
    """Returns the node under which another is put; the author's rights must reach it."""
    if not covers(unit, tree, parent_id):
        raise Invalid([FieldError("/parent_id", ABSENT if parent_id else "This is required.")])
    if parent_id is None:
        return None
    try:
        return unit.find(tree.model, parent_id, tree.change)
    except NotFound:
        raise Invalid.field("/parent_id", ABSENT) from None


def _check_depth(parent: Any) -> None:
    """Checks that something may still be put under a node; None is the top."""
    if parent is not None and parent.lineage.count("/") >= MOST_LEVELS:
        raise Invalid.field("/parent_id", f"A tree has at most {MOST_LEVELS} levels.")


def _above(unit: UnitOfWork, tree: Tree, parent_id: uuid.UUID | None) -> Any:
    """Returns the present parent of a node."""
    if parent_id is None:
        return None
    statement = unscoped(
        sa.select(tree.model).where(tree.model.id == parent_id),
        tree.model,
        because="a node's own path names those above it",
    )
    return unit.session.scalars(statement).one()


def _path(parent: Any, name: str) -> str:
    """Returns the path of a node below another."""
    return f"{parent.path}{SEPARATOR}{name}" if parent is not None else name


def _take_along(unit: UnitOfWork, tree: Tree, node: Any, lineage: str, path: str) -> None:
    """Gives all nodes below one their new lineage and path, in one statement."""
    table = tree.model.__table__
    statement = (
        sa.update(table)
        .where(
            table.c.organisation_id == unit.organisation.id,
            table.c.lineage.like(f"{lineage}%"),
            table.c.id != node.id,
        )
        .values(
            lineage=sa.literal(node.lineage) + sa.func.substr(table.c.lineage, len(lineage) + 1),
            path=sa.literal(node.path) + sa.func.substr(table.c.path, len(path) + 1),
        )
    )
    marked = unscoped(statement, tree.model, because="below a node that the author may change")
    unit.session.execute(marked)
    for instance in unit.session.identity_map.values():
        if isinstance(instance, tree.model) and instance is not node:
            unit.session.expire(instance)


def _flush(unit: UnitOfWork, tree: Tree) -> None:
    """Writes; a sibling of the same name is a conflict."""
    try:
        unit.session.flush()
    except IntegrityError as error:
        if "above_id" in str(error.orig):
            raise Conflict(f"There is a {tree.noun} of this name already.") from None
        raise
