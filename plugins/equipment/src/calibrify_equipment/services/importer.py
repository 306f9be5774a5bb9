"""The import of instruments as others may ask for it, such as a connector."""

from __future__ import annotations

from typing import BinaryIO

from calibrify_core.exchange.report import ImportReport
from calibrify_core.hooks.importers import Importer, ImportWork
from calibrify_core.work.platform import Platform
from calibrify_equipment.permissions import IMPORT
from calibrify_equipment.services.import_fields import fields_for
from calibrify_equipment.services.importing import (
    KEYS,
    Books,
    ImportOrder,
    open_register,
    run,
    settled,
)


def import_work(platform: Platform, work: ImportWork) -> tuple[ImportReport, BinaryIO | None]:
    """Imports a file for somebody, exactly as their own upload would be imported.

    Raises:
        Invalid: the file cannot be read, or mapping and options do not fit it.
        Forbidden: they may not import.
    """
    with work.open_unit() as unit:
        fields = fields_for(unit)
    with open_register(fields, work.stream, work.name, work.options, work.mapping) as table:
        mapping, options = settled(fields, table, work.mapping, work.options)
    work.stream.seek(0)
    order = ImportOrder("", work.name, mapping, options)
    books = Books(work.note, work.cancelled, work.resume)
    return run(platform, work.open_unit, work.stream, order, books)


INSTRUMENTS = Importer("equipment.equipment", "Instruments", IMPORT, KEYS, import_work)
