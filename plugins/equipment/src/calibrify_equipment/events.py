"""What happens to instruments, told to whoever wants to know."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class EquipmentRegistered:
    """An instrument was entered.

    Attributes:
        equipment_id: which one.
        asset_tag: its tag.
        status: the state it starts in.
        category_id: its category.
        location_id: where it belongs.
    """

    equipment_id: uuid.UUID
    asset_tag: str
    status: str
    category_id: uuid.UUID | None
    location_id: uuid.UUID | None


@dataclass(frozen=True, slots=True)
class EquipmentChanged:
    """Facts of an instrument changed; its state is told by `EquipmentTransitioned`.

    Attributes:
        equipment_id: which one.
        fields: names of the members that are different now.
    """

    equipment_id: uuid.UUID
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EquipmentTransitioned:
    """An instrument moved on to another state.

    Attributes:
        equipment_id: which one.
        before: the state it left.
        after: the state it is in.
        reason: why, as the person said.
    """

    equipment_id: uuid.UUID
    before: str
    after: str
    reason: str


@dataclass(frozen=True, slots=True)
class EquipmentRetired:
    """An instrument is gone for good; told beside `EquipmentTransitioned`.

    Attributes:
        equipment_id: which one.
        reason: why.
    """

    equipment_id: uuid.UUID
    reason: str


@dataclass(frozen=True, slots=True)
class EquipmentCheckedOut:
    """An instrument was handed out.

    Attributes:
        equipment_id: which one.
        holder_id: the person who has it, if a person has it.
        location_id: where it was brought, if a place has it.
        expected_return_on: when it should be back.
    """

    equipment_id: uuid.UUID
    holder_id: uuid.UUID | None
    location_id: uuid.UUID | None
    expected_return_on: date | None


@dataclass(frozen=True, slots=True)
class EquipmentCheckedIn:
    """An instrument came back.

    Attributes:
        equipment_id: which one.
        condition: as it was found.
    """

    equipment_id: uuid.UUID
    condition: str


@dataclass(frozen=True, slots=True)
class EquipmentImported:
    """A batch of an import was written; told once instead of once an instrument.

    Attributes:
        created: ids of the instruments that it entered, as text.
        changed: ids of those that it changed, as text.
    """

    created: tuple[str, ...]
    changed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EquipmentImportUndone:
    """A batch of an import was taken back; told once instead of once an instrument.

    Attributes:
        removed: ids of the instruments that the import had entered and that are gone, as text.
        restored: ids of those that have their former values again, as text.
    """

    removed: tuple[str, ...]
    restored: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CategoryChanged:
    """What all instruments of a category have in common is different now.

    Attributes:
        category_id: which one.
        fields: names of the members that changed.
    """

    category_id: uuid.UUID
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MetrologyAffected:
    """Work on an instrument may have changed how it measures.

    Attributes:
        equipment_id: which one.
        began_at: when the work began: what was measured before says nothing of it now.
        ended_at: when the work ended.
        source: what the work was, for people, for example ``work order MO-2026-00042``.
    """

    equipment_id: uuid.UUID
    began_at: datetime
    ended_at: datetime
    source: str
