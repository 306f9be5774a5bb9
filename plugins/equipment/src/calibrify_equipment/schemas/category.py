"""Categories on the wire."""

from typing import Annotated, Any, Literal

from pydantic import Field

from calibrify_core.api.types import Body, Identifier, Moment, Name, Shape, partial


class Interval(Body):
    """How often something is due; days are never turned into months."""

    value: Annotated[int, Field(ge=1, le=10_000)]
    unit: Literal["days", "months"]


class CategoryIn(Body):
    """A category, as it is sent."""

    name: Name
    parent_id: Identifier | None = None
    default_interval: Interval | None = None
    custom_field_schema: dict[str, Any] | None = None
    due_soon_days: Annotated[int, Field(ge=0, le=3_650)] | None = None


CategoryChange = partial(CategoryIn, "CategoryChange")


class IntervalOut(Shape):
    """How often something is due."""

    value: int
    unit: str


class CategoryOut(Shape):
    """A category."""

    id: Identifier
    name: str
    parent_id: Identifier | None
    path: str
    default_interval: IntervalOut | None
    custom_field_schema: dict[str, Any]
    due_soon_days: int
    created_at: Moment
    updated_at: Moment
