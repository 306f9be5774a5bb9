"""Certificates as a JSON resource; their papers hang on the calibrations."""

from __future__ import annotations

from typing import Any

from calibrify_calibration.permissions import CERTIFICATE_VIEW
from calibrify_calibration.schemas.schedule import CertificateOut
from calibrify_calibration.services.certificates import find_certificate
from calibrify_calibration.services.listing import CERTIFICATES
from calibrify_calibration.services.shapes import certificate_out
from calibrify_core.api.reply import Reply, shown
from calibrify_core.api.request import Request


def read(request: Request) -> Reply:
    """Shows a certificate."""
    certificate = find_certificate(request.unit, request.matchdict["id"])
    return shown(certificate_out(certificate), certificate.version)


def includeme(config: Any) -> None:
    """Adds the resource."""
    config.add_api_list(
        "certificates",
        listing=CERTIFICATES,
        path="certificates/",
        out=CertificateOut,
        summary="Lists certificates, newest first.",
    )
    config.add_api_view(
        read,
        "certificates",
        "read",
        path="certificates/{id:uuid}/",
        permission=CERTIFICATE_VIEW,
        out=CertificateOut,
        summary="Shows a certificate.",
    )
