"""The feed of events on the wire."""

from typing import Annotated, Any

from pydantic import Field

from calibrify_core.api.types import Filters, Identifier, Moment, Shape, ShortText

TypePattern = Annotated[str, ShortText(100, least=1)]


class EventQuery(Filters):
    """From where on, and of what."""

    after: Annotated[str, ShortText(20)] = ""
    type: list[TypePattern] = Field(default_factory=list, max_length=100)
    subject: Identifier | None = None
    limit: Annotated[int, Field(ge=1)] = 100


class CloudEvent(Shape):
    """An event in the JSON form of CloudEvents 1.0."""

    specversion: str
    id: Identifier
    source: str
    type: str
    subject: Identifier | None = None
    time: Moment
    datacontenttype: str
    sequence: str
    actor: str
    actorid: Identifier | None = None
    requestid: str | None = None
    data: dict[str, Any]


class EventBatch(Shape):
    """A piece of the feed: ``cursor`` goes into ``after`` of the next question."""

    results: list[CloudEvent]
    next: str | None
    previous: str | None
    cursor: str
