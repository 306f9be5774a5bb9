"""Connectors: set up, changed, started and removed."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from pydantic import ValidationError

from calibrify_core.exchange.options import ImportOptions, parse_options
from calibrify_core.hooks.importers import Importer
from calibrify_core.kernel.errors import Conflict, FieldError, Invalid, NotFound
from calibrify_core.kernel.ids import new_id
from calibrify_core.persistence.scoping import unscoped
from calibrify_core.tasks.job import FINISHED, Job
from calibrify_core.tasks.queue import start_job
from calibrify_core.work.platform import Platform
from calibrify_core.work.unit import UnitOfWork
from calibrify_integration.models.connector import Connector, ConnectorFile, ConnectorRun
from calibrify_integration.permissions import CONNECTOR_CHANGE, CONNECTOR_RUN, CONNECTOR_VIEW
from calibrify_integration.public import ConnectorKind
from calibrify_integration.services import ownership

TASK = "integration.run_connector"
HOOK = "calibrify_integration_connectors"
BECAUSE = "a connector that the actor may see has these runs and files"
_c: Any = Connector.__table__
NO_PERSON = "A connector acts with the rights of a person: sign in to set it up."


def kind_of(platform: Platform, name: str) -> ConnectorKind:
    """Returns a kind of connector.

    Raises:
        NotFound: no enabled plugin has it.
    """
    kind: ConnectorKind | None = platform.plugins.named(HOOK).get(name)
    if kind is None:
        raise NotFound(f"No enabled plugin has connectors of the kind {name}.")
    return kind


def importer_of(platform: Platform, name: str) -> Importer:
    """Returns a kind of records that files can be imported into.

    Raises:
        NotFound: no enabled plugin has it.
    """
    importer: Importer | None = platform.plugins.named("calibrify_importers").get(name)
    if importer is None:
        raise NotFound(f"No enabled plugin imports {name}.")
    return importer


def own(unit: Any, permission: str = CONNECTOR_VIEW) -> list[sa.ColumnElement[bool]]:
    """Returns the condition that leaves one's own connectors, unless all may be seen."""
    return ownership.own(unit, Connector.owner_id, permission)


def find_connector(
    unit: UnitOfWork, connector_id: uuid.UUID, permission: str = CONNECTOR_VIEW
) -> Connector:
    """Returns a connector.

    Raises:
        NotFound: it does not exist, or is somebody else's who reaches further.
    """
    found: Connector = ownership.find_own(unit, Connector, connector_id, permission)
    return found


def create(unit: UnitOfWork, values: Mapping[str, Any]) -> Connector:
    """Sets a connector up; the author becomes its owner.

    Args:
        unit: the unit of work.
        values: members as `schemas.connector.ConnectorIn` names them.

    Raises:
        Forbidden: the author may not, or acts by a token.
        Invalid: with what does not fit.
    """
    owner_id = ownership.person(unit, CONNECTOR_CHANGE, NO_PERSON)
    connector = Connector(
        id=new_id(),
        organisation_id=unit.organisation.id,
        owner_id=owner_id,
        kind=values["kind"],
        importer=values["importer"],
        settings={},
        options={},
        cursor={},
        name=values["name"],
    )
    _apply(unit, connector, values)
    unit.add(connector)
    unit.session.flush()
    return connector


def change(unit: UnitOfWork, connector: Connector, values: Mapping[str, Any]) -> Connector:
    """Changes a connector; the author becomes its owner, and it begins anew at its source.

    Raises:
        Forbidden: the author may not, or acts by a token.
        Invalid: with what does not fit.
    """
    connector.owner_id = ownership.person(unit, CONNECTOR_CHANGE, NO_PERSON)
    _apply(unit, connector, values)
    unit.session.flush()
    return connector


def remove(unit: UnitOfWork, connector: Connector) -> None:
    """Removes a connector and its runs; what it imported stays.

    Raises:
        Conflict: it runs just now.
    """
    unit.access.require(CONNECTOR_CHANGE)
    if active_run(unit, connector.id):
        raise Conflict("It runs just now: wait for the end, or cancel the job.")
    for model in (ConnectorFile, ConnectorRun):
        statement = sa.delete(model).where(model.connector_id == connector.id)
        unit.session.execute(unscoped(statement, model, because=BECAUSE))
    unit.session.delete(connector)
    unit.session.flush()


