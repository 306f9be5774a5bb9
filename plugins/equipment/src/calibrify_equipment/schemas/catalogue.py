"""Manufacturers and models on the wire."""

from typing import Any

from calibrify_core.api.types import Body, Identifier, JsonObject, Moment, Name, Shape, partial


class ManufacturerIn(Body):
    """A manufacturer, as it is sent."""

    name: Name


ManufacturerChange = partial(ManufacturerIn, "ManufacturerChange")


class ManufacturerOut(Shape):
    """A manufacturer."""

    id: Identifier
    name: str
    created_at: Moment
    updated_at: Moment


class ModelIn(Body):
    """A model, as it is sent."""

    manufacturer_id: Identifier
    name: Name
    specification: JsonObject | None = None


ModelChange = partial(ModelIn, "ModelChange")


class ModelOut(Shape):
    """A model."""

    id: Identifier
    name: str
    manufacturer_id: Identifier
    specification: dict[str, Any]
    created_at: Moment
    updated_at: Moment
