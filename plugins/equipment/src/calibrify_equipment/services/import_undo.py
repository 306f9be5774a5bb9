"""Undoing an import within a day: who may, what would happen, and the run in the background."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from calibrify_core.kernel.errors import Conflict, Forbidden, NotFound
from calibrify_core.persistence.scoping import Scope, restrict, unscoped
from calibrify_core.tasks.job import Job
from calibrify_core.work.platform import Platform
from calibrify_core.work.unit import UnitOfWork
from calibrify_equipment.permissions import IMPORT
from calibrify_equipment.services import categories, entries, locations, trees
from calibrify_equipment.services.catalogue import MANUFACTURERS, MODELS
from calibrify_equipment.services.import_taking_back import TakenBack, sort_out, take_back
from calibrify_equipment.services.import_trail import BECAUSE, UNDO_TASK, Trail
from calibrify_equipment.services.importing import TASK, polite, require_rights
from calibrify_equipment.services.references import person_name

TIME = timedelta(hours=24)
BATCH = 200
MOST_LISTED = 50

Opener = Callable[[], AbstractContextManager[UnitOfWork]]


@dataclass(slots=True)
class UndoReport:
    """What an undo did, as far as it got; or what it would do.

    Attributes:
        removed: instruments that are gone again.
        restored: instruments that have their former values again.
        left: instruments that stay as they are.
        names_removed: categories, locations, manufacturers and models that are gone again.
        names_left: those that stay, since something uses them or somebody changed them.
        reasons: of the first instruments that stay: ``{equipment_id, label, detail}``.
    """

    removed: int = 0
    restored: int = 0
    left: int = 0
    names_removed: int = 0
    names_left: int = 0
    reasons: list[dict[str, Any]] = field(default_factory=list)

    @property
    def instruments(self) -> int:
        """How many instruments are done."""
        return self.removed + self.restored + self.left

    @property
    def names(self) -> int:
        """How many names are done."""
        return self.names_removed + self.names_left

    def count(self, found: TakenBack) -> None:
        """Adds a batch."""
        self.removed += len(found.removed)
        self.restored += len(found.restored)
        self.left += len(found.left)
        for deed, why in found.left[: MOST_LISTED - len(self.reasons)]:
            item = {"equipment_id": str(deed.id), "label": deed.label, "detail": why}
            self.reasons.append(item)


@dataclass(frozen=True, slots=True)
class Undoing:
    """How it stands with the undo of an import.

    Attributes:
        job: of the import.
        until: until when it can be asked for.
        undo: the job of the undo, None before it was asked for.
        by: who asked for it.
    """

    job: Job
    until: datetime
    undo: Job | None = None
    by: str = ""

    @property
    def begun(self) -> bool:
        """Whether an undo runs, or has come to its end; one that broke off can be gone on with."""
        return self.undo is not None and self.undo.state not in {"failed", "cancelled"}

    @property
    def refusal(self) -> str:
        """Why it cannot be undone now, "" if it can."""
        result = self.job.result or {}
        if not self.job.finished:
            return "This import has not ended yet; cancel it first."
        changed = result.get("created", 0) + result.get("updated", 0)
        if self.job.payload.get("dry_run") or not changed:
            return "This import changed nothing."
        if self.undo is not None and self.begun:
            what = "was undone" if self.undo.finished else "is being undone"
            return f"This import {what} by {self.by}."
        if datetime.now(UTC) > self.until:
            hours = int(TIME.total_seconds() // 3600)
            return f"An import can be undone for {hours} hours; this one ended earlier."
        return ""


def find_import(unit: UnitOfWork, job_id: uuid.UUID, *, lock: bool = False) -> Undoing:
    """Returns how it stands with the undo of an import.

    Whoever imported may ask, and whoever may import in the whole organisation.

    Args:
        unit: the unit of work.
        job_id: of the import.
        lock: hold it until the transaction ends, so that of two who undo it one is first.

    Raises:
        Forbidden: the author may not import.
        NotFound: there is no such import for the author.
    """
    require_rights(unit)
    job = _job(unit, job_id, lock=lock)
    own = job is not None and job.user_id == unit.actor.user_id
    if job is None or job.kind != TASK or not (own or unit.access.scope(IMPORT).everything):
        raise NotFound("This import does not exist.")
    until = (job.finished_at or datetime.now(UTC)) + TIME
    known = job.payload.get("undo")
    undo = _job(unit, uuid.UUID(known)) if known else None
    if undo is None:
        return Undoing(job, until)
    by = person_name(unit, undo.user_id) if undo.user_id else None
    return Undoing(job, until, undo, by or "Calibrify")


def _job(unit: UnitOfWork, job_id: uuid.UUID, *, lock: bool = False) -> Job | None:
    """Returns a job of the organisation, whoever asked for it."""
    statement = sa.select(Job).where(Job.id == job_id)
    own = restrict(statement, Job, Scope(unit.organisation.id, everything=True))
    return unit.session.scalars(own.with_for_update() if lock else own).one_or_none()


def foresee(unit: UnitOfWork, undoing: Undoing) -> tuple[UndoReport, int]:
    """Returns what an undo would do now, and how many names the import made.

    Raises:
        Conflict: it cannot be undone.
    """
    _require_possible(undoing)
    trail = Trail.of(unit, undoing.job)
    begun = UndoReport(**undoing.undo.checkpoint) if undoing.undo else UndoReport()
    ids = trail.instruments(unit)
    report = UndoReport()
    for batch in _batches(ids, begun.instruments):
        report.count(sort_out(unit, trail, batch)[0])
    return report, len(trail.names(unit)) - begun.names


def _require_possible(undoing: Undoing) -> None:
    if why := undoing.refusal:
        extra = {"undone_by": undoing.by, "undo_id": str(undoing.undo.id)} if undoing.undo else {}
        raise Conflict(why, **extra)


def start(unit: UnitOfWork, job_id: uuid.UUID) -> Job:
    """Starts the job that undoes an import; one that broke off is gone on with.

    Raises:
        Forbidden: the author may not import.
        NotFound: there is no such import for the author.
        Conflict: it changed nothing, is undone already, or ended too long ago.
    """
    undoing = find_import(unit, job_id, lock=True)
    _require_possible(undoing)
    done, name = undoing.job, undoing.job.payload["name"]
    job = unit.start_job(UNDO_TASK, {"import": str(done.id), "name": name})
    job.payload = {
        **job.payload,
        "title": f"Undo of the import of {name}",
        "result_href": f"/equipment/import/{done.id}/undo",
        "result_label": "Show what was undone",
    }
    if undoing.undo is not None:
        job.checkpoint = undoing.undo.checkpoint
    done.payload = {**done.payload, "undo": str(job.id)}
    unit.audit("undo_import", "equipment", done.id, name, {"job": str(job.id)})
    unit.session.flush()
    return job


@dataclass(frozen=True, slots=True)
class Books:
    """How a run tells of itself.

    Attributes:
        note: called with (unit, report, total) inside the unit of a batch.
        cancelled: asked between batches.
    """

    note: Callable[[UnitOfWork, UndoReport, int], None]
    cancelled: Callable[[], bool]


def run(
    platform: Platform, open_unit: Opener, order: Mapping[str, Any], begun: UndoReport, books: Books
) -> bool:
    """Undoes an import, batch by batch, the last instrument first; each in a unit of its own.

    Args:
        platform: the application's shared services.
        open_unit: opens a unit with the present rights of who undoes.
        order: payload of the job.
        begun: report of a run that was interrupted.
        books: how to tell of it.

    Returns:
        Whether it went to the end; otherwise it was cancelled, and finished batches stay.

    Raises:
        Forbidden: the rights are gone.
        NotFound: the import is gone.
    """

    @contextmanager
    def opened() -> Iterator[UnitOfWork]:
        with open_unit() as unit:
            require_rights(unit)
            unit.reason = f"Undo of the import of {order['name']} ({order['import']})"
            yield unit

    with opened() as unit:
        job = find_import(unit, uuid.UUID(order["import"])).job
        trail = Trail.of(unit, job)
        ids, names = trail.instruments(unit), trail.names(unit)
        unit.session.expunge(job)
    report, total = begun, len(ids) + len(names)
    cancelled = polite(platform, books.cancelled)
    for batch in _batches(ids, report.instruments):
        if cancelled():
            return False
        with opened() as unit:
            report.count(take_back(unit, trail, batch))
            books.note(unit, report, total)
    for some in _batches(names, report.names):
        if cancelled():
            return False
        with opened() as unit:
            _remove_names(unit, trail, some, report)
            books.note(unit, report, total)
    return True


def _batches(items: Sequence[Any], after: int) -> Iterator[Sequence[Any]]:
    """Yields what is not done yet, in pieces."""
    for start_at in range(after, len(items), BATCH):
        yield items[start_at : start_at + BATCH]


def _remove_names(unit: UnitOfWork, trail: Trail, names: Sequence[Any], report: UndoReport) -> None:
    """Deletes names that the import made, those that nobody changed and nothing uses."""
    touched: set[uuid.UUID] = set()
    for kind in (*_TREES, *_ENTRIES):
        marks = {row.object_id: row.id for row in names if row.object_type == kind}
        touched |= trail.touched(unit, kind, marks)
    # In their order: what lies in another goes before it.
    for kind, identifier, _ in names:
        if identifier not in touched and _remove_name(unit, kind, identifier):
            report.names_removed += 1
        else:
            report.names_left += 1


def _remove_name(unit: UnitOfWork, kind: str, identifier: uuid.UUID) -> bool:
    """Deletes a name unless something uses it; tells whether it is gone."""
    savepoint = unit.session.begin_nested()
    try:
        if kind in _TREES:
            tree = _TREES[kind]
            trees.delete_node(unit, tree, trees.find_node(unit, tree, identifier))
        else:
            entry_kind = _ENTRIES[kind]
            model = entry_kind.model
            statement = sa.select(model).where(
                model.id == identifier, model.organisation_id == unit.organisation.id
            )
            # An import makes them without a further right; so it is with taking them back.
            found = unit.session.scalars(unscoped(statement, model, because=BECAUSE)).one()
            entries.delete(unit, entry_kind, found)
    except (Conflict, Forbidden, NotFound, IntegrityError, sa.exc.NoResultFound):
        savepoint.rollback()
        return False
    savepoint.commit()
    return True


_TREES = {"category": categories.TREE, "location": locations.TREE}
_ENTRIES = {"manufacturer": MANUFACTURERS, "model": MODELS}
