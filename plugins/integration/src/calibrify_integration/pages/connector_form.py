"""The form of a connector: made from the settings schema of its kind."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Literal, get_args, get_origin

from calibrify_core.kernel.errors import Invalid
from calibrify_core.web.forms import Form, FormField, Section, validated
from calibrify_integration.models.connector import Connector
from calibrify_integration.public import ConnectorKind
from calibrify_integration.schemas.connector import ConnectorIn, ConnectorSettings

PREFIX = "settings."
KEY = "options.match_on"


def make_form(request: Any, kind: ConnectorKind, connector: Connector | None = None) -> Form:
    """Returns the form of a connector of a kind; of a new one if none is given."""
    importers = request.platform.plugins.values("calibrify_importers")
    source = [_setting(name, field) for name, field in kind.settings.model_fields.items()]
    if kind.target:
        hint = "Sent in the header above. Kept encrypted and never shown again."
        kept = " Empty: the present one stays." if connector and connector.secret else ""
        source.append(
            FormField(
                "secret",
                "Secret",
                "password",
                hint=hint + kept,
                extra={"maxlength": 2000, "autocomplete": "off"},
                wide=True,
            )
        )
    first = [FormField("name", "Name", required=True, extra={"maxlength": 200})]
    if connector is None:
        options = [(importer.name, importer.title) for importer in importers]
        first.append(FormField("importer", "Imports", "select", required=True, options=options))
    first += [
        FormField(
            "every_minutes",
            "Runs every",
            "number",
            unit="minutes",
            hint="Empty: only by hand.",
            extra={"min": 1, "max": 44_640},
        ),
        FormField("enabled", "Runs by the clock", "checkbox"),
    ]
    keys = sorted({key for importer in importers for key in importer.keys})
    return Form(
        action=request.route_path("integration.connector.create")
        if connector is None
        else request.route_path("integration.connector.edit", id=connector.id),
        sections=[
            Section("Connector", first),
            Section(kind.title, source),
            Section("Import", _import_fields(keys, required=kind.needs_key)),
        ],
        cancel_href=request.route_path("integration.connector.list")
        if connector is None
        else request.route_path("integration.connector.show", id=connector.id),
        lead="It acts with your own rights, as they are at each run.",
        hidden=(("kind", kind.name),)
        if connector is None
        else (("version", str(connector.version)),),
    )


def _import_fields(keys: list[str], *, required: bool) -> list[FormField]:
    """Returns the fields that say how files become records."""
    return [
        FormField(
            KEY,
            "A row finds its record by",
            "select",
            required=required,
            options=[(key, key.replace("_", " ").capitalize()) for key in keys],
            blank="What the file offers",
        ),
        FormField(
            "mapping",
            "Columns",
            "textarea",
            hint="One a line: column = field. Empty: a guess by the names of the columns.",
            wide=True,
            rows=4,
            mono=True,
        ),
        FormField(
            "options",
            "Further options",
            "textarea",
            hint="JSON, as an import takes them. Empty: none.",
            wide=True,
            rows=3,
            mono=True,
        ),
    ]


def _setting(name: str, field: Any) -> FormField:
    """Returns the field of one setting."""
    choices = [str(item) for item in get_args(field.annotation)]
    literal = get_origin(field.annotation) is Literal
    return FormField(
        PREFIX + name,
        field.title or name.replace("_", " ").capitalize(),
        "select" if literal else "checkbox" if field.annotation is bool else "text",
        hint=field.description or "",
        required=literal or field.is_required(),
        options=[(choice, choice.upper()) for choice in choices] if literal else (),
        wide=name == "url",
    )


def blank(kind: ConnectorKind) -> dict[str, Any]:
    """Returns what the form of a new connector begins with."""
    defaults = {
        PREFIX + name: field.default
        for name, field in kind.settings.model_fields.items()
        if not field.is_required()
    }
    return {"name": kind.title, "enabled": True, "every_minutes": 60, **defaults}


def values_of(connector: Connector) -> dict[str, Any]:
    """Returns a connector as its form shows it."""
    more = {name: value for name, value in connector.options.items() if name != "match_on"}
    lines = [
        f"{column} = {field or ''}".rstrip() for column, field in (connector.mapping or {}).items()
    ]
    return {
        "name": connector.name,
        "every_minutes": connector.every_minutes,
        "enabled": connector.enabled,
        "mapping": "\n".join(lines),
        "options": json.dumps(more, ensure_ascii=False, indent=1) if more else "",
        KEY: connector.options.get("match_on"),
        **{PREFIX + name: value for name, value in connector.settings.items()},
    }


def described(request: Any, connector: Connector) -> Iterator[tuple[str, Any]]:
    """Yields label and value of each setting that says something."""
    kind = request.platform.plugins.named("calibrify_integration_connectors").get(connector.kind)
    fields = kind.settings.model_fields if kind else {}
    for name, value in connector.settings.items():
        if value not in ("", None):
            yield (fields[name].title if name in fields else None) or name.capitalize(), value


def read_new(kind: ConnectorKind, values: Mapping[str, Any]) -> dict[str, Any]:
    """Returns a new connector as the services take it.

    Raises:
        Invalid: with the problem of each field.
    """
    given = {**_read(kind, values), "kind": kind.name, "importer": values["importer"] or ""}
    return validated(ConnectorIn, given).model_dump(exclude_unset=True)


def read_changes(kind: ConnectorKind, values: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the changes of a form as the services take them.

    Raises:
        Invalid: with the problem of each field.
    """
    return validated(ConnectorSettings, _read(kind, values)).model_dump(exclude_unset=True)


def _read(kind: ConnectorKind, values: Mapping[str, Any]) -> dict[str, Any]:
    """Returns what both forms hold; a blank secret is not named."""
    settings = {
        name: values[PREFIX + name]
        for name in kind.settings.model_fields
        if values.get(PREFIX + name) is not None
    }
    options = _read_options(values["options"])
    if values[KEY]:
        options["match_on"] = values[KEY]
    given: dict[str, Any] = {
        "name": values["name"] or "",
        "settings": settings,
        "mapping": _read_mapping(values["mapping"]),
        "options": options,
        "every_minutes": _read_minutes(values["every_minutes"]),
        "enabled": values["enabled"],
    }
    if values.get("secret"):
        given["secret"] = values["secret"]
    return given


def _read_minutes(text: str | None) -> int | None:
    """Returns a number of minutes, None for none.

    Raises:
        Invalid: it is no number.
    """
    if text is None:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > 6:
        raise Invalid.field("every_minutes", "A whole number of minutes.")
    return int(text)


def _read_mapping(text: str | None) -> dict[str, str | None] | None:
    """Returns the columns that were typed, None for a guess.

    Raises:
        Invalid: a line has no equals sign.
    """
    if not text:
        return None
    found: dict[str, str | None] = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        column, sign, field = line.rpartition("=")
        if not sign or not column.strip():
            raise Invalid.field("mapping", f"“{line[:50]}” is not: column = field.")
        found[column.strip()] = field.strip() or None
    return found


def _read_options(text: str | None) -> dict[str, Any]:
    """Returns the options that were typed.

    Raises:
        Invalid: they are no JSON object.
    """
    if not text:
        return {}
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise Invalid.field("options", "A JSON object is needed.")
    return found
