"""Lists of calibrations, schedules and certificates, and the due list: for API and pages."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

import orjson
import sqlalchemy as sa
from pydantic import BaseModel

from calibrify_calibration.domain.decisions import Result
from calibrify_calibration.domain.schedules import RecordKind, ScheduleKind
from calibrify_calibration.domain.states import RecordState
from calibrify_calibration.domain.status import HEADLINE, boundaries
from calibrify_calibration.models.calibration import Calibration
from calibrify_calibration.models.certificate import Certificate
from calibrify_calibration.models.reach import INSTRUMENTS
from calibrify_calibration.models.schedule import CalibrationSchedule
from calibrify_calibration.models.state import CalibrationState
from calibrify_calibration.permissions import CERTIFICATE_VIEW, SCHEDULE_VIEW, VIEW
from calibrify_calibration.schemas.calibration import CalibrationOut
from calibrify_calibration.schemas.schedule import CertificateOut, ScheduleOut
from calibrify_calibration.services.schedules import schedule_out
from calibrify_calibration.services.shapes import calibration_out, certificate_out
from calibrify_core.kernel.errors import Invalid
from calibrify_core.records.keyset import Page, run_list, run_list_of
from calibrify_core.records.listing import Kind, ListField, ListRequest, ListSpec
from calibrify_core.work.platform import Platform
from calibrify_core.work.unit import UnitOfWork
from calibrify_equipment.public import (
    SUSPENDED,
    EquipmentFacts,
    find_equipment,
    list_of_equipment,
)

DUE_DAYS = 30
MOST_DUE_DAYS = 3_650

_RECORD = tuple(
    getattr(Calibration, column.key)
    for column in sa.inspect(Calibration).columns
    if column.key not in {"points", "organisation_id"}
)


def _shown_only(model: type[BaseModel], fields: Iterable[ListField]) -> dict[str, ListField]:
    """Returns the fields of a list by name, with those that are only shown besides."""
    known = {field.name: field for field in fields}
    for name in model.model_fields:
        if name not in known:
            label = name.replace("_", " ").capitalize()
            known[name] = ListField(name, label, Kind.OTHER, filterable=False)
    return known


class _Instrument:
    """The names of an instrument in a row of the list."""

    __slots__ = ("asset_tag", "name")

    def __init__(self, row: Any) -> None:
        self.asset_tag = row.instrument_tag
        self.name = row.instrument_name


def _shape(row: Any, _unit: Any) -> dict[str, Any]:
    """Returns a row of the list; its points pass through as the JSON that is stored."""
    return calibration_out(row, orjson.Fragment(row.points_text), _Instrument(row))


def _parsed(row: Any, _unit: Any) -> dict[str, Any]:
    """Returns a row of the list with its points as values, for pages."""
    return calibration_out(row, orjson.loads(row.points_text), _Instrument(row))


CALIBRATIONS = ListSpec(
    model=Calibration,
    permission=VIEW,
    columns=(
        *_RECORD,
        sa.cast(Calibration.points, sa.Text).label("points_text"),
        INSTRUMENTS.c.asset_tag.label("instrument_tag"),
        INSTRUMENTS.c.name.label("instrument_name"),
    ),
    source=sa.join(Calibration, INSTRUMENTS, INSTRUMENTS.c.id == Calibration.equipment_id),
    key=Calibration.id,
    fields=_shown_only(
        CalibrationOut,
        (
            ListField("number", "Number", column=Calibration.number),
            ListField(
                "state",
                "State",
                Kind.CHOICE,
                Calibration.state,
                choices=tuple(state.value for state in RecordState),
            ),
            ListField("equipment_id", "Instrument", Kind.IDENTIFIER, Calibration.equipment_id),
            ListField(
                "kind",
                "Kind",
                Kind.CHOICE,
                Calibration.kind,
                choices=tuple(kind.value for kind in RecordKind),
            ),
            ListField(
                "performed_at",
                "Performed at",
                Kind.MOMENT,
                Calibration.performed_at,
                orderable=True,
            ),
            ListField(
                "performed_on", "Performed on", Kind.DATE, Calibration.performed_on, orderable=True
            ),
            ListField(
                "as_found_result",
                "As found",
                Kind.CHOICE,
                Calibration.as_found_result,
                choices=tuple(result.value for result in Result),
            ),
            ListField(
                "as_left_result",
                "As left",
                Kind.CHOICE,
                Calibration.as_left_result,
                choices=tuple(result.value for result in Result),
            ),
            ListField(
                "is_historical", "Imported, no readings", Kind.BOOLEAN, Calibration.is_historical
            ),
            ListField(
                "performed_by_id", "Performed by", Kind.IDENTIFIER, Calibration.performed_by_id
            ),
            ListField(
                "created_at", "Recorded at", Kind.MOMENT, Calibration.created_at, orderable=True
            ),
        ),
    ),
    shape=_shape,
    default_ordering=("-performed_at",),
    served=(frozenset({"equipment_id"}),),
    search=lambda word: sa.func.lower(
        sa.func.coalesce(Calibration.number, "")
        + " "
        + Calibration.certificate_number
        + " "
        + Calibration.issued_number
        + " "
        + INSTRUMENTS.c.asset_tag
        + " "
        + INSTRUMENTS.c.name
    ).contains(word, autoescape=True),
)
"""All calibrations, newest first."""

SCHEDULES = ListSpec(
    model=CalibrationSchedule,
    permission=SCHEDULE_VIEW,
    columns=tuple(
        getattr(CalibrationSchedule, column.key)
        for column in sa.inspect(CalibrationSchedule).columns
        if column.key != "organisation_id"
    ),
    source=CalibrationSchedule,
    key=CalibrationSchedule.id,
    fields=_shown_only(
        ScheduleOut,
        (
            ListField(
                "equipment_id", "Instrument", Kind.IDENTIFIER, CalibrationSchedule.equipment_id
            ),
            ListField(
                "kind",
                "Kind",
                Kind.CHOICE,
                CalibrationSchedule.kind,
                choices=tuple(kind.value for kind in ScheduleKind),
            ),
            ListField(
                "due_on",
                "Due on",
                Kind.DATE,
                CalibrationSchedule.due_on,
                orderable=True,
                nullable=True,
            ),
            ListField("failed", "Failed", Kind.BOOLEAN, CalibrationSchedule.failed),
            ListField(
                "created_at",
                "Set at",
                Kind.MOMENT,
                CalibrationSchedule.created_at,
                orderable=True,
            ),
        ),
    ),
    shape=schedule_out,
    default_ordering=("created_at",),
    where=(CalibrationSchedule.active.is_(True),),
)
"""Active schedules, oldest first."""


CERTIFICATES = ListSpec(
    model=Certificate,
    permission=CERTIFICATE_VIEW,
    columns=(
        Certificate.id,
        Certificate.record_id,
        Certificate.equipment_id,
        Certificate.number,
        Certificate.revision,
        Certificate.replaces_id,
        Certificate.issued_on,
        Certificate.authorised_by,
        Certificate.sha256,
        Certificate.state,
        Certificate.verification_code,
    ),
    source=Certificate,
    key=Certificate.id,
    fields=_shown_only(
        CertificateOut,
        (
            ListField("number", "Number", column=Certificate.number, orderable=True),
            ListField("calibration_id", "Calibration", Kind.IDENTIFIER, Certificate.record_id),
            ListField("equipment_id", "Instrument", Kind.IDENTIFIER, Certificate.equipment_id),
            ListField(
                "state",
                "State",
                Kind.CHOICE,
                Certificate.state,
                choices=("issued", "void", "replaced"),
            ),
            ListField("issued_on", "Issued on", Kind.DATE, Certificate.issued_on, orderable=True),
        ),
    ),
    shape=certificate_out,
    default_ordering=("-issued_on",),
)
"""Certificates, newest first."""


CALIBRATIONS_PARSED = replace(CALIBRATIONS, shape=_parsed)
"""The same with points as values, for pages; otherwise they are JSON that `orjson` passes on."""


def page_of_calibrations(unit: UnitOfWork, request: ListRequest) -> Page:
    """Returns a page of all calibrations with their points as values, for pages."""
    return run_list(unit, CALIBRATIONS_PARSED, request)


def page_of_instrument(
    unit: UnitOfWork, equipment_id: uuid.UUID, request: ListRequest, *, parsed: bool = False
) -> Page:
    """Returns a page of the calibrations of one instrument.

    Raises:
        NotFound: the instrument does not exist, or lies outside of the scope.
    """
    spec = CALIBRATIONS_PARSED if parsed else CALIBRATIONS
    page = run_list_of(unit, spec, "equipment_id", equipment_id, request)
    if not page.rows:
        find_equipment(unit, equipment_id, VIEW)
    return page


def read_calibration(
    unit: UnitOfWork, record: Calibration, instrument: EquipmentFacts | None = None
) -> dict[str, Any]:
    """Returns one record as the API shows it, its points as values.

    Args:
        unit: the unit of work.
        record: the record.
        instrument: its instrument, if it is at hand.
    """
    found = instrument or find_equipment(unit, record.equipment_id, VIEW)
    return calibration_out(record, record.points, found)


def due_list(platform: Platform) -> ListSpec:
    """Returns the list of instruments that fall due: ``within_days`` of today, overdue included."""
    return _due_among(list_of_equipment(platform))


@lru_cache(maxsize=8)
def _due_among(own: ListSpec) -> ListSpec:
    """Returns the due list that is cut out of a list of instruments."""

    def matches(values: Sequence[Any], unit: Any) -> sa.ColumnElement[bool]:
        return CalibrationState.due_on <= boundaries(unit.today(), max(values)).window_until

    item = ListField("within_days", "Within days", Kind.INTEGER, matches=matches, kept=True)
    status: Any = own.fields["status"].column
    return replace(
        own,
        fields={**own.fields, "within_days": item},
        permission=VIEW,
        default_ordering=("due_on",),
        where=(
            CalibrationState.required.is_(True),
            CalibrationState.due_on.is_not(None),
            *(status != state for state in sorted(SUSPENDED)),
        ),
        served=(frozenset({"within_days", "status"}),),
    )


def attention_list(platform: Platform) -> ListSpec:
    """Returns the list of instruments in the order in which somebody should see to them."""
    return _by_attention(list_of_equipment(platform))


@lru_cache(maxsize=8)
def _by_attention(own: ListSpec) -> ListSpec:
    """Returns a list of instruments: what failed first, then what is in use, the latest first."""
    served = own.fields["status"].column == HEADLINE
    rank = sa.case((CalibrationState.failed.is_(True), 0), (served, 1), else_=2)
    item = ListField("attention", "Attention", Kind.INTEGER, rank, orderable=True)
    return replace(
        own,
        fields={**own.fields, "attention": item},
        permission=VIEW,
        default_ordering=("attention", "due_on"),
        served=(),
    )


def due_request(request: ListRequest) -> ListRequest:
    """Returns what is asked of the due list, with its defaults: in service, within 30 days.

    Raises:
        Invalid: the number of days makes no sense.
    """
    filters = dict(request.filters)
    days = filters.setdefault("within_days", (DUE_DAYS,))
    if not all(0 <= value <= MOST_DUE_DAYS for value in days):
        raise Invalid.field(
            "/query/within_days", f"A whole number from 0 to {MOST_DUE_DAYS} is needed."
        )
    filters.setdefault("status", (HEADLINE,))
    return replace(request, filters=filters)
