"""One calibration: what was measured, judged, signed and issued."""

from __future__ import annotations

import uuid
from typing import Any

import sqlalchemy as sa

from calibrify_calibration.domain.display import format_reading
from calibrify_calibration.domain.states import RecordState, is_editable
from calibrify_calibration.models.calibration import Calibration
from calibrify_calibration.pages.entry_view import result_shown
from calibrify_calibration.pages.point_rows import grouped, rows_of
from calibrify_calibration.pages.standards import find_standards
from calibrify_calibration.pages.wording import KINDS, REPORTED, RULES, STATES, chip, result_chip
from calibrify_calibration.permissions import APPROVE, RECORD, VIEW, VOID
from calibrify_calibration.services import calibrations, certificates
from calibrify_calibration.services.signatures import signatures_of
from calibrify_core.audit.entry import AuditEntry
from calibrify_core.persistence.scoping import unscoped
from calibrify_core.web.page import formats_of
from calibrify_equipment.public import find_equipment

MOST_ENTRIES = 50
ICONS = {"create": "plus", "sign": "pencil", "update": "square-pen"}
VERBS = {
    "submitted": "submitted it",
    "approved": "approved it",
    "rejected": "sent it back",
    "void": "declared it void",
    "superseded": "amended it",
}
FOLLOWING = frozenset(
    {"issued_number", "next_due_on", "approved_at", "approved_by", "submitted_at"}
)
CONDITIONS = {
    "temperature_c": ("Temperature", "°C"),
    "relative_humidity_pct": ("Relative humidity", "%"),
}


def show(request: Any) -> dict[str, Any]:
    """Shows one record."""
    unit, fmt = request.unit, formats_of(request)
    record = calibrations.find(unit, request.matchdict["id"])
    equipment = find_equipment(unit, record.equipment_id, VIEW)
    rows = rows_of(record.points, record.adjusted)
    factors = {row.factor for row in rows if row.factor}
    certificate = certificates.of_record(unit, record.id)
    return {
        "title": record.number or f"Imported calibration of {fmt.date(record.performed_on)}",
        "crumbs": [
            ("Equipment", "/equipment"),
            (equipment.asset_tag, f"/equipment/{equipment.id}"),
        ],
        "record": record,
        "equipment": equipment,
        "equipment_href": f"/equipment/{equipment.id}",
        "state": chip(STATES, record.state),
        "found": result_chip(record.as_found_result or "not_tested"),
        "left": result_chip(record.as_left_result or "not_tested"),
        "reported": chip(REPORTED, record.reported_result),
        "result": result_shown(_columns(record)) if record.points else None,
        "groups": grouped(rows),
        "factor": factors.pop() if len(factors) == 1 else "",
        "kind": KINDS[record.kind],
        "facts": facts_of(record, fmt),
        "notes": notes_of(record),
        "standards": used_standards(unit, record, fmt),
        "signatures": signatures_of(unit, record),
        "certificate": certificate,
        "amends": _amends(unit, record),
        "actions": actions_of(request, record),
        "timeline": timeline_of(request, record),
    }


def _columns(record: Calibration) -> dict[str, Any]:
    """Returns the judged members of a record."""
    names = ("points", "as_found_result", "as_left_result", "outcome", "adjusted")
    return {name: getattr(record, name) for name in names}


def facts_of(record: Calibration, fmt: Any) -> list[tuple[str, str]]:
    """Returns how and when the work was done, as pairs; what is not known is left out."""
    rule = RULES.get(record.decision_rule, record.decision_rule)
    if record.guard_band_factor:
        rule = f"{rule}, r = {record.guard_band_factor}"
    outside = record.provider_type == "external"
    pairs = [
        ("Performed", fmt.datetime(record.performed_at)),
        ("By", "Outside laboratory" if outside else record.performed_by),
        ("Their certificate", record.certificate_number),
        ("Dated", fmt.date(record.certificate_date)),
        ("Received on", fmt.date(record.received_on)),
        ("Condition", record.condition_received),
        ("Method", record.method),
        ("Place", record.place),
        *((label, f"{format_reading(value)} {unit}") for label, value, unit in _climate(record)),
        ("Decision rule", "" if outside else rule),
        ("Adjusted", "Yes" if record.adjusted else "" if outside else "No"),
        ("Next due on", fmt.date(record.next_due_on)),
    ]
    return [(label, value) for label, value in pairs if value]


def _climate(record: Calibration) -> list[tuple[str, str, str]]:
    """Returns the conditions as label, value and unit."""
    found = []
    for name, value in record.environment.items():
        label, unit = CONDITIONS.get(name, (name.replace("_", " ").capitalize(), ""))
        found.append((label, str(value), unit))
    return found


