"""Instruments as a JSON resource."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pyramid.response import Response

from calibrify_core.api.endpoint import OpenShape
from calibrify_core.api.etag import check_version
from calibrify_core.api.lists import envelope
from calibrify_core.api.reply import Reply, attachment, created, shown
from calibrify_core.api.request import PLATFORM, Request
from calibrify_core.api.types import changes
from calibrify_core.kernel.errors import Conflict, Forbidden
from calibrify_core.work.platform import Platform
from calibrify_equipment.permissions import CHANGE, CUSTODY, VIEW
from calibrify_equipment.schemas.equipment import (
    CheckinIn,
    CheckoutIn,
    EquipmentOut,
    HistoryOut,
    TransitionIn,
    all_members,
    plain_values,
)
from calibrify_equipment.services import custody, equipment, history, labels, lifecycle
from calibrify_equipment.services.facet_members import bodies_of, divide, tell
from calibrify_equipment.services.fresh_record import show_new
from calibrify_equipment.services.listing import equipment_list, facets_of, read_record

ONE = "equipment/{id:uuid}/"


def _facet_members(platform: Platform) -> Mapping[str, Mapping[str, Any]]:
    """Returns the members that other plugins add, with their schemas."""
    return {name: schema for facet in facets_of(platform) for name, schema in facet.schema.items()}


EQUIPMENT_SHAPE = OpenShape(EquipmentOut, _facet_members)
"""The schema of an instrument with the members of all facets."""


def read(request: Request) -> Reply:
    """Shows an instrument."""
    return shown(*read_record(request.unit, request.matchdict["id"]))


def create(request: Request) -> Reply:
    """Enters an instrument."""
    values, told = divide(request.unit, all_members(request.data))
    entered = equipment.enter(request.unit, values)
    made = entered.row["id"]
    tell(request.unit, made, told)
    record, version = read_record(request.unit, made) if told else show_new(request.unit, entered)
    return created(record, version, f"equipment/{made}/")


def replace(request: Request) -> Reply:
    """Replaces an instrument; members of other plugins that the body leaves out stay."""
    values, told = divide(request.unit, all_members(request.data))
    found = equipment.find(request.unit, request.matchdict["id"], CHANGE)
    check_version(request, found.version)
    equipment.replace(request.unit, found, values)
    tell(request.unit, found.id, told)
    return shown(*read_record(request.unit, found.id))


def change(request: Request) -> Reply:
    """Changes what the body names."""
    values, told = divide(request.unit, plain_values(changes(request.data)))
    found = equipment.find(request.unit, request.matchdict["id"], CHANGE)
    check_version(request, found.version)
    equipment.change(request.unit, found, values)
    tell(request.unit, found.id, told)
    return shown(*read_record(request.unit, found.id))


def delete(request: Request) -> None:
    """Retires an instrument: its history stays."""
    found = equipment.find(request.unit, request.matchdict["id"], CHANGE)
    check_version(request, found.version)
    equipment.retire(request.unit, found)


def transition(request: Request) -> Reply:
    """Moves an instrument on to another state."""
    asked: TransitionIn = request.data
    identifier = request.matchdict["id"]
    lifecycle.transition(request.unit, identifier, asked.to, asked.reason, asked.override_reason)
    return shown(*read_record(request.unit, identifier))


def check_out(request: Request) -> Reply:
    """Hands an instrument out."""
    identifier = request.matchdict["id"]
    custody.check_out(request.unit, identifier, **request.data.model_dump())
    return shown(*read_record(request.unit, identifier))


def check_in(request: Request) -> Reply:
    """Takes an instrument back."""
    identifier = request.matchdict["id"]
    custody.check_in(request.unit, identifier, request.data.condition)
    return shown(*read_record(request.unit, identifier))


def show_history(request: Request) -> dict[str, Any]:
    """Shows what became of an instrument."""
    page = history.history(request.unit, request.matchdict["id"], request.filters)
    return envelope(request, page)


def label(request: Request) -> Response:
    """Returns the label of an instrument."""
    name, content = labels.label_pdf(request.unit, request.matchdict["id"])
    return attachment(name, "application/pdf", len(content), [content])


def qr_code(request: Request) -> Response:
    """Returns the QR code of an instrument."""
    text = labels.qr_image(request.unit, request.matchdict["id"])
    response = Response(text, content_type="image/svg+xml", charset="utf-8")
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


def includeme(config: Any) -> None:
    """Adds the resource."""
    shape = EQUIPMENT_SHAPE
    config.add_api_list(
        "equipment",
        listing=equipment_list,
        permission=VIEW,
        path="equipment/",
        out=shape,
        summary="Lists instruments.",
    )
    view: Callable[..., None] = config.add_api_view
    view(
        read,
        "equipment",
        "read",
        path=ONE,
        permission=VIEW,
        out=shape,
        summary="Shows an instrument.",
    )
    writing = {"permission": CHANGE, "out": shape, "errors": (Conflict, Forbidden)}
    bodies = bodies_of(config.registry[PLATFORM])
    view(
        create,
        "equipment",
        "create",
        path="equipment/",
        body=bodies.new,
        summary="Enters an instrument; its tag is drawn from the number mask unless given.",
        **writing,
    )
    view(
        replace,
        "equipment",
        "replace",
        path=ONE,
        body=bodies.whole,
        summary="Replaces an instrument; members that are left out take their defaults.",
        **writing,
    )
    view(
        change,
        "equipment",
        "change",
        path=ONE,
        body=bodies.change,
        summary="Changes the members that are named.",
        **writing,
    )
    view(
        delete,
        "equipment",
        "delete",
        path=ONE,
        permission=CHANGE,
        errors=(Conflict,),
        summary="Retires an instrument; its history stays.",
    )
    view(
        transition,
        "equipment",
        "transition",
        path=f"{ONE}transitions/",
        permission=CHANGE,
        body=TransitionIn,
        out=shape,
        errors=(Conflict, Forbidden),
        summary="Moves an instrument on to another state.",
    )
    for call, verb, body, summary in (
        (check_out, "checkout", CheckoutIn, "Hands an instrument out, by default to the caller."),
        (check_in, "checkin", CheckinIn, "Takes an instrument back."),
    ):
        view(
            call,
            "equipment",
            verb,
            path=f"{ONE}{verb}/",
            permission=CUSTODY,
            body=body,
            out=shape,
            errors=(Conflict,),
            summary=summary,
        )
    view(
        show_history,
        "equipment",
        "history",
        method="GET",
        path=f"{ONE}history/",
        permission=VIEW,
        listing=lambda _platform: history.HISTORY,
        plural=True,
        out=HistoryOut,
        summary="Shows what became of an instrument, newest first.",
    )
    view(
        label,
        "equipment",
        "label",
        method="GET",
        path="equipment/{id:uuid}/label.pdf",
        permission=VIEW,
        media_type="application/pdf",
        summary="Prints the label, 62 by 29 mm.",
    )
    view(
        qr_code,
        "equipment",
        "qr",
        method="GET",
        path="equipment/{id:uuid}/qr.svg",
        permission=VIEW,
        media_type="image/svg+xml",
        summary="Draws the QR code of the label.",
    )
