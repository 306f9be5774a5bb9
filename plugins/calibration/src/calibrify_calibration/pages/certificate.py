"""The certificate of a record: what it says, its digest and code, and the paper to download."""

from __future__ import annotations

from typing import Any

from pyramid.response import Response

from calibrify_calibration.domain.certificate_data import snapshot_to_data
from calibrify_calibration.domain.statements import statements_of
from calibrify_calibration.models.certificate import Certificate
from calibrify_calibration.pages.certificate_sheet import (
    Data,
    day_shown,
    results_of,
    sections_of,
    signatures_shown,
    standards_shown,
)
from calibrify_calibration.pages.steps import crumbs_of
from calibrify_calibration.permissions import CERTIFICATE_VIEW, VIEW
from calibrify_calibration.services import calibrations, certificates
from calibrify_calibration.services.snapshots import snapshot_of
from calibrify_core.api.reply import attachment
from calibrify_core.kernel.errors import NotFound
from calibrify_core.web.page import formats_of

PDF = "application/pdf"
WORDS = {
    "issued": ("ok", "shield-check", "Issued"),
    "void": ("oot", "ban", "Void"),
    "replaced": ("soon", "history", "Replaced"),
    "draft": ("out", "file-text", "Draft"),
}


def show(request: Any) -> dict[str, Any]:
    """Shows the certificate, or what it would say today."""
    unit, fmt = request.unit, formats_of(request)
    record = calibrations.find(unit, request.matchdict["id"])
    if record.is_historical:
        raise NotFound("This calibration was imported without readings: there is no paper on it.")
    issued = certificates.of_record(unit, record.id)
    data: Data = (
        snapshot_to_data(snapshot_of(unit, record))
        if issued is None
        else issued.final_snapshot or issued.snapshot
    )
    return {
        "title": issued.number if issued is not None else f"Draft of {record.number}",
        "crumbs": crumbs_of(request, record),
        "record": record,
        "issued": issued,
        "data": data,
        "state": WORDS["draft" if issued is None else issued.state],
        "sections": sections_of(data, fmt),
        "standards": standards_shown(data, fmt),
        "results": results_of(data),
        "statements": statements_of(data, lambda day: day_shown(day, fmt)),
        "signatures": signatures_shown(data, fmt),
        "versions": _versions(request, issued),
        "verify_href": _address(request, issued),
        "pdf_href": request.route_path("calibration.calibration.paper", id=record.id),
    }


def _address(request: Any, issued: Certificate | None) -> str:
    """Returns the address behind the code on the paper."""
    if issued is None:
        return ""
    found = (issued.snapshot.get("verification") or {}).get("url")
    return str(found or request.route_url("calibration.certificate.verify",
                                          code=issued.verification_code))  # fmt: skip


def _versions(request: Any, issued: Certificate | None) -> list[dict[str, str]]:
    """Returns the certificate and those that it replaces, newest first."""
    found: list[dict[str, str]] = []
    unit, following = request.unit, issued
    while following is not None and len(found) < 20:
        found.append(
            {
                "icon": WORDS[following.state][1],
                "label": following.number,
                "href": request.route_path(
                    "calibration.calibration.certificate", id=following.record_id
                ),
                "detail": f"Revision {following.revision}, "
                f"{formats_of(request).date(following.issued_on)}, {following.state}",
            }
        )
        if following.replaces_id is None:
            break
        statement = unit.select(Certificate, CERTIFICATE_VIEW)
        statement = statement.where(Certificate.id == following.replaces_id)
        following = unit.session.scalars(statement).one_or_none()
    return found


def paper(request: Any) -> Response:
    """Sends the paper, for saving."""
    made = certificates.paper_of(request.unit, request.matchdict["id"])
    return attachment(made.name, PDF, len(made.content), [made.content])


def includeme(config: Any) -> None:
    """Adds the pages."""
    config.add_page(
        "calibration.calibration.certificate",
        "/calibrations/{id:uuid}/certificate",
        show,
        permission=VIEW,
        template="calibration/certificate.html",
    )
    config.add_page(
        "calibration.calibration.paper", "/calibrations/{id:uuid}/certificate.pdf", paper,
        permission=VIEW,
    )  # fmt: skip
