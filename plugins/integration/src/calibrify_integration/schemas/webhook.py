"""Webhooks and their deliveries on the wire."""

from typing import Annotated

from pydantic import Field

from calibrify_core.api.types import Body, Identifier, Moment, Shape, ShortText, partial
from calibrify_integration.schemas.event import TypePattern


class WebhookIn(Body):
    """A webhook: where events go, and which."""

    url: Annotated[str, ShortText(2000, least=1)]
    description: Annotated[str, ShortText(200)] = ""
    event_types: Annotated[list[TypePattern], Field(min_length=1, max_length=100)]
    active: bool = True


WebhookChange = partial(WebhookIn, "WebhookChange")


class WebhookOut(Shape):
    """A webhook; its secret comes out once only."""

    id: Identifier
    owner_id: Identifier
    url: str
    description: str
    event_types: list[str]
    active: bool
    disabled_reason: str
    failing_since: Moment | None
    held_until: Moment | None
    previous_until: Moment | None
    created_at: Moment
    updated_at: Moment


class WebhookSecret(WebhookOut):
    """A webhook with its new secret, in the form of Standard Webhooks."""

    secret: str


class DeliveryOut(Shape):
    """One event on its way to one webhook; ``id`` is the ``webhook-id`` of every try."""

    id: Identifier
    webhook_id: Identifier
    event_id: Identifier | None
    type: str
    subject_id: Identifier | None
    state: str
    tries: int
    next_attempt_at: Moment | None
    last_status: int | None
    last_error: str
    created_at: Moment
    finished_at: Moment | None


class AttemptOut(Shape):
    """One try of a delivery."""

    id: Identifier
    at: Moment
    request_headers: dict[str, str]
    response_status: int | None
    response_body: str
    error: str
    duration_ms: int


class DeliveryDetail(DeliveryOut):
    """A delivery with all its tries, in their order."""

    attempts: list[AttemptOut]
