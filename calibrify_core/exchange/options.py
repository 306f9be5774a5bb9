"""What the person who imports says about the file: mapping and options, read from JSON."""

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, Literal, NoReturn

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from calibrify_core.exchange.tables import ReadLimits, ReadOptions
from calibrify_core.kernel.errors import FieldError, Invalid

_MAX_JSON = 1024 * 1024
_Name = Annotated[str, Field(max_length=200)]
_Cell = Annotated[str, Field(max_length=1000)]


class ImportOptions(BaseModel):
    """Options of an import, as they stand in the request.

    Attributes:
        match_on: field by which a row finds the record that it updates; None = the importer's.
        date_format: source column → format as of ``strptime``; ISO 8601 is read besides.
        null_values: texts that stand for a blank, in any case.
        value_map: field → text in the file → the value, or an object of several fields; null
            for a blank.
        defaults: field → value where the row has none.
        create_missing: references and trees whose unknown names are created.
        location_separator: what divides the levels of a location; None = a name without levels.
        on_error: leave bad rows out, or end at the first one.
        encoding: of a text file; None = found out.
        delimiter: of a text file; None = found out.
        header_row: number of the header's row in the file, from 1; None = found out.
        sheet: of a workbook, by name or by number from 1; None = the first visible one.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    match_on: _Name | None = None
    date_format: dict[_Name, _Name] = Field(default_factory=dict, max_length=256)
    null_values: list[_Cell] = Field(default_factory=list, max_length=100)
    value_map: dict[_Name, dict[_Cell, Any]] = Field(default_factory=dict, max_length=256)
    defaults: dict[_Name, Any] = Field(default_factory=dict, max_length=256)
    create_missing: list[_Name] = Field(default_factory=list, max_length=100)
    location_separator: Annotated[str, Field(min_length=1, max_length=5)] | None = None
    on_error: Literal["skip_rows", "stop"] = "skip_rows"
    encoding: _Name | None = None
    delimiter: Literal[",", ";", "\t", "|"] | None = None
    header_row: Annotated[int, Field(ge=1, le=1000)] | None = None
    sheet: _Name | Annotated[int, Field(ge=1, le=1000)] | None = None

    def for_reading(
        self,
        expected: frozenset[str] = frozenset(),
        mapped: frozenset[str] = frozenset(),
        limits: ReadLimits | None = None,
    ) -> ReadOptions:
        """Returns the part that says how to read the file.

        Args:
            expected: from :func:`calibrify_core.exchange.fields.known_names`.
            mapped: columns that a mapping names.
            limits: what the file may hold; None = the usual limits.
        """
        return ReadOptions(
            encoding=self.encoding,
            delimiter=self.delimiter,
            header_row=self.header_row,
            sheet=self.sheet,
            expected=expected,
            mapped=mapped,
            limits=limits or ReadLimits(),
        )


def pointer(*parts: str | int) -> str:
    """Returns the JSON pointer (RFC 6901) to a member.

    >>> pointer("options", "date_format", "Next/Last")
    '/options/date_format/Next~1Last'
    """
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)


def parse_options(source: str | bytes | Mapping[str, Any] | None) -> ImportOptions:
    """Reads the options of an import; blank or None gives the defaults.

    Raises:
        Invalid: not JSON, or with every member that is wrong, by its pointer below ``/options``.
    """
    members = _object_of(source, "options")
    try:
        return ImportOptions.model_validate(members or {})
    except ValidationError as error:
        found = {
            pointer("options", *_place(problem["loc"])): problem["msg"]
            for problem in error.errors(include_url=False, include_context=False)
        }
        raise Invalid(
            [FieldError(place, detail.rstrip(".") + ".") for place, detail in found.items()]
        ) from error


def parse_mapping(source: str | bytes | Mapping[str, Any] | None) -> dict[str, str | None] | None:
    """Reads the mapping of an import: source column → field or null. None if there is none.

    Raises:
        Invalid: not JSON, or with every member that is wrong, by its pointer below ``/mapping``.
    """
    members = _object_of(source, "mapping")
    if members is None:
        return None
    errors = [
        FieldError(pointer("mapping", column), "A field's name or null is needed.")
        for column, field in members.items()
        if not (field is None or isinstance(field, str))
    ]
    if errors:
        raise Invalid(errors)
    return {column: field or None for column, field in members.items()}


def _place(location: tuple[str | int, ...]) -> tuple[str | int, ...]:
    """Leaves out what pydantic adds for keys and alternatives."""
    place = [part for part in location if part != "[key]"]
    if place[:1] == ["sheet"]:
        place = place[:1]
    return tuple(place)


def _object_of(
    source: str | bytes | Mapping[str, Any] | None, member: str
) -> Mapping[str, Any] | None:
    if source is None or isinstance(source, Mapping):
        return source
    if len(source) > _MAX_JSON:
        raise Invalid.field(member, "It is longer than 1 MiB.")
    try:
        text = source.decode("utf-8") if isinstance(source, bytes) else source
        if not text.strip():
            return None
        members = json.loads(
            text, parse_float=Decimal, parse_constant=_refuse, object_pairs_hook=_distinct
        )
        # A lone surrogate cannot be stored, and would only fail later.
        json.dumps(members, ensure_ascii=False, default=str).encode("utf-8")
    except (ValueError, RecursionError) as error:
        detail = f"It is not JSON that can be read: {_reason(error)}."
        raise Invalid.field(member, detail) from error
    if not isinstance(members, dict):
        raise Invalid.field(member, "A JSON object is needed.")
    return members


def _reason(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    if isinstance(error, UnicodeError):
        return "it holds what is no character"
    return str(error)


def _refuse(constant: str) -> NoReturn:
    message = f"{constant} is no number"
    raise ValueError(message)


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        message = "a name appears twice in one object"
        raise ValueError(message)
    return members
