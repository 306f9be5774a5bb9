"""Handing an instrument out and taking it back."""

from __future__ import annotations

from typing import Any

from calibrify_core.kernel.errors import Conflict, Forbidden, Invalid
from calibrify_core.web.flash import flash
from calibrify_core.web.forms import Form, FormField, Section, posted, validated
from calibrify_core.web.kit import problems_of, see_other
from calibrify_equipment.head import crumbs_of
from calibrify_equipment.models.location import Location
from calibrify_equipment.permissions import CUSTODY, LOCATION_VIEW, OVERRIDE
from calibrify_equipment.schemas.equipment import CheckinIn, CheckoutIn
from calibrify_equipment.services.custody import check_in, check_out
from calibrify_equipment.services.equipment import find
from calibrify_equipment.services.reference_lists import LOCATIONS, options_of
from calibrify_equipment.services.references import people

TEMPLATE = "calibrify/form.html"
CONDITION = FormField(
    "condition",
    "Condition",
    "textarea",
    hint="It stays in the history.",
    rows=2,
    extra={"maxlength": 2_000},
)


def _out_form(request: Any) -> Form:
    """Returns the form that hands an instrument out."""
    unit = request.unit
    colleagues = [(str(identifier), name) for identifier, name in people(unit)]
    may = unit.access.permits(LOCATION_VIEW)
    places = options_of(unit, LOCATIONS, Location.path) if may else []
    fields = [
        FormField("holder_id", "Person", "select", options=colleagues, blank="–"),
        FormField(
            "location_id",
            "Or a place",
            "select",
            options=places,
            blank="–",
            hint="Instead of a person, where it is brought.",
        ),
        FormField("expected_return_on", "Expected back on", "date"),
        CONDITION,
    ]
    if unit.access.permits(OVERRIDE):
        fields.append(
            FormField(
                "override_reason",
                "Reason for issuing it all the same",
                "textarea",
                hint="Only if it may not be used, such as an overdue instrument.",
                rows=2,
            )
        )
    return _form(request, "equipment.custody.check_out", fields, "Check out")


def _in_form(request: Any) -> Form:
    """Returns the form that takes an instrument back."""
    return _form(request, "equipment.custody.check_in", [CONDITION], "Check in")


def _form(request: Any, route: str, fields: list[FormField], label: str) -> Form:
    """Returns a form about an instrument."""
    identifier = request.matchdict["id"]
    return Form(
        action=request.route_path(route, id=identifier),
        sections=[Section("Custody", fields)],
        submit_label=label,
        cancel_href=request.route_path("equipment.equipment.show", id=identifier),
    )


def _page(request: Any, form: Form, values: Any, problems: Any) -> dict[str, Any]:
    """Returns what the form page needs."""
    found = find(request.unit, request.matchdict["id"], CUSTODY)
    return {
        "title": f"{form.submit_label} {found.asset_tag}",
        "crumbs": crumbs_of(request, {"id": found.id, "asset_tag": found.asset_tag}),
        "form": form.shown(values, problems),
    }


def offer_out(request: Any) -> dict[str, Any]:
    """Shows the form that hands an instrument out, by default to who asks."""
    me = str(request.unit.actor.user_id or "")
    return _page(request, _out_form(request), {"holder_id": me}, [])


def hand_out(request: Any) -> Any:
    """Hands the instrument out."""
    form = _out_form(request)
    values = posted(form, request.POST)
    try:
        asked = validated(CheckoutIn, {k: v for k, v in values.items() if v is not None})
        found = check_out(request.unit, request.matchdict["id"], **asked.model_dump())
    except (Invalid, Conflict, Forbidden) as error:
        return _page(request, form, values, problems_of(error))
    flash(request, f"{found.asset_tag} is checked out to {found.held_by}.")
    return see_other(request, "equipment.equipment.show", id=found.id)


def offer_in(request: Any) -> dict[str, Any]:
    """Shows the form that takes an instrument back."""
    return _page(request, _in_form(request), {}, [])


def take_back(request: Any) -> Any:
    """Takes the instrument back."""
    form = _in_form(request)
    values = posted(form, request.POST)
    try:
        asked = validated(CheckinIn, {k: v for k, v in values.items() if v is not None})
        found = check_in(request.unit, request.matchdict["id"], asked.condition)
    except (Invalid, Conflict) as error:
        return _page(request, form, values, problems_of(error))
    flash(request, f"{found.asset_tag} is back.")
    return see_other(request, "equipment.equipment.show", id=found.id)


def includeme(config: Any) -> None:
    """Adds the pages."""
    config.add_page(
        "equipment.custody.check_out",
        "/equipment/{id:uuid}/check-out",
        offer_out,
        permission=CUSTODY,
        template=TEMPLATE,
        post=hand_out,
    )
    config.add_page(
        "equipment.custody.check_in",
        "/equipment/{id:uuid}/check-in",
        offer_in,
        permission=CUSTODY,
        template=TEMPLATE,
        post=take_back,
    )
