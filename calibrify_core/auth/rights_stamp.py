"""The stamp of an organisation's rights: it changes with whatever rights are made of.

Rights that were read once may be used again while the stamp that was read with them is still
the same; the credential's own statement brings the present one along. So nothing is kept
beyond the change that ends it, and no process has to tell another.
"""

import uuid
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Mapped, Mapper, mapped_column

from calibrify_core.auth.grant import Grant
from calibrify_core.auth.group import Group, Membership
from calibrify_core.auth.role import Role
from calibrify_core.persistence.base import Base
from calibrify_core.work.organisation import Organisation


class RightsStamp(Base):
    """A random value, new with every change of grants, roles, memberships or the organisation.

    It is random and no counter, so that it never comes back, not even with a restored backup.
    """

    __tablename__ = "core_rights_stamp"

    organisation_id: Mapped[uuid.UUID] = mapped_column(
        sa.ForeignKey("core_organisation.id"), primary_key=True
    )
    value: Mapped[uuid.UUID]


def renew(connection: Connection, organisation_id: Any) -> None:
    """Gives an organisation a new stamp, in the transaction of the change.

    Args:
        connection: on which the change is made.
        organisation_id: the id, or a query for it.
    """
    table: Any = RightsStamp.__table__
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    value = uuid.uuid4()
    connection.execute(
        insert(table)
        .values(organisation_id=organisation_id, value=value)
        .on_conflict_do_update(index_elements=["organisation_id"], set_={"value": value})
    )


def _owned(_mapper: Mapper[Any], connection: Connection, target: Any) -> None:
    """Hears of a change to something that belongs to an organisation."""
    renew(connection, target.organisation_id)


def _membership(_mapper: Mapper[Any], connection: Connection, target: Any) -> None:
    """Hears of a change to who is in a group."""
    renew(
        connection,
        sa.select(Group.organisation_id).where(Group.id == target.group_id).scalar_subquery(),
    )


def _organisation(_mapper: Mapper[Any], connection: Connection, target: Any) -> None:
    """Hears of a change to an organisation itself."""
    renew(connection, target.id)


def _listen(model: type[Any], heard: Any, *events: str) -> None:
    """Listens to the writing of a mapped class."""
    for name in events:
        event.listen(model, name, heard)


_listen(Grant, _owned, "after_insert", "after_update", "after_delete")
_listen(Role, _owned, "after_insert", "after_update", "after_delete")
_listen(Membership, _membership, "after_insert", "after_delete")
_listen(Organisation, _organisation, "after_insert", "after_update")
