"""Locations on the wire."""

from typing import Literal

from calibrify_core.api.types import Body, Identifier, Moment, Name, Shape, partial

LocationKind = Literal["site", "building", "room", "bench"]


class LocationIn(Body):
    """A location, as it is sent."""

    name: Name
    kind: LocationKind = "room"
    parent_id: Identifier | None = None


LocationChange = partial(LocationIn, "LocationChange")


class LocationOut(Shape):
    """A location."""

    id: Identifier
    name: str
    kind: LocationKind
    parent_id: Identifier | None
    path: str
    created_at: Moment
    updated_at: Moment
