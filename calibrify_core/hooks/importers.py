"""What a plugin declares of imports: how rows of a file become records, for whoever has a file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, BinaryIO


@dataclass(frozen=True, slots=True)
class ImportWork:
    """One import that another part of the house asks for, such as a connector.

    Attributes:
        stream: the file, CSV or XLSX.
        name: of the file, for sentences.
        mapping: source column → field or None; None altogether for a guess.
        options: the `ImportOptions` (`calibrify_core.exchange.options`).
        open_unit: opens a unit of work with the rights of whom it is done for.
        note: called with (unit, report, rows done, rows in all) inside the unit of each batch.
        cancelled: asked between batches.
        resume: the `ImportReport` of a run that was interrupted, or None.
    """

    stream: BinaryIO
    name: str
    mapping: Mapping[str, str | None] | None
    options: Any
    open_unit: Callable[[], AbstractContextManager[Any]]
    note: Callable[[Any, Any, int, int | None], None]
    cancelled: Callable[[], bool]
    resume: Any = None


@dataclass(frozen=True, slots=True)
class Importer:
    """A kind of records that files can be imported into.

    Attributes:
        name: unique, ``<plugin>.<noun>``.
        title: as people read it, in the plural.
        permission: what who imports must hold.
        keys: fields by which a row can find the record that it updates.
        run: called with (platform, work), returns the `ImportReport`
            (`calibrify_core.exchange.report`) and the rows that failed as an open CSV file, or
            None.
    """

    name: str
    title: str
    permission: str
    keys: tuple[str, ...]
    run: Callable[[Any, ImportWork], tuple[Any, BinaryIO | None]]
