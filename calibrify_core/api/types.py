"""The scalars of request and response bodies: exact decimals, dates, moments, bounded text.

Bodies are read by ``json.loads`` with decimals kept digit for digit (see `body`), then checked
by pydantic in strict mode. These types say how each scalar is written in JSON.
"""

import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    create_model,
)
from pydantic import WithJsonSchema as Schema
from pydantic_core import CoreSchema, core_schema

from calibrify_core.exchange.dates import FIRST_YEAR, LAST_YEAR

MAX_DIGITS = 40
MAX_EXPONENT = 30
DECIMAL = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?", re.ASCII)
CIVIL_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
MOMENT = re.compile(
    r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(?:\.\d{1,6})?(?:[Zz]|[+-]\d{2}:\d{2})", re.ASCII
)


class EnteredDecimal(Decimal):
    """A JSON number: its exact value, and the text that it was entered as.

    >>> EnteredDecimal.read("0.00000010").text
    '0.00000010'
    """

    text: str

    @classmethod
    def read(cls, text: str) -> "EnteredDecimal":
        """Reads a number of a JSON body.

        Raises:
            ValueError: it has more digits or a larger exponent than any measured value.
        """
        check_decimal(text)
        number = cls(text)
        number.text = text
        return number


def check_decimal(text: str) -> None:
    """Checks that a text is a decimal number that we are ready to keep.

    Raises:
        ValueError: with a sentence that says what is wrong.
    """
    if len(text) > 80 or DECIMAL.fullmatch(text) is None:
        raise ValueError("This is not a decimal number.")
    mantissa, _, exponent = text.lower().partition("e")
    digits = mantissa.lstrip("+-").replace(".", "")
    if len(digits) > MAX_DIGITS:
        raise ValueError(f"A number has at most {MAX_DIGITS} digits.")
    if exponent and abs(int(exponent)) > MAX_EXPONENT:
        raise ValueError(f"An exponent lies between -{MAX_EXPONENT} and {MAX_EXPONENT}.")


def entered_text(value: object) -> object:
    """Turns a decimal of a body, string or number, into the text that was entered."""
    if isinstance(value, EnteredDecimal):
        return value.text
    if isinstance(value, str):
        check_decimal(value)
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        text = str(value)
        check_decimal(text)
        return text
    if isinstance(value, Decimal):
        text = str(value)
        check_decimal(text)
        return text
    raise ValueError("This is a decimal number, as a string or as a number.")


def exact_decimal(value: object) -> object:
    """Turns a decimal of a body, string or number, into an exact plain `Decimal`."""
    return Decimal(str(entered_text(value)))


def plain_json(value: Any) -> Any:
    """Turns a value of a body into JSON that any reader holds: decimals keep their digits as text.

    >>> plain_json({"a": [EnteredDecimal.read("1.50"), 2, True]})
    {'a': ['1.50', 2, True]}
    """
    if isinstance(value, dict):
        return {name: plain_json(item) for name, item in value.items()}
    if isinstance(value, list):
        return [plain_json(item) for item in value]
    if isinstance(value, Decimal) or (type(value) is int and abs(value) > 2**53):
        return entered_text(value)
    return value


def _date(value: object) -> object:
    """Turns ``2026-11-23`` into a date, within the years that an import takes too."""
    if isinstance(value, str) and CIVIL_DATE.fullmatch(value):
        try:
            day = date.fromisoformat(value)
        except ValueError:
            raise ValueError("There is no such day in the calendar.") from None
        if not FIRST_YEAR <= day.year <= LAST_YEAR:
            raise ValueError(f"A date lies in the years {FIRST_YEAR} to {LAST_YEAR}.")
        return day
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    raise ValueError("This is a date such as 2026-11-23.")


def _moment(value: object) -> object:
    """Turns an RFC 3339 moment into an aware datetime in UTC."""
    if isinstance(value, str) and MOMENT.fullmatch(value):
        try:
            return datetime.fromisoformat(value.upper()).astimezone(UTC)
        except (ValueError, OverflowError):
            raise ValueError("There is no such moment in the calendar.") from None
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC)
    raise ValueError("This is a moment with its zone, such as 2026-11-23T20:00:00Z.")


def _identifier(value: object) -> object:
    """Turns the text of a UUID into the UUID."""
    if isinstance(value, str) and len(value) == 36:
        try:
            return uuid.UUID(value)
        except ValueError:
            pass
    if isinstance(value, uuid.UUID):
        return value
    raise ValueError("This is an id such as 019ab1c2-5d3e-7a4b-8c6d-0123456789ab.")


