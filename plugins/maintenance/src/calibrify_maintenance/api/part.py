"""Parts and the movements of their stock as JSON resources."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from calibrify_core.api.etag import check_version
from calibrify_core.api.lists import envelope
from calibrify_core.api.reply import Reply, created, shown
from calibrify_core.api.request import Request
from calibrify_core.api.types import changes
from calibrify_core.kernel.errors import Conflict
from calibrify_maintenance.permissions import PART_CHANGE, PART_MOVE, PART_VIEW
from calibrify_maintenance.schemas.part import (
    CorrectionIn,
    IssueIn,
    MovementOut,
    PartChange,
    PartIn,
    PartOut,
    PartReplacement,
    ReceiptIn,
    ReturnIn,
)
from calibrify_maintenance.services import parts, stock
from calibrify_maintenance.services.stock_lists import MOVED, PARTS, page_of_movements, read_one

ONE = "parts/{id:uuid}/"


def read(request: Request) -> Reply:
    """Shows a part."""
    return shown(*read_one(request.unit, PARTS, request.matchdict["id"]))


def create(request: Request) -> Reply:
    """Enters a part."""
    part = parts.add(request.unit, request.data.model_dump())
    return created(*read_one(request.unit, PARTS, part.id), f"parts/{part.id}/")


def _write(request: Request, values: dict[str, Any]) -> Reply:
    """Changes some members of a part."""
    part = parts.find(request.unit, request.matchdict["id"], PART_CHANGE)
    check_version(request, part.version)
    parts.change(request.unit, part, values)
    return shown(*read_one(request.unit, PARTS, part.id))


def replace(request: Request) -> Reply:
    """Replaces a part; its stock stays."""
    return _write(request, request.data.model_dump())


def change(request: Request) -> Reply:
    """Changes what the body names."""
    return _write(request, changes(request.data))


def delete(request: Request) -> None:
    """Gives a part up."""
    part = parts.find(request.unit, request.matchdict["id"], PART_CHANGE)
    check_version(request, part.version)
    parts.delete(request.unit, part)


def movements(request: Request) -> dict[str, Any]:
    """Lists the movements of a part."""
    return envelope(
        request, page_of_movements(request.unit, request.matchdict["id"], request.filters)
    )


def receive(request: Request) -> Reply:
    """Puts parts into the store."""
    asked, part_id = request.data, request.matchdict["id"]
    stock.receive(request.unit, part_id, asked.quantity, asked.unit_price, asked.reason)
    return shown(*read_one(request.unit, PARTS, part_id))


def issue(request: Request) -> Reply:
    """Takes parts for a work order."""
    asked, part_id = request.data, request.matchdict["id"]
    stock.issue(request.unit, part_id, asked.order_id, asked.quantity, asked.reason)
    return shown(*read_one(request.unit, PARTS, part_id))


def give_back(request: Request) -> Reply:
    """Takes parts back from a work order."""
    asked, part_id = request.data, request.matchdict["id"]
    stock.give_back(request.unit, part_id, asked.order_id, asked.quantity, asked.reason)
    return shown(*read_one(request.unit, PARTS, part_id))


def correct(request: Request) -> Reply:
    """Sets the stock to what was counted."""
    part_id = request.matchdict["id"]
    stock.correct(request.unit, part_id, request.data.counted, request.data.reason)
    return shown(*read_one(request.unit, PARTS, part_id))


MOVES = (
    ("receive", receive, ReceiptIn, PART_MOVE, "Puts parts into the store."),
    (
        "issue",
        issue,
        IssueIn,
        PART_MOVE,
        "Takes parts for a work order; never more than there are.",
    ),
    ("return", give_back, ReturnIn, PART_MOVE, "Takes parts back that a work order did not need."),
    ("correct", correct, CorrectionIn, PART_CHANGE, "Sets the stock to what was counted."),
)


def includeme(config: Any) -> None:
    """Adds the resource."""
    view: Callable[..., None] = config.add_api_view
    config.add_api_list(
        "parts", listing=PARTS, path="parts/", out=PartOut, summary="Lists parts, by number."
    )
    view(
        read, "parts", "read", path=ONE, permission=PART_VIEW, out=PartOut,
        summary="Shows a part.",
    )  # fmt: skip
    writing = {"permission": PART_CHANGE, "out": PartOut, "errors": (Conflict,)}
    view(
        create, "parts", "create", path="parts/", body=PartIn,
        summary="Enters a part, with what is there of it already.", **writing,
    )  # fmt: skip
    view(
        replace, "parts", "replace", path=ONE, body=PartReplacement,
        summary="Replaces a part; its stock stays.", **writing,
    )  # fmt: skip
    view(
        change, "parts", "change", path=ONE, body=PartChange,
        summary="Changes the members that are named.", **writing,
    )  # fmt: skip
    view(
        delete, "parts", "delete", path=ONE, permission=PART_CHANGE, errors=(Conflict,),
        summary="Deletes a part that never moved; any other becomes inactive.",
    )  # fmt: skip
    view(
        movements, "parts", "movements", method="GET", path=f"{ONE}movements/",
        permission=PART_VIEW, listing=lambda _platform: MOVED, plural=True, out=MovementOut,
        summary="Lists the movements of the stock of a part, newest first.",
    )  # fmt: skip
    for verb, action, body, permission, summary in MOVES:
        view(
            action, "parts", verb, path=f"{ONE}{verb}/", body=body, permission=permission,
            out=PartOut, errors=(Conflict,), summary=summary,
        )  # fmt: skip
