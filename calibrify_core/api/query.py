"""Reading queries: every parameter is known, typed and bounded, or named in a 422."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_origin
from urllib.parse import parse_qsl

from pydantic import BaseModel, ValidationError

from calibrify_core.api.body import FORBIDDEN, field_errors
from calibrify_core.api.request import Request
from calibrify_core.kernel.errors import FieldError, Invalid

MAX_PARAMETERS = 200


def parameters(request: Request) -> list[tuple[str, str]]:
    """Returns the parameters of a query in their order.

    Raises:
        Invalid: there are too many, or one holds a character that no text may hold.
    """
    query = request.environ.get("QUERY_STRING", "")
    if not query:
        return []
    try:
        found = parse_qsl(query, keep_blank_values=True, max_num_fields=MAX_PARAMETERS)
    except ValueError:
        raise Invalid.field("query", f"A query has at most {MAX_PARAMETERS} parameters.") from None
    if any(FORBIDDEN.search(name) or FORBIDDEN.search(value) for name, value in found):
        raise Invalid(
            [
                FieldError(
                    f"/query/{FORBIDDEN.sub('�', name)}",
                    "This holds a character that is not allowed.",
                )
                for name, value in found
                if FORBIDDEN.search(name) or FORBIDDEN.search(value)
            ]
        )
    return found


def refuse_all(found: list[tuple[str, str]]) -> None:
    """Refuses parameters where none is known.

    Raises:
        Invalid: naming each of them.
    """
    if found:
        names = dict.fromkeys(name for name, _ in found)
        raise Invalid([FieldError(f"/query/{name}", "This is not known here.") for name in names])


def validate(model: type[BaseModel], found: list[tuple[str, str]]) -> Any:
    """Checks a query against a schema; a list takes a parameter that repeats.

    Raises:
        Invalid: naming every parameter that is unknown or wrong.
    """
    values: dict[str, Any] = {}
    repeated = []
    lists = _lists(model)
    for name, value in found:
        if name in lists:
            values.setdefault(name, []).append(value)
        elif name in values:
            repeated.append(FieldError(f"/query/{name}", "This is given once only."))
        else:
            values[name] = value
    if repeated:
        raise Invalid(repeated)
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise Invalid(field_errors(error, values, "/query")) from None


_known: dict[type[BaseModel], frozenset[str]] = {}


def _lists(model: type[BaseModel]) -> frozenset[str]:
    """Returns the names of the members that are lists."""
    if model not in _known:
        fields: Mapping[str, Any] = model.model_fields
        _known[model] = frozenset(
            name for name, field in fields.items() if get_origin(field.annotation) is list
        )
    return _known[model]
