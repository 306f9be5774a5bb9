"""Connectors on the wire."""

from typing import Annotated, Any

from pydantic import Field

from calibrify_core.api.types import Body, Identifier, Moment, Name, Shape, ShortText, partial

Minutes = Annotated[int, Field(ge=1, le=44_640)]
Column = Annotated[str, Field(max_length=200)]
Secret = Annotated[str, Field(min_length=1, max_length=2000, pattern=r"^[\x20-\x7e]+$")]


class ConnectorSettings(Body):
    """What can be changed of a connector."""

    name: Name
    settings: dict[str, Any]
    mapping: Annotated[dict[Column, Column | None], Field(max_length=256)] | None = None
    options: dict[str, Any] = Field(default_factory=dict)
    secret: Secret | None = None
    every_minutes: Minutes | None = None
    enabled: bool = True


class ConnectorIn(ConnectorSettings):
    """A new connector: of which kind, and into what it imports, stay as they are."""

    kind: Annotated[str, ShortText(100)]
    importer: Annotated[str, ShortText(100)]


ConnectorChange = partial(ConnectorSettings, "ConnectorChange")


class ConnectorOut(Shape):
    """A connector; its secret never comes out."""

    id: Identifier
    name: str
    kind: str
    importer: str
    owner_id: Identifier
    settings: dict[str, Any]
    mapping: dict[str, str | None] | None
    options: dict[str, Any]
    has_secret: bool
    every_minutes: int | None
    enabled: bool
    failures: int
    last_failure: str
    next_run_at: Moment | None
    created_at: Moment
    updated_at: Moment


class ConnectorRunOut(Shape):
    """A run of a connector."""

    id: Identifier
    connector_id: Identifier
    job_id: Identifier
    state: str
    files: int
    known: int
    created: int
    updated: int
    unchanged: int
    failed: int
    log: list[dict[str, Any]]
    errors: list[dict[str, Any]]
    started_at: Moment | None
    finished_at: Moment | None
    created_at: Moment
