"""Drafts of imports: what a person has said so far of a file that they uploaded.

A draft is a job that has nothing left to run: it belongs to one person, is found by its id, and
its payload is what the pages of the wizard fill in.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from calibrify_core.exchange.dates import DateSurvey
from calibrify_core.exchange.fields import guess_mapping
from calibrify_core.exchange.headers import normalise
from calibrify_core.exchange.options import ImportOptions
from calibrify_core.exchange.tables import Corrections, Table
from calibrify_core.kernel.errors import Invalid, NotFound
from calibrify_core.kernel.ids import new_id
from calibrify_core.persistence.base import utc_now
from calibrify_core.records.jobs import find_job
from calibrify_core.tasks.job import Job
from calibrify_core.work.unit import UnitOfWork
from calibrify_equipment.services.import_fields import fields_for
from calibrify_equipment.services.importing import (
    ImportOrder,
    corrections_in,
    open_register,
    require_rights,
    settled,
    start_order,
)

KIND = "equipment.import_draft"
SAMPLED = 200
SAMPLES = 3
MOST_VALUES = 100
MOST_CORRECTIONS = 1_000
LONGEST_CORRECTION = 2_000
READING = ("encoding", "delimiter", "header_row", "sheet")

GUESSES: Mapping[str, str] = {
    **dict.fromkeys(("active", "inuse", "ok", "available", "extended", "good"), "in_service"),
    **dict.fromkeys(("inactive", "notinuse", "idle", "spare", "standby"), "out_of_service"),
    **dict.fromkeys(("defective", "broken", "faulty", "hold", "onhold", "failed"), "quarantined"),
    **dict.fromkeys(("forrepair", "repair", "inrepair", "undermaintenance"), "in_maintenance"),
    **dict.fromkeys(("atcalibration", "calibration", "outforcalibration"), "in_calibration"),
    **dict.fromkeys(("scrap", "scrapped", "disposed", "obsolete", "writtenoff"), "retired"),
    **dict.fromkeys(("missing", "notfound", "stolen"), "lost"),
    **dict.fromkeys(("new",), "draft"),
}
"""Words that registers use for states; only proposed, a person confirms them."""


@dataclass(slots=True)
class Look:
    """What stands in a file.

    Attributes:
        values: column → how often each text occurs, blanks left out.
        surveys: date column → what its values tell about their form.
        rows: how many data rows there are.
    """

    values: dict[str, Counter[str]] = field(default_factory=dict)
    surveys: dict[str, DateSurvey] = field(default_factory=dict)
    rows: int = 0


def make_draft(unit: UnitOfWork, stream: BinaryIO, name: str) -> Job:
    """Stores a file that can be read as a table, and makes the draft of its import.

    Raises:
        Forbidden: the author may not import.
        Invalid: the file is no table that can be read.
        TooLarge: it is larger than allowed.
    """
    require_rights(unit)
    options = ImportOptions()
    fields = fields_for(unit)
    with open_register(fields, stream, name, options) as table:
        mapping = guess_mapping(table.columns, fields)
    stream.seek(0)
    stored = unit.platform.storage.put(stream)
    draft = Job(
        id=new_id(),
        organisation_id=unit.organisation.id,
        user_id=unit.actor.user_id,
        kind=KIND,
        state="succeeded",
        message="The file is uploaded and waits for you to go on.",
        created_at=utc_now(),
    )
    draft.payload = {
        "title": f"Preparing the import of {name}",
        "sha256": stored.sha256,
        "name": name,
        "mapping": mapping,
        "options": {},
        "result_href": f"/equipment/import/{draft.id}/columns",
        "result_label": "Go on with the import",
    }
    unit.add(draft)
    unit.session.flush()
    return draft


def find_draft(unit: UnitOfWork, draft_id: uuid.UUID) -> Job:
    """Returns a draft of who asks.

    Raises:
        NotFound: there is none.
    """
    draft = find_job(unit, draft_id)
    if draft.kind != KIND:
        raise NotFound("This import does not exist.")
    return draft


def options_of(draft: Job) -> ImportOptions:
    """Returns what was said so far."""
    return ImportOptions.model_validate(draft.payload["options"])


@contextmanager
def opened(unit: UnitOfWork, draft: Job) -> Iterator[Table]:
    """Opens the file of a draft.

    Raises:
        Invalid: it cannot be read in the way that was said.
    """
    payload = draft.payload
    with (
        unit.platform.storage.open(payload["sha256"]) as stream,
        open_register(fields_for(unit), stream, payload["name"], options_of(draft)) as table,
    ):
        yield table.corrected(corrections_in(payload))


def save(draft: Job, **parts: Any) -> None:
    """Keeps what a page said; a check, or a run, that came before no longer counts."""
    payload = {**draft.payload, **parts}
    for name in {"check", "run"} - parts.keys():
        payload.pop(name, None)
    draft.payload = payload


def samples_of(table: Table) -> dict[str, list[str]]:
    """Returns the first different texts of each column."""
    found: dict[str, list[str]] = {column: [] for column in table.columns}
    for row in table.sample(SAMPLED):
        for column, text in row.cells.items():
            texts = found[column]
            if len(texts) < SAMPLES and text.strip() and text.strip() not in texts:
                texts.append(text.strip())
    return found


def look_at(table: Table, columns: Sequence[str], dates: Sequence[str]) -> Look:
    """Reads a file once: counts the texts of some columns and surveys the dates of others."""
    look = Look({column: Counter() for column in columns}, {name: DateSurvey() for name in dates})
    for row in table.rows():
        look.rows += 1
        for column, counter in look.values.items():
            text = row.cells[column].strip()
            if text and (text in counter or len(counter) < MOST_VALUES):
                counter[text] += 1
        for column, survey in look.surveys.items():
            survey.look(row.cells[column].strip())
    return look


def guess_status(text: str) -> str | None:
    """Returns the state that a register's word probably means.

    >>> guess_status("IN-ACTIVE"), guess_status("PR#33199")
    ('out_of_service', None)
    """
    return GUESSES.get(normalise(text))


def start_check(
    unit: UnitOfWork, draft: Job, options: Mapping[str, Any], corrections: Corrections | None = None
) -> Job:
    """Keeps the last answers and starts the dry run.

    Args:
        unit: the unit of work.
        draft: of the import.
        options: as the person gave them.
        corrections: cells that are put right; None: those that were before.

    Raises:
        Invalid: something of it cannot be; by JSON pointer.
    """
    payload = draft.payload
    given = ImportOptions.model_validate(dict(options))
    with opened(unit, draft) as table:
        mapping, complete = settled(fields_for(unit), table, payload["mapping"], given)
    if corrections is None:
        corrections = corrections_in(payload)
    order = ImportOrder(payload["sha256"], payload["name"], mapping, complete, True, corrections)
    job = start_order(unit, order)
    kept = {name: job.payload[name] for name in ("options", "corrections")}
    save(draft, **kept, check=str(job.id))
    return job


def correct(unit: UnitOfWork, draft: Job, given: Corrections) -> Job:
    """Puts cells right, beside those that were before, and starts the dry run again.

    Raises:
        Invalid: these are too many, or one is too long.
    """
    merged = corrections_in(draft.payload)
    for row, cells in given.items():
        merged[row] = {**merged.get(row, {}), **cells}
        if any(len(text) > LONGEST_CORRECTION for text in cells.values()):
            raise Invalid(detail=f"At most {LONGEST_CORRECTION:,} characters are taken here.")
    if sum(map(len, merged.values())) > MOST_CORRECTIONS:
        detail = f"At most {MOST_CORRECTIONS:,} cells are corrected here; correct the file itself."
        raise Invalid(detail=detail)
    return start_check(unit, draft, draft.payload["options"], merged)


def take_corrections_back(unit: UnitOfWork, draft: Job) -> Job:
    """Reads all cells as they stand in the file, and starts the dry run again."""
    return start_check(unit, draft, draft.payload["options"], {})


def check_of(unit: UnitOfWork, draft: Job) -> Job | None:
    """Returns the dry run of a draft, None if it was not made or something changed since."""
    found = draft.payload.get("check")
    return find_job(unit, uuid.UUID(found)) if found else None


def start_run(unit: UnitOfWork, draft: Job) -> Job:
    """Starts the import that was checked; asked twice, it is the same, unless that was undone.

    Raises:
        NotFound: it was not checked.
    """
    before = draft.payload.get("run")
    if before:
        job = find_job(unit, uuid.UUID(before))
        if job.state not in {"failed", "cancelled"} and "undo" not in job.payload:
            return job
    check = check_of(unit, draft)
    if check is None:
        raise NotFound("This import was not checked yet.")
    order = ImportOrder.of({**check.payload, "dry_run": False})
    job = start_order(unit, order)
    save(draft, run=str(job.id), check=draft.payload["check"])
    return job
