"""Calibrations as a JSON resource."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pyramid.response import Response

from calibrify_calibration.api.signing import check_state, signed
from calibrify_calibration.domain.states import RecordState
from calibrify_calibration.models.calibration import Calibration
from calibrify_calibration.permissions import APPROVE, RECORD, VIEW, VOID
from calibrify_calibration.schemas.calibration import (
    CalibrationChange,
    CalibrationDetail,
    CalibrationIn,
    CalibrationOut,
    CalibrationReplacement,
    ReasonIn,
    SigningIn,
)
from calibrify_calibration.services import approvals, calibrations, certificates
from calibrify_calibration.services.listing import (
    CALIBRATIONS,
    due_list,
    due_request,
    page_of_instrument,
    read_calibration,
)
from calibrify_calibration.services.signatures import signatures_of
from calibrify_core.api.endpoint import BASE
from calibrify_core.api.etag import check_version, require_version
from calibrify_core.api.idempotency import once_signed
from calibrify_core.api.lists import envelope
from calibrify_core.api.reply import Reply, attachment, created, shown
from calibrify_core.api.request import Request
from calibrify_core.auth.confirmation import Confirmed
from calibrify_core.kernel.errors import Conflict, Forbidden
from calibrify_core.records.keyset import run_list
from calibrify_core.work.unit import UnitOfWork
from calibrify_equipment.public import EQUIPMENT_SHAPE

ONE = "calibrations/{id:uuid}/"
SIGNED = ("submit", "approve")


def _shown(unit: UnitOfWork, record: Calibration) -> Reply:
    """Returns one record with its signatures."""
    return shown(_detail(unit, record), record.version)


def _detail(unit: UnitOfWork, record: Calibration) -> dict[str, Any]:
    """Returns what is shown of one record."""
    return {**read_calibration(unit, record), "signatures": signatures_of(unit, record)}


def read(request: Request) -> Reply:
    """Shows a calibration."""
    return _shown(request.unit, calibrations.find(request.unit, request.matchdict["id"], VIEW))


def create(request: Request) -> Reply:
    """Records a calibration, and hands it in if the body says so."""
    unit = request.unit
    values = request.data.model_dump()
    wanted = values.pop("submit")
    written = calibrations.write_down(unit, values, submit=wanted)
    record = written.record
    body = {**read_calibration(unit, record, written.instrument), "signatures": []}
    return created(body, record.version, f"calibrations/{record.id}/")


def replace(request: Request) -> Reply:
    """Replaces a draft."""
    record = calibrations.find(request.unit, request.matchdict["id"], RECORD, lock=True)
    _check_version(request, record)
    calibrations.replace(request.unit, record, request.data.model_dump())
    return _shown(request.unit, record)


def change(request: Request) -> Reply:
    """Changes what the body names."""
    record = calibrations.find(request.unit, request.matchdict["id"], RECORD, lock=True)
    _check_version(request, record)
    values = request.data.model_dump()
    named = {name: values[name] for name in request.data.model_fields_set}
    calibrations.change(request.unit, record, named)
    return _shown(request.unit, record)


def _check_version(request: Request, record: Calibration) -> None:
    """Checks the state, which comes before everything, then that the caller names a version."""
    calibrations.check_editable(record)
    require_version(request)
    check_version(request, record.version)


def delete(request: Request) -> None:
    """Deletes a draft that was never handed in."""
    record = calibrations.find(request.unit, request.matchdict["id"], RECORD, lock=True)
    check_version(request, record.version)
    calibrations.discard(request.unit, record)


def submit(request: Request) -> Any:
    """Hands a draft in; signed where the organisation asks for it, or the body offers it."""
    identifier = request.matchdict["id"]

    def ask() -> Confirmed | None:
        if request.data.password or request.principal.organisation.policies.get("sign_on_submit"):
            return signed(request, identifier, RECORD, RecordState.SUBMITTED, "performed")
        check_state(request, identifier, RECORD, RecordState.SUBMITTED)
        return None

    return once_signed(
        request,
        ask,
        lambda unit, confirmed: _shown(unit, approvals.submit(unit, identifier, confirmed)),
    )


def approve(request: Request) -> Any:
    """Approves a submitted record with the caller's signature."""
    identifier = request.matchdict["id"]
    return once_signed(
        request,
        lambda: signed(request, identifier, APPROVE, RecordState.APPROVED, "approved"),
        lambda unit, confirmed: _shown(unit, approvals.approve(unit, identifier, confirmed)),
    )


def reject(request: Request) -> Reply:
    """Sends a submitted record back."""
    identifier = request.matchdict["id"]
    return _shown(request.unit, approvals.reject(request.unit, identifier, request.data.reason))


