"""What a label opens to whoever holds it, for plugins that have a page for strangers."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from calibrify_core.persistence.scoping import unscoped
from calibrify_equipment.models.equipment import Equipment


@dataclass(frozen=True, slots=True)
class LabelPage:
    """A page for who scans a label and is not signed in.

    Attributes:
        name: unique, ``<plugin>.<what>``.
        route: name of the route of the page; it takes the label's ``code``.
        policy: of the organisation, which switches it on.
    """

    name: str
    route: str
    policy: str


@dataclass(frozen=True, slots=True)
class LabelFacts:
    """What a label says of its instrument, to whoever holds it.

    Attributes:
        id: the instrument.
        organisation_id: whose it is.
        asset_tag: its tag.
        name: what it is.
    """

    id: uuid.UUID
    organisation_id: uuid.UUID
    asset_tag: str
    name: str


def instrument_of_label(session: Session, code: str) -> LabelFacts | None:
    """Returns the instrument of a label's code, in whatever organisation.

    Nobody's rights are asked: it is for pages that a label opens to anybody. None if there is no
    such label, or its instrument is not in use yet or any more.
    """
    columns = [getattr(Equipment, name) for name in LabelFacts.__dataclass_fields__]
    statement = unscoped(
        sa.select(*columns).where(
            Equipment.label_code == code, Equipment.status.not_in(("draft", "retired"))
        ),
        Equipment,
        because="whoever holds the label has name and tag before their eyes",
    )
    row = session.execute(statement).one_or_none()
    return None if row is None else LabelFacts(*row)
