"""Moving an instrument on to another state."""

from __future__ import annotations

from typing import Any

from calibrify_core.kernel.errors import CalibrifyError, Conflict, Forbidden, Invalid
from calibrify_core.web.flash import flash
from calibrify_core.web.forms import Form, FormField, Section, posted, validated
from calibrify_core.web.kit import problems_of, see_other
from calibrify_equipment.domain.lifecycle import WORDS, Status, allowed
from calibrify_equipment.head import crumbs_of
from calibrify_equipment.permissions import CHANGE, OVERRIDE
from calibrify_equipment.schemas.equipment import TransitionIn
from calibrify_equipment.services.equipment import find
from calibrify_equipment.services.lifecycle import transition


def _form(request: Any, status: str) -> Form:
    """Returns the form."""
    options = [(following, WORDS[Status(following)]) for following in allowed(status)]
    fields = [
        FormField("to", "New status", "radio", required=True, options=options, wide=True),
        FormField(
            "reason",
            "Reason",
            "textarea",
            hint="It stays in the history.",
            rows=3,
            extra={"maxlength": 2_000},
        ),
    ]
    if request.unit.access.permits(OVERRIDE):
        fields.append(
            FormField(
                "override_reason",
                "Reason for putting it in service all the same",
                "textarea",
                hint="Only if something speaks against its use, such as an overdue calibration.",
                rows=2,
                extra={"maxlength": 2_000},
            )
        )
    identifier = request.matchdict["id"]
    return Form(
        action=request.route_path("equipment.transition.create", id=identifier),
        sections=[Section("Status", fields)],
        submit_label="Change status",
        cancel_href=request.route_path("equipment.equipment.show", id=identifier),
        lead=f"It is {WORDS[Status(status)].lower()} now.",
    )


def _page(request: Any, values: Any, problems: Any) -> dict[str, Any]:
    """Returns what the form page needs."""
    found = find(request.unit, request.matchdict["id"], CHANGE)
    record = {"id": found.id, "asset_tag": found.asset_tag}
    return {
        "title": f"Change the status of {found.asset_tag}",
        "crumbs": crumbs_of(request, record),
        "form": _form(request, found.status).shown(values, problems),
    }


def offer(request: Any) -> dict[str, Any]:
    """Shows which states may follow."""
    return _page(request, {"to": request.GET.get("to")}, [])


def create(request: Any) -> Any:
    """Moves the instrument on."""
    unit, identifier = request.unit, request.matchdict["id"]
    values = posted(_form(request, find(unit, identifier, CHANGE).status), request.POST)
    try:
        given = {name: value for name, value in values.items() if value is not None}
        asked = validated(TransitionIn, given)
        moved = transition(unit, identifier, asked.to, asked.reason, asked.override_reason)
    except (Invalid, Conflict, Forbidden) as error:
        return _page(request, values, _problems(error))
    flash(request, f"{moved.asset_tag} is {WORDS[Status(moved.status)].lower()} now.")
    return see_other(request, "equipment.equipment.show", id=identifier)


def _problems(error: CalibrifyError) -> list[dict[str, str]]:
    """Returns the problems of an error, a refused state beside the choice."""
    if isinstance(error, Conflict):
        return [{"name": "to", "text": error.detail}]
    return problems_of(error)


def includeme(config: Any) -> None:
    """Adds the page."""
    config.add_page(
        "equipment.transition.create",
        "/equipment/{id:uuid}/status",
        offer,
        permission=CHANGE,
        template="calibrify/form.html",
        post=create,
    )
