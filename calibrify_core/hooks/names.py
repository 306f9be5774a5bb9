"""Which declarations have a name, and so which names no two plugins may give."""

from __future__ import annotations

from collections.abc import Mapping

SHAPES: Mapping[str, str] = {
    "calibrify_permissions": "name",
    "calibrify_roles": "name",
    "calibrify_scope_kinds": "name",
    "calibrify_policies": "name",
    "calibrify_number_masks": "name",
    "calibrify_tasks": "name",
    "calibrify_chores": "name",
    "calibrify_events": "name",
    "calibrify_page_slots": "name",
    "calibrify_panels": "name",
    "calibrify_dashboard_widgets": "name",
    "calibrify_summary_figures": "name",
    "calibrify_search_sources": "name",
    "calibrify_calendar_sources": "name",
    "calibrify_importers": "name",
    "calibrify_health_checks": "name",
    "calibrify_after_upgrade": "name",
    "calibrify_file_owners": "name",
}
"""Hooks whose declarations have a name, which no two plugins may give."""
