"""The public page behind the code on a certificate: is this paper genuine?"""

from __future__ import annotations

from typing import Any

from pyramid.security import NO_PERMISSION_REQUIRED

from calibrify_calibration.domain.codes import normal_code
from calibrify_calibration.services import certificates
from calibrify_core.auth.address import client_address, throttle_key
from calibrify_core.auth.limits import RateLimits
from calibrify_core.web.kit import page_response

LONGEST = 40
RATE = "60/minute"
LIMITS = "calibrify_calibration.verification"
TEMPLATE = "calibration/verify.html"
WORDS = {
    "issued": ("ok", "shield-check", "This certificate is genuine"),
    "void": ("oot", "ban", "This certificate was declared void"),
    "replaced": ("soon", "history", "This certificate was replaced"),
}
UNKNOWN = ("late", "triangle-alert", "No certificate has this code")


def verify(request: Any) -> Any:
    """Answers anybody who holds a paper, each address only so often.

    Raises:
        TooManyRequests: the address has asked too often.
    """
    settings = request.platform.settings
    peer = client_address(request.environ, settings.trusted_proxies)
    request.registry[LIMITS].check(throttle_key(peer)).require()
    code = request.matchdict["code"][:LONGEST]
    found = certificates.verify(request.platform, code)
    tone, icon, sentence = UNKNOWN if found is None else WORDS[found.state]
    values = {
        "title": "Verify a certificate",
        "found": found,
        "code": normal_code(code) or code,
        "verdict": {"tone": tone, "icon": icon, "sentence": sentence},
    }
    response = page_response(request, TEMPLATE, values)
    response.status_int = 200 if found is not None else 404
    response.headers["X-Robots-Tag"] = "noindex"
    response.headers["Cache-Control"] = "no-store"
    return response


def includeme(config: Any) -> None:
    """Adds the page, with the limit that keeps codes from being guessed."""
    platform = config.registry["calibrify.platform"]
    config.registry[LIMITS] = RateLimits(
        enabled=platform.settings.rate_limits, stranger=RATE, name=LIMITS, line=platform.redis
    )
    config.add_page(
        "calibration.certificate.verify",
        "/verify/{code}",
        verify,
        permission=NO_PERMISSION_REQUIRED,
        template=TEMPLATE,
    )