def notes_of(record: Calibration) -> list[tuple[str, str]]:
    """Returns the texts of a record, with their labels."""
    pairs = [
        ("Limitation of use", record.limitation),
        ("No as-found readings because", record.as_found_na_reason),
        ("Deviation", record.deviation_reason),
        ("Observations", record.notes),
    ]
    return [(label, value) for label, value in pairs if value]


def used_standards(unit: Any, record: Calibration, fmt: Any) -> list[Any]:
    """Returns the reference standards of a record as they stand today."""
    ids = {str(item["equipment_id"]) for item in record.standards}
    ids |= {str(one) for point in record.points for one in point.get("standard_ids") or ()}
    return find_standards(unit, fmt, ids=[uuid.UUID(one) for one in sorted(ids)]) if ids else []


def _amends(unit: Any, record: Calibration) -> Calibration | None:
    """Returns the record that this one amends, within reach."""
    if record.amends_id is None:
        return None
    statement = unit.select(Calibration, VIEW).where(Calibration.id == record.amends_id)
    found: Calibration | None = unit.session.scalars(statement).one_or_none()
    return found


def actions_of(request: Any, record: Calibration) -> list[dict[str, str]]:
    """Returns what can be done with a record in its state, the most likely step last.

    Args:
        request: the request.
        record: the record.
    """
    access, state = request.unit.access, RecordState(record.state)
    found: list[dict[str, str]] = []

    def add(label: str, verb: str, icon: str, kind: str = "") -> None:
        href = request.route_path(f"calibration.calibration.{verb}", id=record.id)
        found.append({"label": label, "href": href, "icon": icon, "kind": kind})

    outside = record.provider_type == "external"
    if (is_editable(state) or state is RecordState.REJECTED) and access.permits(RECORD):
        if not outside:
            main = "primary" if state is RecordState.REJECTED else ""
            add("Change", "edit", "pencil", main)
        if state is RecordState.DRAFT:
            add("Submit", "submit", "send", "primary")
    if state is RecordState.SUBMITTED and access.permits(APPROVE):
        add("Reject", "reject", "undo-2")
        add("Approve", "approve", "shield-check", "primary")
    if state is RecordState.APPROVED and not record.is_historical and access.permits(VOID):
        add("Declare void", "void", "ban", "hide-s")
        add("Amend", "amend", "square-pen", "hide-s")
    if not record.is_historical:
        kind = "primary" if state is RecordState.APPROVED else "hide-s"
        add("Certificate", "certificate", "file-badge", kind)
    return found


def timeline_of(request: Any, record: Calibration) -> list[dict[str, str]]:
    """Returns what became of a record, newest first, from the audit trail."""
    statement = (
        sa.select(AuditEntry)
        .where(AuditEntry.object_type == "calibration", AuditEntry.object_id == record.id)
        .order_by(AuditEntry.id.desc())
        .limit(MOST_ENTRIES)
    )
    marked = unscoped(statement, AuditEntry, because="who may see the record may see its history")
    fmt = formats_of(request)
    entries = request.unit.session.scalars(marked)
    return [
        _told(entry, fmt)
        for entry in entries
        if entry.action != "update" or not set(entry.changes or ()) <= FOLLOWING
    ]


def _told(entry: AuditEntry, fmt: Any) -> dict[str, str]:
    """Returns an entry of the trail in words."""
    changes = entry.changes or {}
    tone, icon = "", ICONS.get(entry.action, "history")
    state = changes.get("state")
    if entry.action == "create":
        text = f"{entry.actor_name} recorded it"
    elif entry.action == "sign":
        text = f"{entry.actor_name} signed it as {changes.get('meaning', [None, ''])[1]}"
    elif state:
        tone, icon, _ = STATES.get(str(state[1]), STATES["draft"])
        text = f"{entry.actor_name} {VERBS.get(str(state[1]), 'made it a draft again')}"
    else:
        names = [name.replace("_", " ") for name in changes][:4]
        more = f" and {len(changes) - 4} more" if len(changes) > 4 else ""
        text = f"{entry.actor_name} changed {', '.join(names) or 'it'}{more}"
    if entry.reason:
        text = f"{text}: {entry.reason}"
    return {"tone": tone, "icon": icon, "text": text, "when": fmt.datetime(entry.at)}


def includeme(config: Any) -> None:
    """Adds the pages."""
    config.add_page(
        "calibration.calibration.show",
        "/calibrations/{id:uuid}",
        show,
        permission=VIEW,
        template="calibration/detail.html",
    )
