"""An endpoint: all that a view of the API says about itself, and nothing that it does."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from calibrify_core.kernel.errors import CalibrifyError, ConfigurationError, NotFound
from calibrify_core.work.platform import Platform

BASE = "/api/v1/"
PUBLIC = "public"
CATEGORY = "calibrify api"

METHODS: Mapping[str, str] = {
    "list": "GET",
    "read": "GET",
    "create": "POST",
    "replace": "PUT",
    "change": "PATCH",
    "delete": "DELETE",
}
STATUSES: Mapping[str, int] = {"create": 201, "delete": 204}
PARAMETER = re.compile(r"\{(\w+)(?::(uuid))?\}")
UUID_PATTERN = "[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"


@dataclass(frozen=True, slots=True)
class OpenShape:
    """The schema of a response that plugins add members to.

    Attributes:
        base: the members that are always there.
        members: returns the further ones with their JSON schemas, from the platform.
    """

    base: type[BaseModel]
    members: Callable[[Platform], Mapping[str, Mapping[str, Any]]]


Out = type[BaseModel] | OpenShape | None


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One method of one address.

    Attributes:
        noun: what it is about, in the plural: ``widgets``.
        verb: what it does: ``list``, ``read``, ``create``, ``replace``, ``change``,
            ``delete``, or an action of the trade such as ``approve``.
        path: below ``/api/v1/``, with ``{id:uuid}`` for ids.
        permission: what the caller must hold; `PUBLIC`, or
            `calibrify_core.auth.policy.SIGNED_IN`, where that is all.
        method: HTTP method, by default that of the verb, POST for an action.
        summary: one line for the reference.
        body: schema of the body.
        query: schema of the query.
        listing: a function of the platform that returns the `ListSpec`.
        plural: whether what comes back is a page of rows, by default for the verb ``list``.
        out: schema of the body that comes back; for a list, of one row.
        status: of success, by default that of the verb.
        errors: what it raises beside what every endpoint may.
        version_required: whether `If-Match` must be sent.
        idempotent: whether `Idempotency-Key` is looked at; never where secrets come back.
        upload: members of a multipart body beside ``file``, by name with a description.
        media_type: of an answer that is not JSON.
    """

    noun: str
    verb: str
    path: str
    permission: str
    method: str
    summary: str
    body: type[BaseModel] | None = None
    query: type[BaseModel] | None = None
    listing: Any = None
    plural: bool = False
    out: Out = None
    status: int = 200
    errors: tuple[type[CalibrifyError], ...] = ()
    version_required: bool = False
    idempotent: bool = True
    upload: Mapping[str, str] | None = None
    media_type: str = "application/json"

    @property
    def name(self) -> str:
        """Unique name, ``widgets.list``."""
        return f"{self.noun}.{self.verb}"

    @property
    def pattern(self) -> str:
        """The route's pattern."""
        return BASE + PARAMETER.sub(_segment, self.path)

    @property
    def address(self) -> str:
        """The path as the OpenAPI document writes it."""
        return BASE + PARAMETER.sub(r"{\1}", self.path)

    @property
    def ids(self) -> tuple[str, ...]:
        """Names of the path's parameters that are ids."""
        return tuple(name for name, kind in PARAMETER.findall(self.path) if kind == "uuid")

    @property
    def body_may_be_empty(self) -> bool:
        """Whether an action can be asked for without any body."""
        return self.body is None or (
            self.method == "POST"
            and not any(field.is_required() for field in self.body.model_fields.values())
        )


def make_endpoint(
    noun: str,
    verb: str,
    *,
    path: str,
    permission: str | None,
    summary: str,
    method: str | None = None,
    status: int | None = None,
    errors: Sequence[type[CalibrifyError]] = (),
    plural: bool | None = None,
    **more: Any,
) -> Endpoint:
    """Returns the endpoint that the arguments of ``add_api_view`` describe.

    Raises:
        ConfigurationError: the permission or the final slash is missing.
    """
    if not permission:
        raise ConfigurationError(
            f"The API view {noun}.{verb} names no permission: give it one, "
            f"or say PUBLIC or SIGNED_IN."
        )
    if path.startswith("/") or not (path.endswith("/") or "." in path.rsplit("/", 1)[-1]):
        raise ConfigurationError(
            f"The API view {noun}.{verb} has the path {path!r}: it starts without a slash "
            f"and ends with one."
        )
    return Endpoint(
        noun,
        verb,
        path,
        permission,
        method or METHODS.get(verb, "POST"),
        summary,
        status=status or STATUSES.get(verb, 200),
        errors=tuple(errors),
        plural=verb == "list" if plural is None else plural,
        **more,
    )


def _segment(match: re.Match[str]) -> str:
    """Returns a parameter of a path as Pyramid's pattern."""
    return f"{{{match[1]}:{UUID_PATTERN}}}" if match[2] else f"{{{match[1]}}}"


def parse_ids(names: Sequence[str], matched: dict[str, Any]) -> None:
    """Turns the ids of a matched path into UUIDs, in place.

    Raises:
        NotFound: one is none.
    """
    for name in names:
        try:
            matched[name] = uuid.UUID(matched[name])
        except ValueError:
            raise NotFound from None
