"""Connectors and their runs as lists."""

from __future__ import annotations

from typing import Any

from calibrify_core.records.listing import Kind, ListField, ListSpec, only_shown
from calibrify_core.tasks.job import Job
from calibrify_integration.models.connector import Connector, ConnectorRun
from calibrify_integration.permissions import CONNECTOR_VIEW
from calibrify_integration.services.connectors import own

_STATES = ("queued", "running", "succeeded", "failed", "cancelled")
_PLAIN = ("id", "name", "kind", "importer", "owner_id", "settings", "mapping", "options")
_STATE = ("every_minutes", "enabled", "failures", "last_failure", "next_run_at")
_COUNTS = ("files", "known", "created", "updated", "unchanged", "failed", "log", "errors")


def connector_shape(row: Any, _unit: Any = None) -> dict[str, Any]:
    """Returns a connector as it is shown; never its secret."""
    return {
        **{name: getattr(row, name) for name in (*_PLAIN, *_STATE)},
        "has_secret": row.secret is not None,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
    }


def run_shape(row: Any, _unit: Any = None) -> dict[str, Any]:
    """Returns a run as it is shown."""
    return {
        **{name: getattr(row, name) for name in ("id", "connector_id", "job_id", *_COUNTS)},
        "state": row.state,
        "started_at": row.started_at,
        "finished_at": row.finished_at,
        "created_at": row.created_at,
    }


CONNECTORS = ListSpec(
    model=Connector,
    permission=CONNECTOR_VIEW,
    columns=tuple(
        getattr(Connector, name)
        for name in (*_PLAIN, *_STATE, "secret", "created_at", "updated_at")
    ),
    source=Connector.__table__,
    key=Connector.id,
    fields={
        item.name: item
        for item in (
            ListField("name", "Name", column=Connector.name, orderable=True),
            ListField("kind", "Kind", column=Connector.kind),
            ListField("importer", "Imports", column=Connector.importer),
            ListField("owner_id", "Owner", Kind.IDENTIFIER, Connector.owner_id),
            ListField("enabled", "Enabled", Kind.BOOLEAN, Connector.enabled),
            ListField("created_at", "Set up", Kind.MOMENT, Connector.created_at, orderable=True),
            *only_shown(("settings", "mapping", "options", "has_secret", "every_minutes")),
            *only_shown(("failures", "last_failure", "next_run_at", "updated_at")),
        )
    },
    shape=connector_shape,
    default_ordering=("name",),
    where=own,
)
RUNS = ListSpec(
    model=ConnectorRun,
    permission=CONNECTOR_VIEW,
    columns=(
        *(getattr(ConnectorRun, name) for name in ("id", "connector_id", "job_id", *_COUNTS)),
        Job.state,
        Job.started_at,
        Job.finished_at,
        Job.created_at,
    ),
    source=ConnectorRun.__table__.join(Job.__table__, Job.id == ConnectorRun.job_id).join(
        Connector.__table__, Connector.id == ConnectorRun.connector_id
    ),
    key=ConnectorRun.id,
    fields={
        item.name: item
        for item in (
            ListField("id", "Run", Kind.IDENTIFIER, ConnectorRun.id, orderable=True),
            ListField("connector_id", "Connector", Kind.IDENTIFIER, ConnectorRun.connector_id),
            ListField("state", "State", Kind.CHOICE, Job.state, choices=_STATES),
            *only_shown(("job_id", *_COUNTS, "started_at", "finished_at", "created_at")),
        )
    },
    shape=run_shape,
    default_ordering=("-id",),
    where=own,
    joined=(Job, Connector),
)
