"""Members of an instrument's body that other plugins take: each is told to the facet it is of."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from pydantic import create_model

from calibrify_core.api.types import Body, partial
from calibrify_core.kernel.errors import FieldError, Invalid
from calibrify_core.work.platform import Platform
from calibrify_core.work.unit import UnitOfWork
from calibrify_equipment.schemas.equipment import (
    OWN,
    EquipmentChange,
    EquipmentIn,
    EquipmentReplacement,
)
from calibrify_equipment.services.listing import facets_of

if TYPE_CHECKING:
    from calibrify_equipment.public import ListFacet


@dataclass(frozen=True, slots=True)
class Bodies:
    """Schemas of the bodies of an instrument.

    Attributes:
        new: of POST.
        whole: of PUT.
        change: of PATCH.
    """

    new: type[Any]
    whole: type[Any]
    change: type[Any]


def bodies_of(platform: Platform) -> Bodies:
    """Returns the schemas of bodies with what the facets of a platform take besides."""
    return _bodies(tuple(facet.body for facet in facets_of(platform) if facet.body is not None))


@cache
def _bodies(parts: tuple[type[Body], ...]) -> Bodies:
    """Returns the schemas with the members of some others, made once."""
    if not parts:
        return Bodies(EquipmentIn, EquipmentReplacement, EquipmentChange)
    whole = _joined(EquipmentReplacement, parts)
    return Bodies(_joined(EquipmentIn, parts), whole, partial(whole, "EquipmentChange"))


def _joined(base: type[Body], parts: Sequence[type[Body]]) -> type[Any]:
    """Returns a schema with the members of others, under its own name."""
    made: type[Any] = create_model(
        base.__name__, __base__=(base, *parts), __module__=base.__module__
    )
    made.__doc__ = base.__doc__
    return made


Told = Sequence[tuple["ListFacet", Mapping[str, Any]]]


def divide(unit: UnitOfWork, values: Mapping[str, Any]) -> tuple[Mapping[str, Any], Told]:
    """Divides the members of a body into those of this plugin, and what each facet is told.

    Args:
        unit: the unit of work.
        values: members by name.

    Raises:
        Invalid: the organisation does without the plugin that takes one of them.
    """
    further = values.keys() - OWN
    if not further:
        return values, ()
    told = [
        (facet, {name: values[name] for name in facet.body.model_fields if name in further})
        for facet in facets_of(unit.platform)
        if facet.body is not None
    ]
    unknown = further.difference(*(named for _, named in told))
    if unknown:
        detail = "This is not known here, or cannot be set."
        raise Invalid([FieldError(f"/{name}", detail) for name in sorted(unknown)])
    return {name: value for name, value in values.items() if name in OWN}, told


def tell(unit: UnitOfWork, equipment_id: uuid.UUID, told: Told) -> None:
    """Tells the facets what a body said of an instrument that is written.

    Raises:
        Forbidden: the author may not set a member.
        Invalid: a value does not fit.
    """
    for facet, named in told:
        if named and facet.write is not None:
            facet.write(unit, equipment_id, named)
