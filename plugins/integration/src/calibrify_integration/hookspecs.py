"""Hook specifications of the integration plugin, for plugins that know other systems."""

from __future__ import annotations

from collections.abc import Sequence

from calibrify_core.hooks.specs import hookspec
from calibrify_integration.public import ConnectorKind


@hookspec
def calibrify_integration_connectors() -> Sequence[ConnectorKind]:  # type: ignore[empty-body]
    """Adds ways in which data comes from other systems.

    When: at boot.
    Returns: the kinds of connectors; each brings files, which an importer turns into records.
    Example: ``return [ConnectorKind("shelf.post", "Letters", LetterSettings, check, run)]``
    Since: 0.1.
    """
