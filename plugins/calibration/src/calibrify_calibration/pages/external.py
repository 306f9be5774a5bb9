"""Recording the certificate of an outside laboratory: number, date, result, PDF, no readings."""

from __future__ import annotations

import datetime as dt
from typing import Any

from pyramid.response import Response

from calibrify_calibration.pages.history import records_of
from calibrify_calibration.pages.recording import instrument_id
from calibrify_calibration.pages.wording import KINDS, options
from calibrify_calibration.permissions import APPROVE, RECORD, VIEW
from calibrify_calibration.schemas.calibration import CalibrationIn
from calibrify_calibration.services import approvals, calibrations
from calibrify_core.api.download import send
from calibrify_core.kernel.errors import (
    CalibrifyError,
    Forbidden,
    Invalid,
    NotFound,
    UnsupportedMediaType,
)
from calibrify_core.records.attachments import Attachments
from calibrify_core.web.flash import flash
from calibrify_core.web.forms import Form, FormField, Section, posted, validated
from calibrify_core.web.kit import page_response, problems_of, see_other
from calibrify_equipment.parties import supplier_choices, supplier_named
from calibrify_equipment.public import EquipmentFacts, find_equipment

TEMPLATE = "calibrify/form.html"
NOON = dt.time(12)
REPORTED = (
    ("pass", "Pass: in tolerance"),
    ("limited", "Limited: in tolerance for a part of its range or use"),
    ("fail", "Fail: out of tolerance"),
)
FIELDS = {
    "provider.supplier_id": "supplier_id",
    "provider.certificate_number": "certificate_number",
    "provider.certificate_date": "certificate_date",
    "provider.file_id": "file",
    "performed_at": "performed_on",
}


def form_of(request: Any, equipment: EquipmentFacts) -> Form:
    """Returns the form for an instrument."""
    choices = supplier_choices(request.unit)
    laboratory = [
        FormField("supplier_id", "Laboratory", "select", options=choices, blank="Choose one"),
        FormField("new_supplier", "Or a new one", hint="Its name, if it is not in the list",
                  extra={"maxlength": 200}),
    ]  # fmt: skip
    certificate = [
        FormField("certificate_number", "Certificate number", required=True, mono=True,
                  extra={"maxlength": 200}),
        FormField("certificate_date", "Dated", "date"),
        FormField("performed_on", "Calibrated on", "date", required=True,
                  hint="The next due date counts from this day"),
        FormField("kind", "Kind", "select", required=True, options=options(KINDS)),
        FormField("reported_result", "Result that it reports", "radio", required=True,
                  options=REPORTED, wide=True),
        FormField("limitation", "Limitation", "textarea", rows=2, wide=True,
                  hint="What it may be used for, if the result is limited"),
        FormField("file", "Certificate as PDF", "file", accept="application/pdf", wide=True),
        FormField("notes", "Notes", "textarea", rows=3, wide=True),
    ]  # fmt: skip
    both = request.unit.access.permits(APPROVE)
    return Form(
        action=request.route_path("calibration.external.new", _query={"equipment": equipment.id}),
        sections=[
            Section("Laboratory", laboratory if choices else laboratory[1:]),
            Section("Certificate", certificate),
        ],
        submit_label="Record and approve" if both else "Record and submit",
        buttons=[("Save draft", "draft")],
        cancel_href=f"/equipment/{equipment.id}",
        lead=f"{equipment.asset_tag} {equipment.name}",
        upload=True,
    )


def show(request: Any) -> Any:
    """Shows the form, or asks for the instrument."""
    try:
        equipment = _instrument(request)
    except CalibrifyError as error:
        values = {
            "title": "Record certificate",
            "crumbs": [("Calibrations", request.route_path("calibration.calibration.list"))],
            "choose": {
                "action": request.route_path("calibration.external.new"),
                "problem": error.detail if request.GET else "",
                "tag": request.GET.get("tag", ""),
            },
        }
        response = page_response(request, "calibration/choose.html", values)
        response.status_int = error.status if request.GET else 200
        return response
    last = next(iter(records_of(request.unit, equipment.id, most=1)), None)
    known = {"kind": "periodic", "reported_result": "pass"}
    if last is not None and last.supplier_id is not None:
        known["supplier_id"] = str(last.supplier_id)
    return _page(request, equipment, known, [])


def _instrument(request: Any) -> EquipmentFacts:
    """Returns the instrument that the address names."""
    wanted, tag = request.GET.get("equipment", ""), request.GET.get("tag", "").strip()
    if not wanted and not tag:
        raise Invalid.field("tag", "Say which instrument it is about.")
    return find_equipment(request.unit, instrument_id(request.unit, wanted, tag), RECORD)


