"""What other systems may hear of instruments, and who may hear it."""

from __future__ import annotations

from calibrify_core.hooks.news import Event
from calibrify_equipment import events
from calibrify_equipment.models.category import Category
from calibrify_equipment.models.equipment import Equipment
from calibrify_equipment.permissions import CATEGORY_VIEW, VIEW


def _of_instrument(kind: type, name: str, title: str) -> Event:
    """Returns news of one instrument."""
    return Event(kind, f"equipment.{name}", title, VIEW, Equipment, "equipment_id")


NEWS = (
    _of_instrument(events.EquipmentRegistered, "registered", "Instrument registered"),
    _of_instrument(events.EquipmentChanged, "changed", "Instrument changed"),
    _of_instrument(events.EquipmentTransitioned, "transitioned", "Instrument moved on"),
    _of_instrument(events.EquipmentRetired, "retired", "Instrument retired"),
    _of_instrument(events.EquipmentCheckedOut, "checked_out", "Instrument handed out"),
    _of_instrument(events.EquipmentCheckedIn, "checked_in", "Instrument came back"),
    _of_instrument(
        events.MetrologyAffected, "metrology_affected", "Work may have changed how it measures"
    ),
    Event(events.EquipmentImported, "equipment.imported", "Instruments imported", VIEW),
    Event(
        events.EquipmentImportUndone,
        "equipment.import_undone",
        "Import of instruments undone",
        VIEW,
    ),
    Event(
        events.CategoryChanged,
        "equipment.category_changed",
        "Category changed",
        CATEGORY_VIEW,
        Category,
        "category_id",
    ),
)
