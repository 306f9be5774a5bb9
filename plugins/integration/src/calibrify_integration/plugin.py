"""The table of contents of the integration plugin: everything that it declares."""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType
from typing import Any

from calibrify_core.hooks import declarations as declare
from calibrify_core.hooks.background import Chore
from calibrify_core.hooks.specs import CORE_API, hookimpl
from calibrify_integration import hookspecs, permissions
from calibrify_integration.cli.live import live_command
from calibrify_integration.domain.addresses import parse_networks
from calibrify_integration.models import calendar_feed, connector, delivery, event, webhook
from calibrify_integration.pages import declarations
from calibrify_integration.public import ConnectorKind
from calibrify_integration.services import (
    connectors,
    courier,
    egress,
    events,
    http_pull,
    retention,
    sequence,
    watched_folder,
)
from calibrify_integration.tasks import start_connectors, sweep_events
from calibrify_integration.tasks.run_connector import run_connector

API = ("calendar_feed", "connector", "delivery", "event", "live_ticket", "webhook")
PAGES = ("calendar", "calendar_feed", "connector", "delivery", "live_ticket", "webhook")


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
            "10.20.0.0/16",
        ),
        declare.Setting(
            watched_folder.SETTING,
            "Folder below which connectors watch theirs; empty: none does.",
            "",
            watched_folder.parse_folder,
            "/srv/calibrify/inbox",
        ),
        declare.Setting(
            retention.SETTING,
            "Days for which events are kept.",
            retention.DEFAULT_DAYS,
            retention.parse_days,
            "365",
        ),
    ]


@hookimpl
def calibrify_models() -> Sequence[ModuleType]:
    """Names the modules with the plugin's tables."""
    return [event, webhook, delivery, calendar_feed, connector]


@hookimpl
def calibrify_permissions() -> Sequence[declare.Permission]:
    """Declares what can be allowed."""
    return permissions.PERMISSIONS


@hookimpl
def calibrify_hookspecs() -> Sequence[ModuleType]:
    """Adds the hook by which other plugins bring connectors."""
    return [hookspecs]


@hookimpl
def calibrify_integration_connectors() -> Sequence[ConnectorKind]:
    """Declares the two kinds of connectors that every installation has."""
    return [watched_folder.WATCHED_FOLDER, http_pull.HTTP_PULL]


@hookimpl
def calibrify_tasks() -> Sequence[declare.Task]:
    """Declares the background work."""
    return [
        declare.Task(connectors.TASK, run_connector, permission=permissions.CONNECTOR_RUN),
        declare.Task(start_connectors.TASK, start_connectors.start_connectors),
        declare.Task(sweep_events.TASK, sweep_events.sweep_events),
    ]


@hookimpl
def calibrify_schedules() -> Sequence[declare.Schedule]:
    """Declares what starts by the clock."""
    return [
        declare.Schedule(start_connectors.TASK, start_connectors.EVERY_SECONDS),
        declare.Schedule(sweep_events.TASK, sweep_events.EVERY_SECONDS),
    ]


@hookimpl
def calibrify_subscribers() -> Sequence[declare.Subscriber]:
    """Declares that every event is written into the log."""
    return [declare.Subscriber(declare.EVERY, events.record, when="within")]


@hookimpl
def calibrify_chores() -> Sequence[Chore]:
    """Declares that committed events get their place in the order, and go to webhooks."""
    return [
        Chore("integration.draw_positions", sequence.draw_positions),
        Chore("integration.deliver_webhooks", courier.look_after),
    ]


@hookimpl
def calibrify_commands() -> Sequence[declare.Command]:
    """Adds ``live``."""
    return [declare.Command("", live_command)]


@hookimpl
def calibrify_navigation() -> Sequence[declare.NavigationEntry]:
    """Declares the plugin's menu entries."""
    return declarations.NAVIGATION


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
