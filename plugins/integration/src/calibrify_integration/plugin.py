"""The table of contents of the integration plugin: everything that it declares."""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType
from typing import Any

from calibrify_core.hooks import declarations as declare
from calibrify_core.hooks.specs import CORE_API, hookimpl
from calibrify_integration import permissions
from calibrify_integration.domain.addresses import parse_networks
from calibrify_integration.models import calendar_feed, delivery, event, webhook
from calibrify_integration.pages import declarations
from calibrify_integration.services import egress

API = ("calendar_feed",)
PAGES = ("calendar", "calendar_feed")


@hookimpl
def calibrify_manifest() -> declare.Manifest:
    """Says who the plugin is."""
    return declare.Manifest(
        "integration",
        "Integration",
        "Webhooks, the event feed, calendars and connectors to other systems.",
        CORE_API,
        "calibrify_integration.migrations",
    )


@hookimpl
def calibrify_settings() -> Sequence[declare.Setting]:
    """Declares the plugin's settings."""
    return [
        declare.Setting(
            egress.SETTING,
            "Networks in the house to which outgoing requests may go, beside all public ones.",
            (),
            parse_networks,
        )
    ]


@hookimpl
def calibrify_models() -> Sequence[ModuleType]:
    """Names the modules with the plugin's tables."""
    return [event, webhook, delivery, calendar_feed]


@hookimpl
def calibrify_permissions() -> Sequence[declare.Permission]:
    """Declares what can be allowed."""
    return permissions.PERMISSIONS


@hookimpl
def calibrify_panels() -> Sequence[declare.Panel]:
    """Declares what pages of others show of this plugin."""
    return declarations.PANELS


@hookimpl
def calibrify_configure(config: Any) -> None:
    """Adds the plugin's addresses."""
    for noun in API:
        config.include(f"calibrify_integration.api.{noun}")
    for noun in PAGES:
        config.include(f"calibrify_integration.pages.{noun}")
