"""Running a connector: it brings files, an importer makes records of them, the run keeps book."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from datetime import timedelta
from functools import partial
from typing import Any, BinaryIO

import sqlalchemy as sa

from calibrify_core.exchange.options import ImportOptions
from calibrify_core.exchange.report import ImportReport
from calibrify_core.hooks.declarations import TaskContext
from calibrify_core.hooks.importers import Importer, ImportWork
from calibrify_core.kernel.errors import CalibrifyError, NotFound
from calibrify_core.kernel.ids import new_id
from calibrify_core.observability.guard import guarded
from calibrify_core.persistence.scoping import unscoped
from calibrify_core.tasks.reporter import JobCancelled
from calibrify_core.tasks.runner import TRANSIENT
from calibrify_core.work.platform import Platform
from calibrify_core.work.unit import UnitOfWork
from calibrify_integration.models.connector import Connector, ConnectorFile, ConnectorRun
from calibrify_integration.public import ConnectorFailed, Delivery
from calibrify_integration.services.connectors import HOOK, importer_of, kind_of, place_of

MOST_LINES = 200
MOST_ERRORS = 50
FIRST_PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(hours=24)
BECAUSE = "a run keeps the books of its own connector"
_COUNTED = ("created", "updated", "unchanged", "failed")
_PIECE = 1 << 16


class ConnectorWork:
    """What a run of a connector is handed; see `public.Work`.

    Args:
        context: of the task's run.
        platform: the application's shared services.
        connector: as it was read at the start.
        run_id: the row that keeps the books.
        importer: what makes records of files.
        organisation: short name of the organisation.
    """

    def __init__(
        self,
        context: TaskContext,
        platform: Platform,
        connector: Connector,
        run_id: uuid.UUID,
        importer: Importer,
        organisation: str,
    ) -> None:
        self.platform = platform
        self.organisation = organisation
        self.cursor: Mapping[str, Any] = dict(connector.cursor)
        self.settings = kind_of(platform, connector.kind).settings.model_validate(
            connector.settings
        )
        sealed = connector.secret
        self.secret = (
            platform.vault.open(sealed, place_of(connector.id)) if sealed is not None else None
        )
        self._context = context
        self._cancelled = context.job.watch(partial(platform.session, write=False))
        self._connector = connector
        self._run_id = run_id
        self._importer = importer
        self._rows = 0

    def deliver(
        self,
        stream: BinaryIO,
        name: str,
        *,
        cursor: Mapping[str, Any] | None = None,
        once: bool = False,
    ) -> Delivery:
        """Imports a file with the rights of the connector's owner; see `public.Work`."""
        digest = _digest(stream)
        if once and self._is_known(digest):
            with self._books() as (unit, run):
                run.known += 1
                _line(run, unit, f"{name}: the same content was imported before, left out.")
            return Delivery(known=True, report={})
        before = self._context.job.checkpoint
        interrupted = before.get("report") if before.get("digest") == digest else None
        work = ImportWork(
            stream=stream,
            name=name,
            mapping=self._connector.mapping,
            options=ImportOptions.model_validate(self._connector.options),
            open_unit=self._as_owner,
            note=lambda unit, report, *_: self._note(unit, report, digest, name),
            cancelled=self._cancelled,
            resume=ImportReport.from_json(interrupted) if interrupted else None,
        )
        report, errors = self._importer.run(self.platform, work)
        figures = report.as_json()
        failed = b""
        if errors is not None:
            with errors:
                failed = errors.read()
        if report.ended == "cancelled":
            raise JobCancelled
        kept = bool(report.created or report.updated or report.unchanged)
        self._close(name, digest, figures, cursor, remember=once and kept)
        return Delivery(known=False, report=figures, errors=failed or None)

    def keep(self, cursor: Mapping[str, Any]) -> None:
        """Keeps where the next run goes on."""
        with self._as_system() as unit:
            self._keep(unit, cursor)

    def log(self, text: str) -> None:
        """Adds a line to the log of the run."""
        with self._books() as (unit, run):
            _line(run, unit, text)

    def stop_if_cancelled(self) -> None:
        """Ends the run between two steps if somebody asked for that.

        Raises:
            JobCancelled: somebody did.
        """
        if self._cancelled():
            raise JobCancelled

    def _as_owner(self) -> AbstractContextManager[UnitOfWork]:
        """Opens a unit with the rights that the owner has now."""
        unit: AbstractContextManager[UnitOfWork] = self._context.unit()
        return unit

    def _as_system(self) -> AbstractContextManager[UnitOfWork]:
        """Opens a unit that keeps the books."""
        return self.platform.unit(self._connector.organisation_id)

    def _books(self) -> Books:
        """Opens the run's row for writing."""
        return Books(self._as_system(), self._run_id)

    def _is_known(self, digest: str) -> bool:
        statement = sa.select(ConnectorFile.id).where(
            ConnectorFile.connector_id == self._connector.id, ConnectorFile.digest == digest
        )
        with self.platform.session(write=False) as session:
            marked = unscoped(statement, ConnectorFile, because=BECAUSE)
            return session.execute(marked).first() is not None

    def _note(self, unit: UnitOfWork, report: ImportReport, digest: str, name: str) -> None:
        """Keeps how far the import is, in the transaction of its batch."""
        self._context.job.report(
            unit.session,
            done=self._rows + report.rows,
            message=f"{name}: {report.rows:,} rows",
            checkpoint={"digest": digest, "report": report.as_json()},
        )

    def _close(
        self,
        name: str,
        digest: str,
        figures: Mapping[str, Any],
        cursor: Mapping[str, Any] | None,
        *,
        remember: bool,
    ) -> None:
        """Keeps the end of an import: counts, digest and cursor are one step."""
        self._rows += figures["rows"]
        with self._books() as (unit, run):
            run.files += 1
            for what in _COUNTED:
                setattr(run, what, getattr(run, what) + figures[what])
            room = MOST_ERRORS - len(run.errors)
            told = [{"file": name, **problem} for problem in figures["errors"][: max(0, room)]]
            run.errors = [*run.errors, *told]
            counts = ", ".join(f"{figures[what]:,} {what}" for what in _COUNTED)
            _line(run, unit, f"{name}: {figures['rows']:,} rows: {counts}.")
            if remember:
                unit.add(
                    ConnectorFile(
                        id=new_id(),
                        organisation_id=run.organisation_id,
                        connector_id=run.connector_id,
                        digest=digest,
                        name=name[:300],
                        imported_at=unit.clock.now(),
                    )
                )
            if cursor is not None:
                self._keep(unit, cursor)
            self._context.job.report(unit.session, done=self._rows, checkpoint={})

    def _keep(self, unit: UnitOfWork, cursor: Mapping[str, Any]) -> None:
        """Writes the cursor, past the version of what people change."""
        _write(unit, self._connector.id, cursor=dict(cursor))
        self.cursor = dict(cursor)


