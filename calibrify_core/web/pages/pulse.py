"""The pulse: a cheap answer to the question whether anything changed."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from pyramid.httpexceptions import HTTPNotModified
from pyramid.response import Response

from calibrify_core.audit.entry import AuditEntry
from calibrify_core.auth.policy import SIGNED_IN
from calibrify_core.persistence.scoping import unscoped


def pulse(request: Any) -> Response:
    """Answers with the organisation's last change as an ETag; 304 while there was none."""
    statement = sa.select(sa.func.max(AuditEntry.at)).where(
        AuditEntry.organisation_id == request.unit.organisation.id
    )
    because = "the moment of the last change tells nothing of what changed"
    last = request.unit.session.execute(
        unscoped(statement, AuditEntry, because=because)
    ).scalar_one()
    tag = f'"{last.timestamp():.6f}"' if last else '"none"'
    if request.headers.get("If-None-Match") == tag:
        return HTTPNotModified(headers={"ETag": tag})
    response = Response(json_body={"version": tag.strip('"')}, content_type="application/json")
    response.headers["ETag"] = tag
    return response


def includeme(config: Any) -> None:
    """Adds the address."""
    config.add_route("core.pulse.show", "/ui/pulse")
    config.add_view(pulse, route_name="core.pulse.show", request_method="GET", permission=SIGNED_IN)