_NUMBER_IN = {
    "anyOf": [
        {"type": "string", "pattern": f"^{DECIMAL.pattern}$", "maxLength": 80},
        {"type": "number"},
    ]
}
_NUMBER_OUT = {"type": "string", "pattern": f"^{DECIMAL.pattern}$"}


def _decimal_schema() -> Any:
    """Returns how a decimal is described: wider on the way in than on the way out."""
    return _Described(_NUMBER_IN, _NUMBER_OUT)


@dataclass(frozen=True, slots=True, eq=False)  # hashed by identity, so that unions may hold it
class _Described:
    """Describes a type differently in requests and in responses."""

    incoming: dict[str, Any]
    outgoing: dict[str, Any]

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: Any) -> dict[str, Any]:
        return dict(self.incoming if handler.mode == "validation" else self.outgoing)


DecimalText = Annotated[str, BeforeValidator(entered_text), _decimal_schema()]
"""A measured value, limit or uncertainty; its value is the text as it was entered."""

ExactDecimal = Annotated[Decimal, BeforeValidator(exact_decimal), _decimal_schema()]
"""A decimal whose value counts and whose writing does not, such as a price."""

JsonObject = Annotated[dict[str, Any], AfterValidator(plain_json)]
"""An object of whatever members; a number with a point, or longer than others can read, is text."""

Date = Annotated[date, BeforeValidator(_date), Schema({"type": "string", "format": "date"})]
"""A calendar date, ``2026-11-23``."""

Moment = Annotated[
    datetime, BeforeValidator(_moment), Schema({"type": "string", "format": "date-time"})
]
"""An RFC 3339 moment; its value is aware, in UTC."""

Identifier = Annotated[
    uuid.UUID, BeforeValidator(_identifier), Schema({"type": "string", "format": "uuid"})
]
"""The id of an object."""


Count = Annotated[int, Field(ge=-(2**53), le=2**53)]
"""A whole number that every reader of JSON can hold."""


@dataclass(frozen=True, slots=True)
class ShortText:
    """Bounds a text: ``Annotated[str, ShortText(200)]``.

    Surrounding white space is taken off, since it is never meant.

    Attributes:
        most: characters at most.
        least: characters at least.
        lines: whether line breaks and tabs may stand in it.
    """

    most: int
    least: int = 0
    lines: bool = False

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Returns the check of a bounded text."""
        bounded = core_schema.str_schema(
            max_length=self.most, min_length=self.least, strip_whitespace=True, strict=True
        )
        if self.lines:
            return bounded
        return core_schema.no_info_after_validator_function(_one_line, bounded)


def _one_line(text: str) -> str:
    """Refuses line breaks and tabs."""
    if "\n" in text or "\r" in text or "\t" in text:
        raise ValueError("This is one line of text.")
    return text


Name = Annotated[str, ShortText(200, least=1)]
"""One line of text that must say something."""

Line = Annotated[str, ShortText(200)]
"""One line of text, which may be empty."""

Prose = Annotated[str, ShortText(10_000, lines=True)]
"""Text of several lines, which may be empty."""


class Body(BaseModel):
    """Base of the schemas of request bodies: unknown members and lax types are refused."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Shape(BaseModel):
    """Base of the schemas of response bodies; they document and are tested, nothing more.

    An answer is a dict of values that the database has already typed.
    """

    model_config = ConfigDict(extra="forbid")


class Filters(BaseModel):
    """Base of the schemas of queries: text is read as the member's type, unknown names refused."""

    model_config = ConfigDict(extra="forbid")


def changes(body: BaseModel) -> dict[str, Any]:
    """Returns what a body names, and nothing that it leaves out: the meaning of PATCH."""
    return {name: getattr(body, name) for name in body.model_fields_set}


def _drop_default(schema: dict[str, Any]) -> None:
    """Leaves the default out of a member's description: absent means unchanged."""
    schema.pop("default", None)


def partial(model: type[BaseModel], name: str) -> type[Any]:
    """Makes the schema of PATCH from that of PUT: the same members, none of them required.

    Args:
        model: the schema of the whole object.
        name: of the new schema, as it stands in the OpenAPI document.
    """
    fields: dict[str, Any] = {}
    for member, field in model.model_fields.items():
        optional = field._copy()
        optional.default = None
        optional.default_factory = None
        extra: Callable[[dict[str, Any]], None] = _drop_default
        optional.json_schema_extra = extra
        fields[member] = (field.annotation, optional)
    made: type[Any] = create_model(name, __base__=model, __module__=model.__module__, **fields)
    made.__doc__ = model.__doc__
    return made