class Books:
    """The row of a run, open for writing.

    Args:
        opening: the unit in which it is written.
        run_id: which run.
    """

    def __init__(self, opening: AbstractContextManager[UnitOfWork], run_id: uuid.UUID) -> None:
        self._opening = opening
        self._run_id = run_id

    def __enter__(self) -> tuple[UnitOfWork, ConnectorRun]:
        unit = self._opening.__enter__()
        statement = sa.select(ConnectorRun).where(ConnectorRun.id == self._run_id)
        marked = unscoped(statement, ConnectorRun, because=BECAUSE)
        return unit, unit.session.scalars(marked).one()

    def __exit__(self, *error: Any) -> bool | None:
        return self._opening.__exit__(*error)


def run_connector(context: TaskContext) -> None:
    """Runs a connector once, and says when it runs next.

    Raises:
        ConnectorFailed: it came to nothing.
        JobCancelled: somebody cancelled it; what was imported stays.
    """
    if context.job is None:
        raise NotFound("A connector runs as a job.")
    connector_id = uuid.UUID(str(context.payload["connector_id"]))
    with context.unit(user_id=None, write=False) as unit:
        platform, organisation = unit.platform, unit.organisation
        connector = _one(unit, Connector, Connector.id == connector_id)
        run = _one(unit, ConnectorRun, ConnectorRun.job_id == context.job.id)
        unit.session.expunge_all()
    books = Books(platform.unit(organisation.id), run.id)
    try:
        with context.unit(write=False) as unit:
            importer = importer_of(platform, connector.importer)
            unit.access.require(importer.permission)
        kind = kind_of(platform, connector.kind)
        work = ConnectorWork(context, platform, connector, run.id, importer, organisation.name)
        _guarded(platform, kind.name, lambda: kind.run(work))
    except (JobCancelled, *TRANSIENT):
        raise
    except CalibrifyError as error:
        _failed(books, connector, str(error.detail))
        raise ConnectorFailed(error.detail) from error
    with books as (unit, _):
        _ended(unit, connector)