def reopen(request: Request) -> Reply:
    """Makes a rejected record a draft again."""
    record = calibrations.find(request.unit, request.matchdict["id"], RECORD, lock=True)
    return _shown(request.unit, calibrations.reopen(request.unit, record))


def void(request: Request) -> Reply:
    """Withdraws an approved record."""
    identifier = request.matchdict["id"]
    return _shown(request.unit, approvals.void(request.unit, identifier, request.data.reason))


def amend(request: Request) -> Reply:
    """Opens a draft that amends an approved record."""
    record = approvals.amend(request.unit, request.matchdict["id"], request.data.reason)
    return created(_detail(request.unit, record), record.version, f"calibrations/{record.id}/")


def paper(request: Request) -> Response:
    """Returns the certificate of a record as a PDF."""
    found = certificates.paper_of(request.unit, request.matchdict["id"])
    return attachment(found.name, "application/pdf", len(found.content), [found.content])


def of_instrument(request: Request) -> dict[str, Any]:
    """Lists the calibrations of one instrument."""
    page = page_of_instrument(request.unit, request.matchdict["id"], request.filters)
    return envelope(request, page)


def due(request: Request) -> dict[str, Any]:
    """Lists what falls due."""
    spec = due_list(request.platform)
    return envelope(request, run_list(request.unit, spec, due_request(request.filters)))


def includeme(config: Any) -> None:
    """Adds the resource."""
    # A password is verified while no transaction is open.
    config.add_own_transactions(*(f"{BASE}calibrations/*/{step}/" for step in SIGNED))
    view: Callable[..., None] = config.add_api_view
    config.add_api_list(
        "calibrations",
        listing=CALIBRATIONS,
        path="calibrations/",
        out=CalibrationOut,
        summary="Lists calibrations, newest first.",
    )
    view(
        of_instrument,
        "calibrations",
        "of_equipment",
        method="GET",
        path="equipment/{id:uuid}/calibrations/",
        permission=VIEW,
        listing=lambda _platform: CALIBRATIONS,
        plural=True,
        out=CalibrationOut,
        summary="Lists the calibrations of one instrument, newest first, with all points.",
    )
    view(
        due,
        "calibrations",
        "due",
        method="GET",
        path="calibrations/due/",
        permission=VIEW,
        listing=due_list,
        plural=True,
        out=EQUIPMENT_SHAPE,
        summary="Lists instruments in service that are overdue or due within some days.",
    )
    view(
        read,
        "calibrations",
        "read",
        path=ONE,
        permission=VIEW,
        out=CalibrationDetail,
        summary="Shows a calibration with its points, verdicts and signatures.",
    )
    view(
        paper,
        "calibrations",
        "paper",
        method="GET",
        path="calibrations/{id:uuid}/certificate.pdf",
        permission=VIEW,
        media_type="application/pdf",
        summary="Prints the certificate; a draft is marked as such and has no number.",
    )
    _writing(view)
    _steps(view)


def _writing(view: Callable[..., None]) -> None:
    """Adds what writes records down."""
    writing = {"permission": RECORD, "out": CalibrationDetail, "errors": (Conflict, Forbidden)}
    view(
        create,
        "calibrations",
        "create",
        path="calibrations/",
        body=CalibrationIn,
        summary="Records a calibration; its points are judged at once.",
        **writing,
    )
    view(
        replace,
        "calibrations",
        "replace",
        path=ONE,
        body=CalibrationReplacement,
        summary="Replaces a draft; members that are left out take their defaults.",
        **writing,
    )
    view(
        change,
        "calibrations",
        "change",
        path=ONE,
        body=CalibrationChange,
        summary="Changes the members that are named; a rejected record becomes a draft again.",
        **writing,
    )
    view(
        delete,
        "calibrations",
        "delete",
        path=ONE,
        permission=RECORD,
        errors=(Conflict,),
        summary="Deletes a draft that was never handed in.",
    )


def _steps(view: Callable[..., None]) -> None:
    """Adds what becomes of records."""
    for call, verb, permission, body, summary in (
        (submit, "submit", RECORD, SigningIn, "Hands a draft in for review."),
        (approve, "approve", APPROVE, SigningIn, "Approves with a signature; moves the due date."),
        (reject, "reject", APPROVE, ReasonIn, "Sends a submitted record back."),
        (reopen, "reopen", RECORD, None, "Makes a rejected record a draft again."),
        (void, "void", VOID, ReasonIn, "Withdraws an approved record."),
        (amend, "amend", VOID, ReasonIn, "Supersedes an approved record by a new draft."),
    ):
        view(
            call,
            "calibrations",
            verb,
            path=f"{ONE}{verb}/",
            permission=permission,
            body=body,
            out=CalibrationDetail,
            status=201 if verb == "amend" else 200,
            errors=(Conflict, Forbidden),
            summary=summary,
        )