def _page(
    request: Any, equipment: EquipmentFacts, values: dict[str, Any], problems: list[dict[str, str]]
) -> dict[str, Any]:
    """Returns what the form page needs."""
    return {
        "title": "Record certificate",
        "crumbs": [
            ("Equipment", "/equipment"),
            (equipment.asset_tag, f"/equipment/{equipment.id}"),
        ],
        "form": form_of(request, equipment).shown(values, problems),
    }


def save(request: Any) -> Any:
    """Keeps the certificate and hands it in; who may approve goes on to sign."""
    equipment = _instrument(request)
    values: dict[str, Any] = {}
    try:
        values = posted(form_of(request, equipment), request.POST)
        body = validated(CalibrationIn, body_of(request, equipment, values))
        members = {name: value for name, value in body.model_dump().items() if name != "submit"}
        record = calibrations.record(request.unit, members)
        _attach(request, record)
        if request.POST.get("do") == "draft":
            flash(request, f"{record.number} is saved as a draft.")
            return see_other(request, "calibration.calibration.show", id=record.id)
        if approvals.needs_signature(request.unit):
            return see_other(request, "calibration.calibration.submit", id=record.id)
        approvals.hand_in(request.unit, record)
    except (Invalid, Forbidden, UnsupportedMediaType) as error:
        return _page(request, equipment, values, _problems(error))
    flash(request, f"{record.number} is submitted.")
    verb = "approve" if request.unit.access.permits(APPROVE) else "show"
    return see_other(request, f"calibration.calibration.{verb}", id=record.id)


def body_of(request: Any, equipment: EquipmentFacts, values: dict[str, Any]) -> dict[str, Any]:
    """Returns the form as the body of the API's request.

    Raises:
        Invalid: no laboratory is named.
    """
    supplier = values.get("supplier_id")
    if values.get("new_supplier"):
        supplier = str(supplier_named(request.unit, values["new_supplier"]))
    if not supplier:
        raise Invalid.field("new_supplier", "Choose a laboratory, or name a new one.")
    return {
        "equipment_id": str(equipment.id),
        "kind": values["kind"] or "",
        "performed_at": _noon(values["performed_on"], request.unit.organisation.zone),
        "provider": {
            "type": "external",
            "supplier_id": supplier,
            "certificate_number": values["certificate_number"] or "",
            "certificate_date": values["certificate_date"],
        },
        "reported_result": values["reported_result"],
        "limitation": values["limitation"],
        "notes": values["notes"] or "",
        "points": [],
    }


def _noon(text: str | None, zone: dt.tzinfo) -> str | None:
    """Returns the middle of a day as a moment; what is no day stays as it is."""
    try:
        day = dt.date.fromisoformat(text or "")
    except ValueError:
        return text
    return dt.datetime.combine(day, NOON, zone).isoformat()


def _attach(request: Any, record: Any) -> None:
    """Attaches the PDF to the record, if one was sent."""
    sent = request.POST.get("file")
    if not hasattr(sent, "file"):
        return
    stored = Attachments(request.unit).attach(
        sent.file, sent.filename, "calibration", record.id, "certificate"
    )
    provider = {
        "type": record.provider_type,
        "supplier_id": record.supplier_id,
        "certificate_number": record.certificate_number,
        "certificate_date": record.certificate_date,
        "file_id": stored.id,
    }
    calibrations.change(request.unit, record, {"provider": provider})


def _problems(error: CalibrifyError) -> list[dict[str, str]]:
    """Returns the problems of an error at the fields of this form."""
    if isinstance(error, UnsupportedMediaType):
        return [{"name": "file", "text": error.detail}]
    found = problems_of(error)
    return [{**one, "name": FIELDS.get(one["name"], one["name"])} for one in found]


def read(request: Any) -> Response:
    """Sends the laboratory's own certificate, for saving.

    Raises:
        NotFound: the record has none that the person may read.
    """
    record = calibrations.find(request.unit, request.matchdict["id"])
    if record.file_id is None:
        raise NotFound("No certificate of a laboratory is kept with this calibration.")
    attachments = Attachments(request.unit)
    return send(attachments, attachments.find(record.file_id))


def includeme(config: Any) -> None:
    """Adds the pages."""
    config.add_page(
        "calibration.external.new",
        "/calibrations/external",
        show,
        permission=RECORD,
        template=TEMPLATE,
        post=save,
    )
    config.add_page(
        "calibration.external.read",
        "/calibrations/{id:uuid}/laboratory-certificate",
        read,
        permission=VIEW,
    )
