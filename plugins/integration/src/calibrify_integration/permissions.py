"""What can be allowed in the integration plugin, and which default roles hold it."""

from __future__ import annotations

from calibrify_core.hooks.declarations import Permission

EVENT_VIEW = "integration.event:view"
LIVE_VIEW = "integration.live_ticket:view"
LIVE_CREATE = "integration.live_ticket:create"
WEBHOOK_VIEW = "integration.webhook:view"
WEBHOOK_MANAGE = "integration.webhook:manage"
CALENDAR_VIEW = "integration.calendar_feed:view"
CALENDAR_CHANGE = "integration.calendar_feed:change"
CALENDAR_MANAGE = "integration.calendar_feed:manage"
CONNECTOR_VIEW = "integration.connector:view"
CONNECTOR_CHANGE = "integration.connector:change"
CONNECTOR_RUN = "integration.connector:run"

_MANAGERS = ("administrator", "metrology_manager")
_EVERYBODY = (*_MANAGERS, "technician", "viewer")

PERMISSIONS = (
    Permission(EVENT_VIEW, "Read the feed of events, each within its own permission", _MANAGERS),
    Permission(LIVE_VIEW, "Hear on pages that something changed, as it happens", _EVERYBODY),
    Permission(LIVE_CREATE, "Open streams of the feed of events by a ticket", _MANAGERS),
    Permission(WEBHOOK_VIEW, "See webhooks and their deliveries", ("administrator",)),
    Permission(WEBHOOK_MANAGE, "Add, change, test and replay webhooks", ("administrator",)),
    Permission(CALENDAR_VIEW, "See and read calendars of one's own", _EVERYBODY),
    Permission(CALENDAR_CHANGE, "Make, renew and revoke calendars of one's own", _EVERYBODY),
    Permission(CALENDAR_MANAGE, "See and revoke calendars of everybody", ("administrator",)),
    Permission(CONNECTOR_VIEW, "See connectors and their runs", _MANAGERS),
    Permission(CONNECTOR_CHANGE, "Set up, change and remove connectors", _MANAGERS),
    Permission(CONNECTOR_RUN, "Start connectors", _MANAGERS),
)
