"""Printing certificates in the background, right after their approval."""

from __future__ import annotations

import uuid

from calibrify_calibration.services.certificates import print_certificate
from calibrify_core.hooks.declarations import TaskContext


def render_certificate(context: TaskContext) -> None:
    """Prints one certificate; a second run finds it printed and does nothing."""
    with context.unit() as unit:
        print_certificate(unit, uuid.UUID(context.payload["certificate_id"]))
