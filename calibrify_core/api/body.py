"""Reading request bodies: bytes to values that lose no digit, or every error with its pointer.

pydantic's and orjson's own readers lose digits (1.0010 becomes 1.001), and Pyramid's accepts
NaN; hence the standard library's, behind guards of size, depth and characters.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any, NoReturn

from pydantic import BaseModel, ValidationError

from calibrify_core.api.guard import MAX_BODY, MEBIBYTE
from calibrify_core.api.request import Request
from calibrify_core.api.types import EnteredDecimal
from calibrify_core.kernel.errors import (
    FieldError,
    Invalid,
    Malformed,
    TooLarge,
    UnsupportedMediaType,
)

MAX_DEPTH = 32
MAX_TEXT = 100_000
MAX_ERRORS = 500
LONG_INTEGER = 18

# What a text must not hold: controls except tab and line breaks, halves of surrogate pairs.
FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
# Escapes that may stand for such a character, and such characters written out.
SUSPECT = re.compile(
    r"\\u(?:00[0189]|007[fF]|[dD][89a-fA-F]|[fF]{3})|\\[bf]|[\x7f-\x9f\ufffe\uffff]"
)

_WORDS = {
    "missing": "This is required.",
    "extra_forbidden": "This is not known here, or cannot be set.",
    "string_type": "This is text.",
    "int_type": "This is a whole number.",
    "bool_type": "This is true or false.",
    "list_type": "This is a list.",
    "dict_type": "This is an object.",
    "model_type": "This is an object.",
    "model_attributes_type": "This is an object.",
}


class _OutOfBounds(ValueError):
    """A number or nesting that no honest body has."""


def _integer(text: str) -> int | EnteredDecimal:
    """Reads a whole number; one that no counter reaches is a decimal, for it may be measured."""
    return int(text) if len(text) < LONG_INTEGER else _decimal(text)


def _decimal(text: str) -> EnteredDecimal:
    """Reads a decimal number of bounded length."""
    try:
        return EnteredDecimal.read(text)
    except ValueError as error:
        raise _OutOfBounds(str(error)) from None


def _no_constant(name: str) -> NoReturn:
    """Refuses NaN and the infinities, which are no JSON."""
    raise _OutOfBounds(f"{name} is not a JSON number.")


_decode = json.JSONDecoder(
    parse_float=_decimal, parse_int=_integer, parse_constant=_no_constant
).decode


def read_json(request: Request) -> Any:
    """Reads the body of a request as JSON.

    Raises:
        UnsupportedMediaType: it is not announced as JSON in UTF-8.
        TooLarge: it is larger than the limit.
        Malformed: it is no JSON, too deep, or not UTF-8.
        Invalid: a text in it holds a character that no text may hold.
    """
    check_media_type(request.environ.get("CONTENT_TYPE", ""))
    raw = request.rewound_body().read(min(request.body_length, MAX_BODY + 1))
    if len(raw) > MAX_BODY:
        raise TooLarge(f"A body has at most {MAX_BODY // MEBIBYTE} MiB.")
    return parse_json(raw)


def check_media_type(media_type: str) -> None:
    """Checks that a body is announced as JSON.

    Raises:
        UnsupportedMediaType: it is not.
    """
    if media_type == "application/json":
        return
    kind, _, parameters = media_type.partition(";")
    kind = kind.strip().lower()
    charset = parameters.strip().lower().removeprefix("charset=").strip('"')
    if kind not in {"application/json", "application/merge-patch+json"} or charset not in {
        "",
        "utf-8",
    }:
        raise UnsupportedMediaType("The body must be application/json in UTF-8.")


def parse_json(raw: bytes) -> Any:
    """Reads JSON; see `read_json` for what it raises."""
    try:
        text = raw.decode("utf-8")
        value = _decode(text)
    except UnicodeDecodeError:
        raise Malformed("The body is not valid UTF-8.") from None
    except json.JSONDecodeError as error:
        raise Malformed(
            f"The body is not valid JSON: {error.msg} at line {error.lineno}, column {error.colno}."
        ) from None
    except _OutOfBounds as error:
        raise Malformed(str(error)) from None
    except RecursionError:
        raise Malformed(f"The body is nested deeper than {MAX_DEPTH} levels.") from None
    if text.count("[") + text.count("{") > MAX_DEPTH:
        _check_depth(value)
    if len(text) > MAX_TEXT or SUSPECT.search(text):
        _check_texts(value)
    return value


def _check_depth(value: Any) -> None:
    """Refuses a body that is nested too deep to be meant; what holds a bracket is no scalar."""
    level: list[Any] = [[value]]
    for _ in range(MAX_DEPTH + 1):
        level = [
            child
            for node in level
            for child in (node.values() if isinstance(node, dict) else node)
            if isinstance(child, dict | list)
        ]
        if not level:
            return
    raise Malformed(f"The body is nested deeper than {MAX_DEPTH} levels.")


def _check_texts(value: Any) -> None:
    """Refuses texts, and names of members, with characters that no text may hold."""
    errors = []
    for pointer, text in _texts(value, ""):
        if FORBIDDEN.search(text):
            shown = FORBIDDEN.sub("�", pointer)
            errors.append(FieldError(shown, "This holds a character that is not allowed."))
        elif len(text) > MAX_TEXT:
            errors.append(FieldError(pointer, f"A text has at most {MAX_TEXT} characters."))
    if errors:
        raise Invalid(errors[:MAX_ERRORS])


def _texts(value: Any, pointer: str) -> Iterator[tuple[str, str]]:
    """Yields each text of a value with its JSON pointer."""
    if isinstance(value, str):
        yield pointer, value
    elif isinstance(value, dict):
        for name, child in value.items():
            below = f"{pointer}/{escape(name)}"
            yield below, name
            yield from _texts(child, below)
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield from _texts(child, f"{pointer}/{index}")


def escape(name: str) -> str:
    """Returns a member's name as part of a JSON pointer (RFC 6901)."""
    return name.replace("~", "~0").replace("/", "~1") if "~" in name or "/" in name else name


def validate(model: type[BaseModel], value: Any, under: str = "") -> Any:
    """Checks a value against a schema.

    Args:
        model: the schema.
        value: what was sent.
        under: JSON pointer of the value within the body.

    Raises:
        Invalid: with every error.
    """
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise Invalid(field_errors(error, value, under)) from None


def field_errors(error: ValidationError, value: Any, under: str = "") -> list[FieldError]:
    """Returns what pydantic found, with pointers into what was sent."""
    found: dict[FieldError, None] = {}
    for item in error.errors(include_url=False, include_context=False, include_input=False):
        pointer = under + _pointer(item["loc"], value, missing=item["type"] == "missing")
        found[FieldError(pointer, _sentence(item["type"], item["msg"]))] = None
        if len(found) >= MAX_ERRORS:
            break
    return list(found)


def _pointer(location: Sequence[int | str], value: Any, *, missing: bool) -> str:
    """Follows a location into what was sent; names of union branches lead nowhere and go."""
    pointer = ""
    node = value
    for index, part in enumerate(location):
        try:
            node = node[part]
        except (KeyError, IndexError, TypeError):
            if not (missing and index == len(location) - 1):
                continue
        pointer += f"/{escape(str(part))}"
    return FORBIDDEN.sub("�", pointer)


def _sentence(kind: str, message: str) -> str:
    """Returns an error of pydantic as a sentence for a person."""
    if kind in _WORDS:
        return _WORDS[kind]
    message = message.removeprefix("Value error, ").replace("Input should", "This should")
    return message if message.endswith(".") else f"{message}."
