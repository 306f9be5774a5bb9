"""The form of a webhook: its address, and the events of each plugin to tick."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from calibrify_core.kernel.errors import CalibrifyError
from calibrify_core.web.forms import Form, FormField, Section, validated
from calibrify_core.web.kit import problems_of
from calibrify_core.work.platform import Platform
from calibrify_integration.domain.event_types import EVERYTHING
from calibrify_integration.models.webhook import Webhook
from calibrify_integration.schemas.webhook import WebhookIn
from calibrify_integration.services.events import declared

PREFIX = "events."
TYPES = "event_types"


def make_form(request: Any, webhook: Webhook | None = None) -> Form:
    """Returns the form of a webhook; of a new one if none is given."""
    where = [
        FormField(
            "url",
            "Address",
            required=True,
            hint="Where the other system takes a POST, such as https://hub.example.com/hooks.",
            extra={"maxlength": 2000},
            wide=True,
            mono=True,
        ),
        FormField("description", "Description", extra={"maxlength": 200}, wide=True),
        FormField("active", "Active", "checkbox", wide=True),
    ]
    one = None if webhook is None else webhook.id
    return Form(
        action=request.route_path("integration.webhook.create")
        if one is None
        else request.route_path("integration.webhook.edit", id=one),
        sections=[
            Section("Where to", where),
            Section(
                "What it hears of", _event_fields(request.platform), "Choose one kind at the least."
            ),
        ],
        submit_label="Save and show secret" if one is None else "Save",
        cancel_href=request.route_path("integration.webhook.list")
        if one is None
        else request.route_path("integration.webhook.show", id=one),
        lead="It hears what you may see yourself, as your rights are at each event.",
        hidden=() if webhook is None else (("version", str(webhook.version)),),
    )


def _event_fields(platform: Platform) -> list[FormField]:
    """Returns the fields that say which events are meant."""
    titles = {plugin.name: plugin.manifest.title for plugin in platform.plugins.all}
    groups = [
        FormField(
            PREFIX + plugin,
            titles.get(plugin, plugin),
            "checkboxes",
            options=events,
            wide=True,
        )
        for plugin, events in _offered(platform).items()
    ]
    return [
        FormField(
            "everything",
            "Everything",
            "checkbox",
            hint="Events of later plugins too.",
            wide=True,
        ),
        *groups,
        FormField(
            TYPES,
            "Further events",
            "textarea",
            hint="One a line. calibration.* means all that begin so, later ones too.",
            wide=True,
            rows=3,
            mono=True,
        ),
    ]


def _offered(platform: Platform) -> dict[str, list[tuple[str, str]]]:
    """Returns type and title of the events, by the plugin that their types begin with."""
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for event in declared(platform):
        found[event.name.partition(".")[0]].append((event.name, event.title))
    return dict(found)


def values_of(platform: Platform, webhook: Webhook) -> dict[str, Any]:
    """Returns a webhook as its form shows it; what has no box stays as text."""
    offered = _offered(platform)
    boxes = {
        PREFIX + plugin: [name for name, _title in events if name in webhook.event_types]
        for plugin, events in offered.items()
    }
    known = {EVERYTHING, *(name for events in offered.values() for name, _title in events)}
    return {
        "url": webhook.url,
        "description": webhook.description,
        "active": webhook.active,
        "everything": EVERYTHING in webhook.event_types,
        TYPES: "\n".join(name for name in webhook.event_types if name not in known),
        **boxes,
    }


def read(values: Mapping[str, Any]) -> dict[str, Any]:
    """Returns what was posted as the services take it.

    Raises:
        Invalid: with the problem of each field.
    """
    given = {
        "url": values["url"] or "",
        "description": values["description"] or "",
        "event_types": _types(values),
        "active": values["active"],
    }
    return validated(WebhookIn, given).model_dump()


def _types(values: Mapping[str, Any]) -> list[str]:
    """Returns the types that were ticked and typed, each once.

    >>> _types({"everything": False, "events.lab": ["lab.opened"], "event_types": "lab.* lab.*"})
    ['lab.opened', 'lab.*']
    """
    found = [EVERYTHING] if values["everything"] else []
    for name, ticked in values.items():
        if name.startswith(PREFIX):
            found += ticked
    return list(dict.fromkeys([*found, *(values[TYPES] or "").split()]))


def problems(error: CalibrifyError, values: Mapping[str, Any]) -> list[dict[str, str]]:
    """Returns the problems of an error beside the fields of this form."""
    found = problems_of(error)
    for problem in found:
        if problem["name"].partition(".")[0] == TYPES:
            problem["name"] = TYPES
            if not _types(values):
                problem["text"] = "Choose at least one kind of events."
    return found
