"""Errors as answers: the one place where an exception becomes an HTTP response."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import orjson
from pyramid import httpexceptions as http
from pyramid.response import Response
from sqlalchemy import exc as database
from sqlalchemy.orm.exc import StaleDataError

from calibrify_core.api.request import Request
from calibrify_core.kernel import errors

ASKED = "calibrify.asked"
ERROR_PAGE = "calibrify.error_page"
JSON_PATHS = ("/api/", "/health/", "/metrics")
MEDIA_TYPE = "application/problem+json"

ErrorPage = Callable[[Request, errors.CalibrifyError], Response]

_BY_STATUS: Mapping[int, type[errors.CalibrifyError]] = {
    400: errors.Malformed,
    401: errors.Unauthenticated,
    403: errors.Forbidden,
    404: errors.NotFound,
    405: errors.MethodNotAllowed,
    409: errors.Conflict,
    412: errors.StaleVersion,
    413: errors.TooLarge,
    415: errors.UnsupportedMediaType,
}


class Unexpected(errors.CalibrifyError):
    """A fault of ours; the log has the details, the answer has none."""

    code = "internal"
    title = "Something went wrong"


def explain(error: Exception, request: Request) -> errors.CalibrifyError:
    """Returns the error of our tree that tells the caller what an exception means."""
    if isinstance(error, errors.ConfigurationError):
        return Unexpected("It is logged under the request id.")
    if isinstance(error, errors.CalibrifyError):
        return error
    if isinstance(error, http.HTTPException):
        return _explain_http(error, request)
    if isinstance(error, database.SQLAlchemyError):
        return _explain_database(error)
    if isinstance(error, UnicodeError):
        return errors.Malformed("The request holds text that is not valid UTF-8.")
    return Unexpected("It is logged under the request id.")


def _explain_http(error: Any, request: Request) -> errors.CalibrifyError:
    """Translates what Pyramid itself raises: no route, no permission, a broken request."""
    if error.status_int == 403:
        if request.principal is None:
            return errors.Unauthenticated()
        return errors.Forbidden()
    if error.status_int == 404:
        return errors.NotFound("There is nothing at this address.")
    kind = _BY_STATUS.get(error.status_int, errors.Malformed)
    return kind(str(error.detail or ""))


def _explain_database(error: database.SQLAlchemyError) -> errors.CalibrifyError:
    """Translates what the database refuses or cannot do just now."""
    if isinstance(error, StaleDataError):
        return errors.StaleVersion("Somebody else changed it meanwhile: read it again.")
    if isinstance(error, database.IntegrityError):
        return errors.Conflict("It clashes with what is already there.")
    if isinstance(error, database.DataError):
        return errors.Invalid(detail="A value lies outside of what can be stored.")
    if isinstance(
        error, database.OperationalError | database.InterfaceError | database.TimeoutError
    ):
        return errors.Unavailable("The database does not answer just now.")
    return Unexpected("It is logged under the request id.")


def document(error: errors.CalibrifyError, request: Request) -> dict[str, Any]:
    """Returns the problem document of an error (RFC 9457)."""
    body: dict[str, Any] = {
        "type": f"urn:calibrify:problem:{error.code}",
        "title": error.title,
        "status": error.status,
        "detail": error.detail,
        "instance": request.environ.get(ASKED) or request.path,
        "code": error.code,
        "request_id": request.request_id,
    }
    if isinstance(error, errors.Invalid):
        body["errors"] = [
            {"pointer": problem.pointer, "detail": problem.detail} for problem in error.errors
        ]
    for name, value in error.extra.items():
        body.setdefault(name, value)
    return body


def headers(error: errors.CalibrifyError) -> list[tuple[str, str]]:
    """Returns the headers that belong to an error."""
    found = []
    if isinstance(error, errors.TooManyRequests | errors.Unavailable):
        found.append(("Retry-After", str(error.retry_after)))
    if isinstance(error, errors.Unauthenticated):
        found.append(("WWW-Authenticate", 'Bearer realm="calibrify"'))
    if isinstance(error, errors.MethodNotAllowed) and "allow" in error.extra:
        found.append(("Allow", ", ".join(error.extra["allow"])))
    return found


def respond(error: errors.CalibrifyError, request: Request) -> Response:
    """Returns the answer to an error: a problem document, or a page."""
    page: ErrorPage | None = request.registry.get(ERROR_PAGE)
    if page is not None and not request.environ["PATH_INFO"].startswith(JSON_PATHS):
        answer = page(request, error)
        answer.headers.extend(headers(error))
        return answer
    body = orjson.dumps(document(error, request), default=str)
    return Response(
        body=body, status=error.status, headerlist=[("Content-Type", MEDIA_TYPE), *headers(error)]
    )


def add_error_page(config: Any, page: ErrorPage) -> None:
    """Directive: how errors look on pages, outside of the API.

    Args:
        config: the configurator.
        page: called with (request, error), returns a response with the error's status.
    """
    config.registry[ERROR_PAGE] = page


def includeme(config: Any) -> None:
    """Adds the directive ``add_error_page``."""
    config.add_directive("add_error_page", add_error_page)
