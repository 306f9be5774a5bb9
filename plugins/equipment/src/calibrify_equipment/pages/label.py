"""Labels: printing one, and finding the instrument of one."""

from __future__ import annotations

from typing import Any

from pyramid.response import Response

from calibrify_core.auth.policy import SIGNED_IN
from calibrify_core.web.kit import see_other
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
    """Leads from a scanned code to the instrument."""
    found = resolve(request.unit, request.matchdict["code"])
    return see_other(request, "equipment.equipment.show", id=found)


def includeme(config: Any) -> None:
    """Adds the pages."""
    config.add_page(
        "equipment.label.print", "/equipment/{id:uuid}/label", print_label, permission=VIEW
    )
    config.add_page("equipment.label.scan", "/q/{code}", scan, permission=SIGNED_IN)
