"""Connectors as JSON resources."""

from __future__ import annotations

from typing import Any

from calibrify_core.api.etag import check_version
from calibrify_core.api.reply import Reply, created, shown
from calibrify_core.api.request import Request
from calibrify_core.api.types import changes
from calibrify_core.kernel.errors import Conflict
from calibrify_core.records.keyset import run_list
from calibrify_core.records.listing import read_request
from calibrify_integration.permissions import CONNECTOR_CHANGE, CONNECTOR_RUN, CONNECTOR_VIEW
from calibrify_integration.schemas.connector import (
    ConnectorChange,
    ConnectorIn,
    ConnectorOut,
    ConnectorRunOut,
    ConnectorSettings,
)
from calibrify_integration.services import connectors
from calibrify_integration.services.connector_lists import CONNECTORS, RUNS, connector_shape

ONE = "connectors/{id:uuid}/"


def read(request: Request) -> Reply:
    """Shows a connector."""
    found = connectors.find_connector(request.unit, request.matchdict["id"])
    return shown(connector_shape(found), found.version)


def create(request: Request) -> Reply:
    """Sets a connector up."""
    made = connectors.create(request.unit, request.data.model_dump())
    return created(connector_shape(made), made.version, f"connectors/{made.id}/")


def replace(request: Request) -> Reply:
    """Replaces what can be changed; a secret, which never comes out, stays unless it is named."""
    values = request.data.model_dump()
    if "secret" not in request.data.model_fields_set:
        del values["secret"]
    return _write(request, values)


def change(request: Request) -> Reply:
    """Changes what the body names."""
    return _write(request, changes(request.data))


def _write(request: Request, values: dict[str, Any]) -> Reply:
    """Changes some members of a connector."""
    unit = request.unit
    found = connectors.find_connector(unit, request.matchdict["id"], CONNECTOR_CHANGE)
    check_version(request, found.version)
    connectors.change(unit, found, values)
    return shown(connector_shape(found), found.version)


def delete(request: Request) -> None:
    """Removes a connector and its runs; what it imported stays."""
    unit = request.unit
    found = connectors.find_connector(unit, request.matchdict["id"], CONNECTOR_CHANGE)
    check_version(request, found.version)
    connectors.remove(unit, found)


def start(request: Request) -> Reply:
    """Starts a run."""
    unit = request.unit
    found = connectors.find_connector(unit, request.matchdict["id"], CONNECTOR_RUN)
    run = connectors.start(unit, found)
    asked = read_request(RUNS, [("connector_id", str(found.id)), ("limit", "1")])
    (row,) = run_list(unit, RUNS, asked).rows
    assert row["id"] == run.id  # noqa: S101 - the newest is the one that was just started
    return Reply(row, 202, location=f"/api/v1/jobs/{run.job_id}/")


def includeme(config: Any) -> None:
    """Adds the resource."""
    add, noun = config.add_api_view, "connectors"
    config.add_api_list(
        noun,
        listing=CONNECTORS,
        path="connectors/",
        out=ConnectorOut,
        summary="Lists the connectors: one's own, or all for who sees the whole organisation.",
    )
    config.add_api_list(
        "connector-runs",
        listing=RUNS,
        path="connector-runs/",
        out=ConnectorRunOut,
        summary="Lists runs of connectors, the newest first.",
    )
    add(
        create,
        noun,
        "create",
        path="connectors/",
        permission=CONNECTOR_CHANGE,
        body=ConnectorIn,
        out=ConnectorOut,
        summary="Sets a connector up; it acts with the rights of who does.",
    )
    add(
        read,
        noun,
        "read",
        path=ONE,
        permission=CONNECTOR_VIEW,
        out=ConnectorOut,
        summary="Shows a connector.",
    )
    add(
        replace,
        noun,
        "replace",
        path=ONE,
        permission=CONNECTOR_CHANGE,
        body=ConnectorSettings,
        out=ConnectorOut,
        summary="Replaces a connector, all but kind and importer; its secret stays unless named.",
    )
    add(
        change,
        noun,
        "change",
        path=ONE,
        permission=CONNECTOR_CHANGE,
        body=ConnectorChange,
        out=ConnectorOut,
        summary="Changes a connector; who does becomes its owner.",
    )
    add(
        delete,
        noun,
        "delete",
        path=ONE,
        permission=CONNECTOR_CHANGE,
        errors=(Conflict,),
        summary="Removes a connector and its runs; what it imported stays.",
    )
    add(
        start,
        noun,
        "run",
        path=f"{ONE}run/",
        permission=CONNECTOR_RUN,
        out=ConnectorRunOut,
        status=202,
        errors=(Conflict,),
        summary="Starts a run now.",
    )
