"""What can be allowed in the integration plugin, and which default roles hold it."""

from __future__ import annotations

from calibrify_core.hooks.declarations import Permission

EVENT_VIEW = "integration.event:view"
WEBHOOK_VIEW = "integration.webhook:view"
WEBHOOK_MANAGE = "integration.webhook:manage"

_MANAGERS = ("administrator", "metrology_manager")

PERMISSIONS = (
    Permission(EVENT_VIEW, "Read the feed of events, each within its own permission", _MANAGERS),
    Permission(WEBHOOK_VIEW, "See webhooks and their deliveries", ("administrator",)),
    Permission(WEBHOOK_MANAGE, "Add, change, test and replay webhooks", ("administrator",)),
)
