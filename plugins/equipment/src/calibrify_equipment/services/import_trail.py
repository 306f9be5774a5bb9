"""What an import did, as the audit trail has it: read again so that it can be taken back.

The trail keeps the former value of every member, and the job of an import marks its entries; so
nothing is kept a second time. It is asked too whether anybody changed an instrument since: a
version says that it was changed, the trail also by whom, and whether that was undone again.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from calibrify_core.audit.entry import AuditEntry
from calibrify_core.kernel.ids import first_id
from calibrify_core.persistence.scoping import Scope, restrict, unscoped
from calibrify_core.records.audit_trail import runs_since
from calibrify_core.tasks.job import Job
from calibrify_core.work.unit import UnitOfWork
from calibrify_equipment.models.equipment import Equipment
from calibrify_equipment.public import ImportedChange

UNDO_TASK = "equipment.undo_import"
KIND = Equipment.__audit_type__
NAMES = ("category", "location", "manufacturer", "model")
BECAUSE = "what an import did is read for who may take it back; instruments keep their scope"
SKEW = timedelta(hours=1)
"""By how much the clocks of machines may differ: it bounds where the trail is searched."""


@dataclass(slots=True)
class Deed:
    """What an import did to one instrument.

    Attributes:
        id: the instrument.
        entry_id: the import's first entry about it.
        label: how people recognise it.
        created: whether the import made it.
        columns: (before, after) of its columns, as JSON values.
        members: the same of what facets know.
    """

    id: uuid.UUID
    entry_id: uuid.UUID
    label: str
    created: bool = False
    columns: dict[str, tuple[Any, Any]] = field(default_factory=dict)
    members: dict[str, tuple[Any, Any]] = field(default_factory=dict)

    def told(self) -> ImportedChange:
        """Returns it as facets are told of it."""
        return ImportedChange(self.id, self.created, self.entry_id, self.members)


@dataclass(frozen=True, slots=True)
class Trail:
    """The entries of one import.

    Attributes:
        job: of the import.
        undone: other imports that were undone, by the job of their undo: what one did and the
            other took back is no change.
    """

    job: Job
    undone: Mapping[str, str]

    @classmethod
    def of(cls, unit: UnitOfWork, job: Job) -> Trail:
        """Returns the trail of an import that has ended."""
        statement = sa.select(Job.id, Job.payload).where(
            Job.kind == UNDO_TASK, Job.created_at >= job.created_at
        )
        own = restrict(statement, Job, Scope(unit.organisation.id, everything=True))
        rows = unit.session.execute(own)
        return cls(job, {str(row.id): row.payload["import"] for row in rows})

    def instruments(self, unit: UnitOfWork) -> list[uuid.UUID]:
        """Returns the instruments that it made or changed, the last one first."""
        actions = AuditEntry.action.in_(("create", "update", "import"))
        statement = self._in_order(unit, AuditEntry.object_id).where(
            AuditEntry.object_type == KIND, actions
        )
        return list(dict.fromkeys(unit.session.scalars(statement)))

    def names(self, unit: UnitOfWork) -> list[Any]:
        """Returns (kind, id, entry id) of the names that it made, what lies below others first."""
        columns = (AuditEntry.object_type, AuditEntry.object_id, AuditEntry.id)
        statement = self._in_order(unit, *columns).where(
            AuditEntry.object_type.in_(NAMES), AuditEntry.action == "create"
        )
        return list(unit.session.execute(statement))

    def deeds(self, unit: UnitOfWork, ids: Sequence[uuid.UUID]) -> list[Deed]:
        """Returns what it did to some instruments, the last one first."""
        e = AuditEntry
        columns = (e.object_id, e.id, e.label, e.action, e.changes)
        statement = self._entries(unit, *columns).where(e.object_type == KIND, e.object_id.in_(ids))
        found: dict[uuid.UUID, Deed] = {}
        # Put in order here: the database shall go by the objects, of which there are few.
        rows = unit.session.execute(statement).all()
        for row in sorted(rows, key=lambda row: row.id, reverse=True):
            deed = found.setdefault(row.object_id, Deed(row.object_id, row.id, row.label))
            deed.entry_id = row.id
            deed.label = row.label if row.action != "import" else deed.label
            deed.created |= row.action == "create"
            part = deed.members if row.action == "import" else deed.columns
            part |= {name: (before, after) for name, (before, after) in row.changes.items()}
        return list(found.values())

    def touched(
        self, unit: UnitOfWork, object_type: str, marks: Mapping[uuid.UUID, uuid.UUID]
    ) -> set[uuid.UUID]:
        """Returns which objects somebody else changed after the import's entries about them."""
        runs: dict[uuid.UUID, set[str | None]] = {}
        for identifier, run in runs_since(unit, object_type, marks):
            runs.setdefault(identifier, set()).add(run)
        own = {str(self.job.id)}
        return {key for key, found in runs.items() if self._without_undone(found) - own}

    def _without_undone(self, runs: Iterable[str | None]) -> set[str | None]:
        """Leaves out imports that were undone, together with their undoing."""
        left = set(runs)
        for undo, done in self.undone.items():
            if undo in left:
                left -= {undo, done}
        return left

    def _entries(self, unit: UnitOfWork, *columns: Any) -> sa.Select[Any]:
        """Returns a select of the import's entries."""
        statement = sa.select(*columns).where(
            AuditEntry.organisation_id == unit.organisation.id,
            AuditEntry.request_id == str(self.job.id),
        )
        return unscoped(statement, AuditEntry, because=BECAUSE)

    def _in_order(self, unit: UnitOfWork, *columns: Any) -> sa.Select[Any]:
        """Returns a select of all of them, the last one first, by the time of the job."""
        job, key = self.job, AuditEntry.id
        ended = job.finished_at or job.created_at
        within = key.between(first_id(job.created_at - SKEW), first_id(ended + SKEW))
        return self._entries(unit, *columns).where(within).order_by(key.desc())