def _guarded(platform: Platform, name: str, call: Callable[[], None]) -> None:
    """Runs a plugin's code; what it should not raise is logged with its name, and told as such.

    Raises:
        ConnectorFailed: it raised what it should not.
    """
    plugin = next(c.plugin for c in platform.plugins.collect(HOOK) if c.value.name == name)
    result = guarded(plugin, name, lambda: _expected(call))
    if result.error is not None:
        raise ConnectorFailed("An internal error; the log has the details.") from result.error
    if result.value is not None:
        raise result.value


def _expected(call: Callable[[], None]) -> Exception | None:
    """Returns how a run ended that came to nothing, if it said so in a good way."""
    try:
        call()
    except (CalibrifyError, JobCancelled, *TRANSIENT) as error:
        return error
    return None


def _one(unit: UnitOfWork, model: Any, condition: Any) -> Any:
    """Returns one row.

    Raises:
        NotFound: it is gone.
    """
    statement = unscoped(sa.select(model).where(condition), model, because=BECAUSE)
    found = unit.session.scalars(statement).one_or_none()
    if found is None:
        raise NotFound("The connector was removed.")
    return found


def _failed(books: Books, connector: Connector, detail: str) -> None:
    """Keeps a failure, and lets the connector rest the longer the more there were in a row."""
    failures = connector.failures + 1
    pause = pause_after(failures, connector.every_minutes)
    with books as (unit, run):
        _line(run, unit, detail)
        later = unit.clock.now() + pause if _scheduled(connector) else None
        _write(
            unit,
            connector.id,
            failures=failures,
            last_failure=detail[:500],
            next_run_at=later,
        )


def pause_after(failures: int, every_minutes: int | None) -> timedelta:
    """Returns how long a connector rests after so many failures in a row.

    >>> [str(pause_after(n, 5)) for n in (1, 2, 3, 20)]
    ['0:05:00', '0:05:00', '0:05:00', '1 day, 0:00:00']
    >>> [str(pause_after(n, 1)) for n in (1, 2, 3)]
    ['0:01:00', '0:02:00', '0:04:00']
    """
    grown = FIRST_PAUSE * (1 << min(failures - 1, 12))
    return max(min(grown, LONGEST_PAUSE), timedelta(minutes=every_minutes or 0))


def _scheduled(connector: Connector) -> bool:
    """Tells whether a connector runs by the clock."""
    return connector.enabled and connector.every_minutes is not None


def _ended(unit: UnitOfWork, connector: Connector) -> None:
    """Keeps a good end."""
    later = None
    if _scheduled(connector):
        later = unit.clock.now() + timedelta(minutes=connector.every_minutes or 0)
    _write(unit, connector.id, failures=0, last_failure="", next_run_at=later)


def _write(unit: UnitOfWork, connector_id: uuid.UUID, **values: Any) -> None:
    """Writes what follows from runs, past the version of what people change."""
    statement = sa.update(Connector.__table__).where(  # type: ignore[arg-type]
        Connector.__table__.c.id == connector_id
    )
    unit.session.connection().execute(statement.values(**values))


def _line(run: ConnectorRun, unit: UnitOfWork, text: str) -> None:
    """Adds a line to the log of a run; the last ones of a long log are kept."""
    line = {"at": unit.clock.now().isoformat(timespec="seconds"), "text": text[:500]}
    run.log = [*run.log, line][-MOST_LINES:]


def _digest(stream: BinaryIO) -> str:
    """Returns the digest of a file, and puts it at its beginning."""
    found = hashlib.sha256()
    stream.seek(0)
    while piece := stream.read(_PIECE):
        found.update(piece)
    stream.seek(0)
    return found.hexdigest()
