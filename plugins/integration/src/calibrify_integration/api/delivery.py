"""Deliveries to webhooks as JSON resources."""

from __future__ import annotations

from typing import Any

from calibrify_core.api.reply import Reply
from calibrify_core.api.request import Request
from calibrify_core.kernel.errors import Conflict
from calibrify_integration.permissions import WEBHOOK_MANAGE, WEBHOOK_VIEW
from calibrify_integration.schemas.webhook import AttemptOut, DeliveryDetail, DeliveryOut
from calibrify_integration.services.deliveries import attempts_of, find_delivery
from calibrify_integration.services.deliveries import replay as send_again
from calibrify_integration.services.webhook_lists import delivery_shape

ONE = "deliveries/{id:uuid}/"


def read(request: Request) -> dict[str, Any]:
    """Shows a delivery with its tries."""
    found = find_delivery(request.unit, request.matchdict["id"])
    attempts = [
        {name: getattr(attempt, name) for name in AttemptOut.model_fields}
        for attempt in attempts_of(request.unit, found)
    ]
    return {**delivery_shape(found), "attempts": attempts}


def replay(request: Request) -> Reply:
    """Sends a delivery once more."""
    found = find_delivery(request.unit, request.matchdict["id"], WEBHOOK_MANAGE)
    return Reply(delivery_shape(send_again(request.unit, found)), 202)


def includeme(config: Any) -> None:
    """Adds the resource."""
    config.add_api_view(
        read,
        "deliveries",
        "read",
        path=ONE,
        permission=WEBHOOK_VIEW,
        out=DeliveryDetail,
        summary="Shows a delivery with its tries.",
    )
    config.add_api_view(
        replay,
        "deliveries",
        "replay",
        path=f"{ONE}replay/",
        permission=WEBHOOK_MANAGE,
        out=DeliveryOut,
        status=202,
        errors=(Conflict,),
        summary="Sends a delivery once more, with the same webhook-id.",
    )
