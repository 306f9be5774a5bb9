"""Jobs that import instruments, on the wire."""

from typing import Any

from calibrify_core.api.types import Identifier, Moment, Shape


class ImportProgress(Shape):
    """How far a job is."""

    done: int
    total: int | None
    message: str


class ImportJob(Shape):
    """An import that runs in the background; its result counts rows and lists problems."""

    id: Identifier
    kind: str
    state: str
    progress: ImportProgress
    result: dict[str, Any] | None
    errors: list[Any]
    created_at: Moment
    started_at: Moment | None
    finished_at: Moment | None


class LeftInstrument(Shape):
    """An instrument that an undo leaves as it is, and why."""

    equipment_id: Identifier
    label: str
    detail: str


class ImportUndoOut(Shape):
    """What the undo of an import would do now; of the instruments that stay, the first 50."""

    import_id: Identifier
    until: Moment
    removed: int
    restored: int
    left: int
    names: int
    reasons: list[LeftInstrument]
