"""The one tree of errors that Calibrify raises on purpose.

Each class knows its machine-readable ``code``, its human ``title`` and the HTTP ``status``
with which the doors (JSON API and web pages) answer it. Code below the doors raises these
and never an HTTP exception, so that the same service serves a page, the API and a task.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self


@dataclass(frozen=True, slots=True)
class FieldError:
    """One thing that is wrong with one member of what was sent.

    Attributes:
        pointer: JSON pointer to the member (RFC 6901), ``""`` for the body as a whole;
            a query parameter is named ``/query/<name>``, a header ``/header/<name>``.
        detail: what is wrong, as a sentence for a person.
    """

    pointer: str
    detail: str


class CalibrifyError(Exception):
    """Base of every error that is raised on purpose.

    Args:
        detail: what happened, as a sentence for the person who asked.
        **extra: further members of the problem document (for example ``allowed``).
    """

    code: ClassVar[str] = "error"
    title: ClassVar[str] = "Something went wrong"
    status: ClassVar[int] = 500

    def __init__(self, detail: str = "", **extra: Any) -> None:
        super().__init__(detail or self.title)
        self.detail = detail or self.title
        self.extra: Mapping[str, Any] = extra


class ConfigurationError(CalibrifyError):
    """The installation cannot start as it is configured; the detail names the cure."""

    code = "configuration"
    title = "Calibrify cannot start"


class PluginFailed(CalibrifyError):
    """Code of a plugin failed where the work cannot go on without it; all of it is undone."""

    code = "plugin_failed"
    title = "A plugin failed"


class Malformed(CalibrifyError):
    """The request cannot be read at all.

    It is no JSON, not UTF-8, holds ``NaN``, is nested too deep, or its address is broken.
    """

    code = "malformed"
    title = "The request cannot be read"
    status = 400


class Unauthenticated(CalibrifyError):
    """Nobody is signed in, or the credentials are wrong, expired or revoked."""

    code = "unauthenticated"
    title = "Sign-in is needed"
    status = 401


class Forbidden(CalibrifyError):
    """The person is known, and may not do this anywhere in the organisation.

    Attributes:
        permission: the name in the detail that a page replaces by its label, "" if there is none.
    """

    code = "forbidden"
    title = "Not allowed"
    status = 403
    permission = ""

    @classmethod
    def without(cls, permission: str, where: str = "") -> Self:
        """Returns the error of somebody who lacks a permission.

        >>> Forbidden.without("core.user:view", " for the whole organisation").detail
        'This needs the permission core.user:view for the whole organisation.'
        """
        error = cls(f"This needs the permission {permission}{where}.")
        error.permission = permission
        return error


class NotFound(CalibrifyError):
    """It does not exist, or it lies outside the scope of who asks."""

    code = "not_found"
    title = "Not found"
    status = 404


class MethodNotAllowed(CalibrifyError):
    """The address exists, and does not answer this method; the header ``Allow`` lists those."""

    code = "method_not_allowed"
    title = "Method not allowed"
    status = 405


class Conflict(CalibrifyError):
    """The present state does not allow it; ``allowed`` may list what would be legal."""

    code = "conflict"
    title = "Conflicts with the present state"
    status = 409


class StaleVersion(CalibrifyError):
    """Somebody else changed the object since it was read (``If-Match`` failed)."""

    code = "stale_version"
    title = "Changed by somebody else meanwhile"
    status = 412


class TooLarge(CalibrifyError):
    """The body or file is larger than the documented limit."""

    code = "too_large"
    title = "Too large"
    status = 413


class UnsupportedMediaType(CalibrifyError):
    """The body is of a media type that this address does not take, or not in UTF-8."""

    code = "unsupported_media_type"
    title = "Unsupported media type"
    status = 415


class Invalid(CalibrifyError):
    """Readable, and wrong: ``errors`` names every member that is.

    Args:
        errors: all field errors, never only the first.
        detail: a summary; counted from ``errors`` if not given.
    """

    code = "invalid"
    title = "Some values are not valid"
    status = 422

    def __init__(self, errors: Sequence[FieldError] = (), detail: str = "", **extra: Any) -> None:
        self.errors = tuple(errors)
        if not detail and self.errors:
            count = len(self.errors)
            detail = self.errors[0].detail if count == 1 else f"There are {count} problems."
        super().__init__(detail, **extra)

    @classmethod
    def field(cls, name: str, detail: str) -> Invalid:
        """Returns the error about one member, by its name or JSON pointer."""
        pointer = name if name.startswith("/") else f"/{name}"
        return cls([FieldError(pointer, detail)])


def check_all(*checks: Callable[[], object]) -> None:
    """Makes several checks, so that one answer tells all that they find.

    Args:
        *checks: each raises `Invalid` for what it finds; anything else that it raises ends all.

    Raises:
        Invalid: with the errors of all of them.
    """
    errors: list[FieldError] = []
    for check in checks:
        try:
            check()
        except Invalid as error:
            errors += error.errors or (FieldError("", error.detail),)
    if errors:
        raise Invalid(errors)


class PreconditionRequired(CalibrifyError):
    """A change of this kind of object must say which version it changes, by ``If-Match``."""

    code = "precondition_required"
    title = "If-Match is needed"
    status = 428


class TooManyRequests(CalibrifyError):
    """The caller goes faster than the limit; ``Retry-After`` says how many seconds to wait.

    Args:
        retry_after: whole seconds after which another try makes sense.
    """

    code = "too_many_requests"
    title = "Too many requests"
    status = 429

    def __init__(self, retry_after: int, detail: str = "") -> None:
        super().__init__(detail or f"Try again in {retry_after} seconds.")
        self.retry_after = retry_after


class Unavailable(CalibrifyError):
    """The database or something else that is needed is busy or away; see ``Retry-After``.

    Args:
        retry_after: whole seconds after which another try makes sense.
    """

    code = "unavailable"
    title = "Temporarily unavailable"
    status = 503

    def __init__(self, detail: str = "", retry_after: int = 5) -> None:
        super().__init__(detail)
        self.retry_after = retry_after
