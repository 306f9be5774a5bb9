"""What categories and locations share: trees whose nodes know their whole way up."""

import uuid
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, declared_attr, mapped_column

from calibrify_core.persistence.scoping import Scope

SEPARATOR = " / "


class TreeNode:
    """A node of a tree: its lineage finds the descendants, its path is for people.

    Attributes:
        name: unique among its siblings.
        parent_id: None for a root.
        above_id: the parent, or the organisation for a root; siblings have it in common, and a
            unique constraint over it holds for roots too, where NULL would not.
        lineage: ids from the root down, each followed by ``/``; a prefix finds a subtree.
        path: names from the root down.
    """

    __tablename__: Any

    name: Mapped[str] = mapped_column(sa.String(200))
    above_id: Mapped[uuid.UUID]
    lineage: Mapped[str] = mapped_column(sa.Text)
    path: Mapped[str] = mapped_column(sa.Text)

    @declared_attr
    @classmethod
    def parent_id(cls) -> Mapped[uuid.UUID | None]:
        """The node above."""
        return mapped_column(sa.ForeignKey(f"{cls.__tablename__}.id"))

    @declared_attr.directive
    @classmethod
    def __table_args__(cls) -> tuple[Any, ...]:
        """Siblings have different names; subtrees are found by an index."""
        table = cls.__tablename__
        return (
            sa.UniqueConstraint("above_id", "name"),
            sa.Index(f"ix_{table}_lineage", "organisation_id", "lineage"),
        )


def step(identifier: uuid.UUID) -> str:
    """Returns a node's own part of a lineage."""
    return f"{identifier.hex}/"


def subtree(model: type[Any], roots: Sequence[Any] | sa.BindParameter[Any]) -> sa.Select[Any]:
    """Returns a select of the ids of nodes and all that lies below them.

    Args:
        model: `Category` or `Location`.
        roots: ids of the nodes at the top, or the parameters that will hold them.
    """
    root = sa.orm.aliased(model)
    return (
        sa.select(model.id)
        .join(
            root,
            sa.and_(
                root.organisation_id == model.organisation_id,
                model.lineage.like(root.lineage + "%"),
            ),
        )
        .where(root.id.in_(roots))
    )


def within(model: type[Any], kind: str, scope: Scope) -> sa.ColumnElement[bool]:
    """Returns the condition that a node lies in a subtree of the scope, or above one.

    People who are limited to a subtree see the names of the nodes above it.
    """
    roots = scope.limits.get(kind, ())
    if not roots:
        return sa.false()
    root = sa.orm.aliased(model)
    return (
        sa.select(sa.literal(1))
        .where(
            root.id.in_(roots),
            sa.or_(
                model.lineage.like(root.lineage + "%"),
                root.lineage.like(model.lineage + "%"),
            ),
        )
        .exists()
    )
