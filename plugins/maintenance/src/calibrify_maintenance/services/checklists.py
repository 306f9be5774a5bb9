"""Checklists of work orders: writing down what was found."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC
from typing import Any

from calibrify_core.kernel.errors import Conflict, FieldError, Invalid, NotFound
from calibrify_core.records.attachments import Attachments
from calibrify_core.work.unit import UnitOfWork
from calibrify_maintenance.domain.checklist import ItemKind, judged, refused
from calibrify_maintenance.domain.work_order import BEGUN, allowed
from calibrify_maintenance.models.work_order import WorkOrder


def answer(
    unit: UnitOfWork, work_order: WorkOrder, answers: Sequence[Mapping[str, Any]]
) -> WorkOrder:
    """Writes answers into the checklist; an answer of None takes one back.

    Args:
        unit: the unit of work.
        work_order: from `services.work_orders.find` with `CHANGE`, locked.
        answers: (id, answer, note) as `schemas.work_order.AnswerIn` names them.

    Raises:
        Conflict: the work has not begun, or is over.
        Invalid: with every problem.
    """
    if work_order.status not in BEGUN:
        raise Conflict(
            "A checklist is filled in while the work goes on: start it first.",
            allowed=list(allowed(work_order.status)),
        )
    places = {item["id"]: place for place, item in enumerate(work_order.checklist)}
    items = [dict(item) for item in work_order.checklist]
    errors = []
    for row, given in enumerate(answers):
        place = places.get(given["id"])
        if place is None:
            errors.append(FieldError(f"/answers/{row}/id", "The checklist has no such item."))
            continue
        item, said = items[place], (given["answer"] or "").strip()
        wrong = said and (refused(item, said) or _wrong_photo(unit, work_order, item, said))
        if wrong:
            errors.append(FieldError(f"/answers/{row}/answer", wrong))
            continue
        if (said or None, given["note"]) != (item["answer"], item["note"]):
            _write(unit, item, said, given["note"])
    if errors:
        raise Invalid(errors)
    if items != work_order.checklist:
        work_order.checklist = items
        unit.session.flush()
    return work_order


def _write(unit: UnitOfWork, item: dict[str, Any], said: str, note: str) -> None:
    """Puts an answer into an item."""
    moment = unit.trade_now().astimezone(UTC).isoformat(timespec="seconds")
    item["answer"], item["note"] = said or None, note
    item["in_order"] = judged(item, said)
    item["answered_by"] = unit.actor.name[:200] if said else ""
    item["answered_at"] = moment.replace("+00:00", "Z") if said else None


def _wrong_photo(
    unit: UnitOfWork, work_order: WorkOrder, item: Mapping[str, Any], said: str
) -> str:
    """Returns what is wrong with the id of a photo, empty if nothing is."""
    if item["kind"] != ItemKind.PHOTO:
        return ""
    try:
        file = Attachments(unit).find(uuid.UUID(said))
    except (ValueError, NotFound):
        return "There is no such file."
    if file.object_id != work_order.id or not file.content_type.startswith("image/"):
        return "Attach a picture to this work order, then give its id."
    return ""
