"""The store and the meters of the demonstration laboratory, all invented."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

from calibrify_core.work.organisation import Organisation
from calibrify_core.work.unit import UnitOfWork
from calibrify_maintenance.services import meters, parts
from calibrify_maintenance.services.fault_reports import POLICY

# Name, unit, stock, minimum, price, place.
PARTS = (
    ("Fuse 440 mA, 1000 V", "pcs", "14", "10", "7.40", "Drawer E1"),
    ("Fuse 11 A, 1000 V", "pcs", "3", "10", "9.10", "Drawer E1"),
    ("Test lead set, silicone", "sets", "6", "4", "32.00", "Drawer E2"),
    ("Battery 9 V", "pcs", "22", "12", "2.15", "Drawer E3"),
    ("Ratchet repair kit 1/2 inch", "sets", "1", "2", "48.50", "Shelf T2"),
    ("Bourdon tube gasket", "pcs", "30", "20", "0.85", "Shelf P1"),
    ("Pipette seal and grease", "sets", "5", "3", "12.30", "Drawer C1"),
    ("pH electrode", "pcs", "0", "1", "164.00", "Cabinet C4"),
    ("Instrument oil", "l", "1.25", "0.5", "18.00", "Cabinet T1"),
)
# Code of the category, name of the meter, unit, first reading, and how much comes to it a month.
METERS = (
    ("TQ-WRN", "Cycles", "cycles", 1_200, 310),
    ("EL-DMMB", "Running hours", "h", 4_150, 420),
    ("PR-REF", "Running hours", "h", 880, 95),
)
MONTHS = 6
DAYS = 30


def load_stock(unit: UnitOfWork, memory: dict[str, Any]) -> None:
    """Fills the store, gives some instruments meters, and lets anybody report faults.

    Leaves in ``memory`` the ids of the parts under ``parts`` and those of the meters, by
    instrument, under ``meters``.

    Args:
        unit: of the system itself; dates are relative to its clock.
        memory: what the equipment plugin left there: ``equipment``.
    """
    organisation = unit.session.get_one(Organisation, unit.organisation.id)
    organisation.policies = {**organisation.policies, POLICY: True}
    memory["parts"] = [_part(unit, row) for row in PARTS]
    found: dict[uuid.UUID, uuid.UUID] = {}
    for one in memory.get("equipment", ()):
        for code, *row in METERS:
            if one["code"] == code and one["status"] == "in_service":
                found[one["id"]] = _meter(unit, one["id"], row)
    memory["meters"] = found


def _part(unit: UnitOfWork, row: Sequence[str]) -> uuid.UUID:
    """Enters a part."""
    name, measure, stock, minimum, price, place = row
    values: Mapping[str, Any] = {
        "name": name,
        "unit": measure,
        "opening_stock": Decimal(stock),
        "minimum": Decimal(minimum),
        "price": Decimal(price),
        "location": place,
    }
    made = parts.add(unit, values)
    unit.reason = None
    return made.id


def _meter(unit: UnitOfWork, equipment_id: uuid.UUID, row: Sequence[Any]) -> uuid.UUID:
    """Gives an instrument a meter, read once a month."""
    name, measure, first, step = row
    made = meters.add(unit, {"equipment_id": equipment_id, "name": name, "unit": measure})
    for month in range(MONTHS + 1):
        at = unit.trade_now() - timedelta(days=DAYS * (MONTHS - month), hours=2)
        meters.record(unit, made.id, Decimal(first + step * month + 7 * (month % 3)), at)
    return made.id
