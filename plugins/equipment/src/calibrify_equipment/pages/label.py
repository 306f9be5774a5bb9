"""Labels: printing one, and finding the instrument of one."""

from __future__ import annotations

from typing import Any

from pyramid.response import Response
from pyramid.security import NO_PERMISSION_REQUIRED

from calibrify_core.kernel.errors import Unauthenticated
from calibrify_core.web.kit import see_other
from calibrify_equipment.labels import LabelPage, instrument_of_label
from calibrify_equipment.permissions import VIEW
from calibrify_equipment.services.labels import label_pdf, resolve


def print_label(request: Any) -> Response:
    """Returns the label of an instrument as a PDF of its own size."""
    name, content = label_pdf(request.unit, request.matchdict["id"])
    response = Response(content, content_type="application/pdf")
    safe = "".join(c if c.isascii() and (c.isalnum() or c in "-_.") else "_" for c in name)
    response.headers["Content-Disposition"] = f'inline; filename="{safe}"'
    return response


def scan(request: Any) -> Any:
    """Leads from a scanned code to the instrument, or to a page for whoever holds it.

    Raises:
        Unauthenticated: nobody is signed in, and there is nothing for strangers.
    """
    code = request.matchdict["code"]
    if request.principal is None:
        route = _for_strangers(request, code)
        if route is None:
            raise Unauthenticated
        return see_other(request, route, code=code)
    return see_other(request, "equipment.equipment.show", id=resolve(request.unit, code))


def _for_strangers(request: Any, code: str) -> str | None:
    """Returns the route of the page that the organisation of a label shows to anybody."""
    pages = request.platform.plugins.collect("calibrify_equipment_label_pages")
    found = instrument_of_label(request.reader.session, code) if pages else None
    if found is None:
        return None
    organisation = request.platform.organisation(request.reader.session, found.organisation_id)
    for contribution in pages:
        page: LabelPage = contribution.value
        here = contribution.plugin not in organisation.plugins_off
        if here and organisation.policies.get(page.policy):
            return page.route
    return None


def includeme(config: Any) -> None:
    """Adds the pages."""
    config.add_page(
        "equipment.label.print", "/equipment/{id:uuid}/label", print_label, permission=VIEW
    )
    config.add_page("equipment.label.scan", "/q/{code}", scan, permission=NO_PERMISSION_REQUIRED)
