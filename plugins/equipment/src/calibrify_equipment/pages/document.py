"""Documents of an instrument: what is attached to it, attaching, and reading."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from pyramid.response import Response

from calibrify_core.api.download import send_from
from calibrify_core.kernel.errors import Forbidden, Invalid, UnsupportedMediaType
from calibrify_core.persistence.scoping import unscoped
from calibrify_core.records.attachments import Attachments
from calibrify_core.records.files import StoredFile
from calibrify_core.web.flash import flash
from calibrify_core.web.kit import problems_of, see_other
from calibrify_core.web.panels import panels_of
from calibrify_equipment.head import head_of
from calibrify_equipment.permissions import CHANGE, VIEW
from calibrify_equipment.services.equipment import find

OWNER = "equipment"
MOST = 500
KILOBYTE = 1_024


def show(request: Any) -> dict[str, Any]:
    """Shows what is attached."""
    return _page(request, [])


def _page(request: Any, problems: list[dict[str, str]]) -> dict[str, Any]:
    """Returns what the page needs."""
    head = head_of(request, "equipment.documents")
    identifier = request.matchdict["id"]
    statement = (
        sa.select(StoredFile)
        .where(StoredFile.object_type == OWNER, StoredFile.object_id == identifier)
        .order_by(StoredFile.id.desc())
        .limit(MOST)
    )
    marked = unscoped(statement, StoredFile, because="of an instrument read within the scope")
    return {
        **head,
        "files": [
            {
                "name": file.name,
                "kind": file.kind.capitalize(),
                "size": f"{max(1, file.size // KILOBYTE)} KB",
                "at": file.created_at,
                "href": request.route_path(
                    "equipment.document.read", id=identifier, file_id=file.id
                ),
            }
            for file in request.unit.session.scalars(marked)
        ],
        "cards": panels_of(request, "equipment.documents.main", head["equipment"]),
        "may_attach": request.unit.access.permits(CHANGE),
        "problems": problems,
    }


def attach(request: Any) -> Any:
    """Attaches a file."""
    identifier = request.matchdict["id"]
    find(request.unit, identifier, CHANGE)
    sent = request.POST.get("file")
    try:
        if not hasattr(sent, "file"):
            raise Invalid.field("file", "Choose a file.")
        stored = Attachments(request.unit).attach(
            sent.file, sent.filename, OWNER, identifier, "attachment"
        )
    except (Invalid, Forbidden, UnsupportedMediaType) as error:
        problems = problems_of(error)
        return _page(request, [{**problem, "name": "file"} for problem in problems])
    flash(request, f"{stored.name} is attached.")
    return see_other(request, "equipment.document.list", id=identifier)


def read(request: Any) -> Response:
    """Sends a file, for saving."""
    return send_from(request, OWNER)


def includeme(config: Any) -> None:
    """Adds the pages."""
    config.add_page(
        "equipment.document.list",
        "/equipment/{id:uuid}/documents",
        show,
        permission=VIEW,
        template="equipment/documents.html",
        post=attach,
        post_permission=CHANGE,
    )
    config.add_page(
        "equipment.document.read",
        "/equipment/{id:uuid}/documents/{file_id:uuid}",
        read,
        permission=VIEW,
    )
