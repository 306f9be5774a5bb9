"""Undoing an import: what would happen, and what did."""

from __future__ import annotations

from typing import Any

from calibrify_core.tasks.job import Job
from calibrify_core.web.kit import page_response, see_other
from calibrify_core.web.page import formats_of
from calibrify_equipment.pages.importing import crumbs_of
from calibrify_equipment.permissions import CHANGE, IMPORT
from calibrify_equipment.services import import_undo
from calibrify_equipment.services.import_undo import Undoing
from calibrify_equipment.services.importing import TASK

ROUTE = "equipment.import.undo"
FACTS = (
    ("Deleted again", "removed"),
    ("Changed back", "restored"),
    ("Left as they are", "left"),
    ("Names deleted", "names_removed"),
    ("Names left", "names_left"),
)


def button(unit: Any, job: Job) -> dict[str, Any] | None:
    """Returns the button below the result of an import; nothing below other jobs."""
    if job.kind != TASK or not unit.access.permits(CHANGE):
        return None
    undoing = import_undo.find_import(unit, job.id)
    if undoing.refusal and undoing.undo is None:
        return None
    return {"id": job.id, "open": not undoing.refusal}


def show(request: Any) -> Any:
    """Shows what an undo would do, or how it stands with the one that was asked for."""
    undoing = import_undo.find_import(request.unit, request.matchdict["id"])
    title = f"Undo the import of {undoing.job.payload['name']}"
    page = {"title": title, "crumbs": crumbs_of(request)}
    if undoing.refusal:
        values = {**page, "undo": _result(request, undoing)}
        return page_response(request, "equipment/import_undo.html", values)
    return {**page, "confirm": _confirm(request, undoing)}


def _result(request: Any, undoing: Undoing) -> dict[str, Any]:
    """Returns how it stands, as its template needs it."""
    undo = undoing.undo
    figures = (undo.result if undo else None) or {}
    at = undo.finished_at if undo else None
    ended = [("Ended", formats_of(request).datetime(at))] if at else []
    return {
        "sentence": undoing.refusal,
        "done": undo is not None and undo.state == "succeeded",
        "facts": [*ended, *((label, figures[name]) for label, name in FACTS if name in figures)],
        "reasons": _entries(request, figures.get("reasons", [])),
        "left": figures.get("left", 0),
    }


def _confirm(request: Any, undoing: Undoing) -> dict[str, Any]:
    """Returns the confirming page: what would happen, in plain numbers."""
    report, names = import_undo.foresee(request.unit, undoing)
    until = formats_of(request).datetime(undoing.until)
    parts = (
        (report.removed, "{} that it entered will be deleted, with all that it said of them."),
        (report.restored, "{} that it changed will be as before."),
        (report.left, "{} will stay as they are; see below."),
    )
    texts = [text.format(_many(number, "instrument")) for number, text in parts if number]
    if names:
        texts.append(
            f"{_many(names, 'name')} that it added (categories, locations, manufacturers, models) "
            "will be deleted too, unless something else uses them."
        )
    texts.append("The audit trail keeps every step, and the file can be imported again.")
    return {
        "action": request.path,
        "sentence": "What this import did is taken back, except where somebody has built on it "
        f"since. This is possible until {until}.",
        "consequences": texts,
        "label": "Instruments that stay as they are",
        "entries": _entries(request, report.reasons),
        "submit_label": "Undo this import",
        "icon": "undo-2",
        "danger": True,
        "cancel_href": request.route_path("core.job.show", id=undoing.job.id)
        if undoing.job.user_id == request.unit.actor.user_id
        else request.route_path("equipment.equipment.list"),
    }


def _many(number: int, noun: str) -> str:
    return f"1 {noun}" if number == 1 else f"{number:,} {noun}s"


def _entries(request: Any, reasons: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Returns the instruments that stay, with their pages and why."""
    route = request.route_path
    return [
        {
            "label": item["label"],
            "detail": item["detail"],
            "href": route("equipment.equipment.show", id=item["equipment_id"]),
        }
        for item in reasons
    ]


def undo(request: Any) -> Any:
    """Starts the undo and leads to its progress."""
    job = import_undo.start(request.unit, request.matchdict["id"])
    return see_other(request, "core.job.show", id=job.id)


def includeme(config: Any) -> None:
    """Adds the page."""
    config.add_page(
        ROUTE,
        "/equipment/import/{id:uuid}/undo",
        show,
        permission=IMPORT,
        template="calibrify/confirm.html",
        post=undo,
    )
