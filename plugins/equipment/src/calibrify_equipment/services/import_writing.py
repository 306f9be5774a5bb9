"""Writing a batch of instruments past the mapper: few statements, and the same trail."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from calibrify_core.audit.trail import ALWAYS_SKIPPED, plain, write_entries
from calibrify_core.persistence.base import utc_now
from calibrify_core.persistence.bulk import insert_many
from calibrify_core.work.unit import UnitOfWork
from calibrify_equipment.events import (
    EquipmentImported,
    EquipmentRetired,
    EquipmentTransitioned,
)
from calibrify_equipment.models.equipment import Equipment
from calibrify_equipment.services.equipment import told_of
from calibrify_equipment.services.import_facts import Entry
from calibrify_equipment.services.import_lookup import hold

REASON = "import"
KIND = Equipment.__audit_type__
_UNTOLD = ALWAYS_SKIPPED | Equipment.__audit_skip__


def write(unit: UnitOfWork, entries: Sequence[Entry]) -> None:
    """Writes new and changed instruments, their audit entries and their news.

    Args:
        unit: the unit of work.
        entries: checked; those without changes are passed over.

    Raises:
        Conflict: somebody else changed one of them meanwhile.
        IntegrityError: somebody else was faster by a moment with a tag or a serial number.
    """
    new = [entry for entry in entries if entry.known is None]
    changed = [entry for entry in entries if entry.known is not None and entry.changes]
    if not new and not changed:
        return
    hold(unit, [entry.known for entry in changed])
    connection = unit.session.connection()
    table: Any = Equipment.__table__
    for columns, rows in _groups(changed).items():
        statement = (
            sa.update(table)
            .where(table.c.id == sa.bindparam("row_id"))
            .values(
                **{name: sa.bindparam(f"new_{name}") for name in columns},
                version=table.c.version + 1,
                updated_at=utc_now(),
            )
        )
        connection.execute(statement, rows)
    if new:
        insert_many(connection, table, [entry.changes for entry in new])
    write_entries(
        unit,
        [
            *(told_of(entry.changes) for entry in new),
            *(("update", KIND, e.id, _label(e), _updated(e)) for e in changed),
        ],
    )
    _publish(unit, new, changed)


def _groups(entries: Sequence[Entry]) -> dict[tuple[str, ...], list[dict[str, Any]]]:
    """Returns the parameters of the updates, by the columns that change."""
    groups: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for entry in entries:
        columns = tuple(sorted(entry.changes))
        values = {f"new_{name}": entry.changes[name] for name in columns}
        groups.setdefault(columns, []).append({"row_id": entry.id, **values})
    return groups


def _label(entry: Entry) -> str:
    return f"{entry.fact('asset_tag')} {entry.fact('name')}"


def _updated(entry: Entry) -> dict[str, Any]:
    return {
        name: [plain(getattr(entry.known, name)), plain(value)]
        for name, value in entry.changes.items()
        if name not in _UNTOLD
    }


def _publish(unit: UnitOfWork, new: Sequence[Entry], changed: Sequence[Entry]) -> None:
    """Tells one event for the batch, and one for each change of state."""
    for entry in changed:
        if "status" in entry.changes:
            before, after = entry.known.status, entry.changes["status"]
            unit.publish(EquipmentTransitioned(entry.id, before, after, REASON))
            if after == "retired":
                unit.publish(EquipmentRetired(entry.id, REASON))
    unit.publish(
        EquipmentImported(
            tuple(str(entry.id) for entry in new), tuple(str(entry.id) for entry in changed)
        )
    )
