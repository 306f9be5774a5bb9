"""The public page behind an instrument's label: say what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pyramid.security import NO_PERMISSION_REQUIRED

from calibrify_core.auth.address import client_address, throttle_key
from calibrify_core.auth.limits import RateLimits
from calibrify_core.kernel.errors import Invalid
from calibrify_core.web.forms import Form, FormField, Section, posted, validated
from calibrify_core.web.kit import page_response, problems_of, see_other
from calibrify_maintenance.schemas.fault_report import FaultReportIn
from calibrify_maintenance.services.fault_reports import Photo, Reportable, find_reportable, report

ROUTE = "maintenance.fault_report.new"
THANKS = "maintenance.fault_report.thanks"
TEMPLATE = "maintenance/fault_report.html"
LIMITS = "calibrify_maintenance.fault_report"
RATE = "60/minute"
LONGEST_CODE = 64
# A field that no person sees; whoever fills it in is a program.
TRAP = "website"
PRIORITIES = (
    ("low", "It can wait"),
    ("normal", "It should be mended"),
    ("high", "It must not be used like this"),
)
FIELDS = (
    FormField("title", "What is wrong?", required=True, extra={"maxlength": 200}, wide=True),
    FormField("description", "More about it", "textarea", rows=4, extra={"maxlength": 2_000}),
    FormField("priority", "How bad is it?", "radio", required=True, options=PRIORITIES, wide=True),
    FormField("photo", "Photo", "file", hint="JPEG, PNG or WebP", accept="image/*", wide=True),
    FormField("reporter", "Your name", extra={"maxlength": 200, "autocomplete": "name"}),
    FormField("contact", "How to reach you", extra={"maxlength": 200}),
)


def _peer(request: Any) -> str:
    """Returns the address of who asks, who may ask only so often.

    Raises:
        TooManyRequests: it has asked too often.
    """
    peer = client_address(request.environ, request.platform.settings.trusted_proxies)
    request.registry[LIMITS].check(throttle_key(peer)).require()
    return peer


def _find(request: Any, session: Any) -> Reportable:
    """Returns the instrument of the label in the address.

    Raises:
        NotFound: nothing can be reported there.
    """
    code = request.matchdict["code"][:LONGEST_CODE]
    return find_reportable(request.platform, session, code)


def _form(request: Any) -> Form:
    """Returns the form."""
    return Form(
        action=request.route_path(ROUTE, code=request.matchdict["code"]),
        sections=[Section("Fault", FIELDS)],
        submit_label="Report fault",
        upload=True,
    )


def _page(
    request: Any,
    found: Reportable,
    values: Mapping[str, Any],
    problems: Sequence[Mapping[str, str]] = (),
) -> Any:
    """Returns the page; nothing of it is kept by anybody in between."""
    sign_in = request.route_path(
        "core.session.start", _query={"next": f"/q/{request.matchdict['code']}"}
    )
    shown = {
        "title": "Report a fault",
        "found": found,
        "form": _form(request).shown(values, problems),
        "trap": TRAP,
        "sign_in_href": "" if request.principal else sign_in,
    }
    response = page_response(request, TEMPLATE, shown)
    response.headers["X-Robots-Tag"] = "noindex"
    response.headers["Cache-Control"] = "no-store"
    response.status_int = 422 if problems else 200
    return response


def show(request: Any) -> Any:
    """Shows the form.

    Raises:
        NotFound: nothing can be reported of such a label.
        TooManyRequests: the address has asked too often.
    """
    _peer(request)
    return _page(request, _find(request, request.reader.session), {"priority": "normal"})


def send(request: Any) -> Any:
    """Passes a report on; a program that filled in the trap is thanked and forgotten.

    Raises:
        NotFound: nothing can be reported of such a label.
        TooManyRequests: too much was reported.
    """
    peer = _peer(request)
    session = request.writer.session
    found = _find(request, session)
    values: dict[str, Any] = {}
    try:
        values = posted(_form(request), request.POST)
        if not request.POST.get(TRAP):
            given = {name: value for name, value in values.items() if value is not None}
            said = validated(FaultReportIn, given)
            report(
                request.platform,
                session,
                found,
                said,
                _photo(request),
                address=peer,
                request_id=request.request_id,
            )
    except Invalid as error:
        return _page(request, found, values, problems_of(error))
    return see_other(request, THANKS, code=request.matchdict["code"])


def _photo(request: Any) -> Photo | None:
    """Returns the picture that was sent, None where the field was left empty."""
    sent = request.POST.get("photo")
    if not hasattr(sent, "file") or not sent.filename:
        return None
    return Photo(str(sent.filename), sent.file)


def thank(request: Any) -> Any:
    """Says that the report was passed on.

    Raises:
        NotFound: nothing can be reported of such a label.
    """
    _peer(request)
    found = _find(request, request.reader.session)
    values = {"title": "Thank you", "found": found, "again": request.matchdict["code"]}
    return page_response(request, "maintenance/fault_thanks.html", values)


def includeme(config: Any) -> None:
    """Adds the pages, with the limit that keeps codes from being guessed."""
    settings = config.registry["calibrify.platform"].settings
    config.registry[LIMITS] = RateLimits(enabled=settings.rate_limits, stranger=RATE)
    config.add_page(
        ROUTE,
        "/q/{code}/fault",
        show,
        permission=NO_PERMISSION_REQUIRED,
        template=TEMPLATE,
        post=send,
    )
    config.add_page(THANKS, "/q/{code}/thanks", thank, permission=NO_PERMISSION_REQUIRED)