def start(unit: UnitOfWork, connector: Connector) -> ConnectorRun:
    """Starts a run, which acts with the present rights of the owner.

    Raises:
        Forbidden: the author may not.
        Conflict: one runs already.
    """
    unit.access.require(CONNECTOR_RUN)
    # Of two who start it in the same moment, one waits here and then sees the other's run.
    lock = sa.select(_c.c.id).where(_c.c.id == connector.id).with_for_update()
    unit.session.connection().execute(lock)
    if active_run(unit, connector.id):
        raise Conflict("It runs already.")
    payload = {"connector_id": str(connector.id), "title": f"Connector {connector.name}"}
    job = start_job(
        unit.session,
        TASK,
        payload,
        organisation_id=unit.organisation.id,
        user_id=connector.owner_id,
    )
    run = ConnectorRun(
        id=new_id(),
        organisation_id=unit.organisation.id,
        connector_id=connector.id,
        job_id=job.id,
        log=[],
        errors=[],
    )
    unit.add(run)
    unit.session.flush()
    return run


def active_run(unit: UnitOfWork, connector_id: uuid.UUID) -> bool:
    """Tells whether a run of a connector waits or runs."""
    statement = (
        sa.select(ConnectorRun.id)
        .join(Job, Job.id == ConnectorRun.job_id)
        .where(ConnectorRun.connector_id == connector_id, Job.state.not_in(FINISHED))
    )
    marked = unscoped(statement, ConnectorRun, Job, because=BECAUSE)
    return unit.session.execute(marked).first() is not None


def next_time(connector: Connector, now: datetime) -> datetime | None:
    """Returns when a connector that was just set up runs next."""
    if not connector.enabled or connector.every_minutes is None:
        return None
    return now + timedelta(minutes=connector.every_minutes)


def _apply(unit: UnitOfWork, connector: Connector, values: Mapping[str, Any]) -> None:
    """Checks and writes what was given; what is not named stays.

    Raises:
        Invalid: with what does not fit.
        Forbidden: the author may not import what the connector imports.
    """
    kind, importer = _parts(unit, connector)
    unit.access.require(importer.permission)
    before = dict(connector.settings)
    if "settings" in values:
        connector.settings = _settings(unit, kind, values["settings"])
    if "options" in values:
        options = parse_options(values["options"])
        _check_key(kind, importer, options)
        connector.options = options.model_dump(mode="json", exclude_defaults=True)
    for name in ("name", "mapping", "every_minutes", "enabled"):
        if name in values:
            setattr(connector, name, values[name])
    if values.get("secret") is not None:
        if not kind.target:
            raise Invalid.field("secret", "Connectors of this kind take no secret.")
        connector.secret = unit.platform.vault.seal(values["secret"], place_of(connector.id))
    elif "secret" in values and values["secret"] is None:
        connector.secret = None
    elif connector.secret and before.get(kind.target) != connector.settings.get(kind.target):
        raise Invalid.field("secret", "The address is another: give the secret again.")
    connector.cursor, connector.failures, connector.last_failure = {}, 0, ""
    connector.next_run_at = next_time(connector, unit.clock.now())


def place_of(connector_id: uuid.UUID) -> str:
    """Returns the place for which a connector's secret is sealed."""
    return f"integration_connector:secret:{connector_id}"


def _parts(unit: UnitOfWork, connector: Connector) -> tuple[ConnectorKind, Importer]:
    """Returns kind and importer of a connector.

    Raises:
        Invalid: one of them does not exist.
    """
    errors = []
    try:
        kind = kind_of(unit.platform, connector.kind)
    except NotFound as error:
        errors.append(FieldError("/kind", error.detail))
    try:
        importer = importer_of(unit.platform, connector.importer)
    except NotFound as error:
        errors.append(FieldError("/importer", error.detail))
    if errors:
        raise Invalid(errors)
    return kind, importer


def _settings(unit: UnitOfWork, kind: ConnectorKind, given: Mapping[str, Any]) -> dict[str, Any]:
    """Returns settings that fit their kind.

    Raises:
        Invalid: with every member that does not.
    """
    try:
        settings = kind.settings.model_validate(dict(given))
    except ValidationError as error:
        raise Invalid(
            [
                FieldError(
                    "/settings/" + "/".join(str(part) for part in problem["loc"]),
                    problem["msg"].removeprefix("Value error, ").rstrip(".") + ".",
                )
                for problem in error.errors(include_url=False)
            ]
        ) from None
    kind.check(unit, settings)
    return settings.model_dump(mode="json")


def _check_key(kind: ConnectorKind, importer: Importer, options: ImportOptions) -> None:
    """Checks that rows find their records where a file may come again.

    Raises:
        Invalid: the options do not say by which field.
    """
    if kind.needs_key and options.match_on not in importer.keys:
        keys = ", ".join(importer.keys)
        raise Invalid.field("options/match_on", f"Records come again: say one of {keys}.")
