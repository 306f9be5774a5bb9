"""Calendar feeds on the wire."""

from typing import Annotated

from pydantic import Field

from calibrify_core.api.types import Body, Identifier, Moment, Name, Shape, ShortText


class CalendarFeedIn(Body):
    """What a calendar shows."""

    name: Name
    kinds: Annotated[list[Annotated[str, ShortText(100)]], Field(max_length=50)] = Field(
        default_factory=list
    )
    only_own: bool = False


class CalendarFeedOut(Shape):
    """A calendar feed; its address is not kept."""

    id: Identifier
    user_id: Identifier
    name: str
    kinds: list[str]
    only_own: bool
    prefix: str
    last_fetched_at: Moment | None
    created_at: Moment
    updated_at: Moment


class NewCalendarFeedOut(CalendarFeedOut):
    """A calendar feed with its address, shown this once."""

    address: str
