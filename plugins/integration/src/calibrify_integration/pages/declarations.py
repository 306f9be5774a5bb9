"""What the pages add elsewhere: menu entries, and buttons of the account and of dates."""

from __future__ import annotations

from calibrify_core.hooks.declarations import NavigationEntry, Panel
from calibrify_core.web.panels import ACCOUNT_ACTIONS, CALENDAR_ACTIONS
from calibrify_integration.pages import calendar_feed
from calibrify_integration.permissions import (
    CALENDAR_CHANGE,
    CALENDAR_VIEW,
    CONNECTOR_VIEW,
    WEBHOOK_VIEW,
)

NAVIGATION = (
    NavigationEntry(
        "Connectors",
        "integration.connector.list",
        "import",
        CONNECTOR_VIEW,
        section="Administration",
        order=940,
    ),
    NavigationEntry(
        "Webhooks",
        "integration.webhook.list",
        "webhook",
        WEBHOOK_VIEW,
        section="Administration",
        order=950,
    ),
)
PANELS = (
    Panel(
        ACCOUNT_ACTIONS,
        "integration.calendars",
        "integration/panel_calendars.html",
        calendar_feed.account,
        CALENDAR_VIEW,
    ),
    Panel(
        CALENDAR_ACTIONS,
        "integration.subscribe",
        "integration/panel_subscribe.html",
        calendar_feed.subscribe,
        CALENDAR_CHANGE,
    ),
)
