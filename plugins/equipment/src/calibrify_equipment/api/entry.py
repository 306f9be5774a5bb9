"""Manufacturers, models, suppliers and customers as JSON resources."""

from __future__ import annotations

from functools import partial
from typing import Any

from calibrify_core.api.types import Body, Shape
from calibrify_core.records.listing import ListSpec
from calibrify_equipment.api.records import Resource, add_resource
from calibrify_equipment.schemas import catalogue as catalogue_words
from calibrify_equipment.schemas import party as party_words
from calibrify_equipment.services import catalogue, entries, reference_lists


def _resource(
    kind: entries.Kind,
    spec: ListSpec,
    body: type[Body],
    change_body: type[Any],
    out: type[Shape],
) -> Resource:
    """Makes the resource of one kind of entries."""
    return Resource(
        noun=f"{kind.noun}s",
        title=kind.noun,
        spec=spec,
        change_permission=kind.change,
        body=body,
        change_body=change_body,
        out=out,
        find=lambda unit, entry_id: entries.find(unit, kind, entry_id),
        add=lambda unit, values: entries.add(unit, kind, values),
        change=lambda unit, entry, values: entries.change(unit, kind, entry, values),
        delete=lambda unit, entry: entries.delete(unit, kind, entry),
    )


def includeme(config: Any) -> None:
    """Adds the resources."""
    add = partial(add_resource, config)
    add(
        _resource(
            catalogue.MANUFACTURERS,
            reference_lists.MANUFACTURERS,
            catalogue_words.ManufacturerIn,
            catalogue_words.ManufacturerChange,
            catalogue_words.ManufacturerOut,
        )
    )
    add(
        _resource(
            catalogue.MODELS,
            reference_lists.MODELS,
            catalogue_words.ModelIn,
            catalogue_words.ModelChange,
            catalogue_words.ModelOut,
        )
    )
    add(
        _resource(
            entries.SUPPLIERS,
            reference_lists.SUPPLIERS,
            party_words.SupplierIn,
            party_words.SupplierChange,
            party_words.SupplierOut,
        )
    )
    add(
        _resource(
            entries.CUSTOMERS,
            reference_lists.CUSTOMERS,
            party_words.CustomerIn,
            party_words.CustomerChange,
            party_words.CustomerOut,
        )
    )
