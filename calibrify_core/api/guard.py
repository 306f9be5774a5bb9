"""The guard in front of the router: addresses and sizes that the router must never see.

The router itself raises on a path that is no UTF-8, and the retry policy copies a body before
any view is asked. So both are looked at here, before anything else.
"""

from __future__ import annotations

import io
import re
import string
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import quote, unquote_to_bytes

from calibrify_core.api.problem import ASKED
from calibrify_core.api.tweens import REFUSED
from calibrify_core.kernel.errors import CalibrifyError, Malformed, TooLarge

MEBIBYTE = 1 << 20
MAX_BODY = MEBIBYTE
MAX_UPLOAD = 64 * MEBIBYTE
MAX_QUERY = 16 * 1024

Environ = dict[str, Any]
Application = Callable[[Environ, Any], Iterable[bytes]]

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class Guard:
    """WSGI middleware that turns an unreadable request into one that the router refuses.

    Args:
        application: the router.
    """

    def __init__(self, application: Application) -> None:
        self.application = application

    def __call__(self, environ: Environ, start_response: Any) -> Iterable[bytes]:
        """Looks at the address and the size, completes the address, and hands on."""
        refused = _fault(environ)
        if refused is None:
            _complete(environ)
            _keep(environ)
        else:
            _empty(environ, refused)
        return self.application(environ, start_response)


def _fault(environ: Environ) -> CalibrifyError | None:
    """Returns what is wrong with the address or the size of a request, if anything."""
    path = environ.get("PATH_INFO", "")
    if not path.isascii() or _CONTROL.search(path):
        try:
            text = path.encode("latin-1").decode("utf-8")
        except UnicodeError:
            return Malformed("The address is not valid UTF-8.")
        if _CONTROL.search(text):
            return Malformed("The address holds a control character.")
    query = environ.get("QUERY_STRING", "")
    if query:
        if len(query) > MAX_QUERY:
            return Malformed(f"The query is longer than {MAX_QUERY} characters.")
        try:
            unquote_to_bytes(query.encode("latin-1")).decode("utf-8")
        except UnicodeError:
            return Malformed("The query is not valid UTF-8.")
    length = environ.get("CONTENT_LENGTH")
    if length:
        return _oversize(length, environ.get("CONTENT_TYPE", ""))
    return None


def _oversize(length: str, media_type: str) -> CalibrifyError | None:
    """Returns what is wrong with the announced size of the body, if anything."""
    if not (length.isascii() and length.isdigit()):
        return Malformed("Content-Length is not a number.")
    upload = media_type[:10].lower() == "multipart/"
    most = MAX_UPLOAD if upload else MAX_BODY
    if len(length) > 18 or int(length) > most:
        return TooLarge(f"At most {most // MEBIBYTE} MiB are taken here.")
    return None


def _complete(environ: Environ) -> None:
    """Adds the final slash of an API address, and quotes what is not ASCII in a query.

    With or without, the same thing is meant.
    """
    path: str = environ.get("PATH_INFO", "")
    if path.startswith("/api/") and path[-1] != "/" and "." not in path[path.rindex("/") :]:
        environ["PATH_INFO"] = f"{path}/"
    query: str = environ.get("QUERY_STRING", "")
    if not query.isascii():
        environ["QUERY_STRING"] = quote(query.encode("latin-1"), safe=string.punctuation)


def _keep(environ: Environ) -> None:
    """Says that the server has kept the whole body, so that it is not copied once more."""
    if not environ.get("CONTENT_LENGTH"):
        if "HTTP_TRANSFER_ENCODING" not in environ:
            environ["wsgi.input"] = io.BytesIO()
            environ["webob.is_body_seekable"] = True
        return
    seek = getattr(environ["wsgi.input"], "seek", None)
    if seek is None:
        return
    try:
        seek(0)
    except OSError:
        return
    environ["webob.is_body_seekable"] = True


def _empty(environ: Environ, refused: CalibrifyError) -> None:
    """Strips a request of what cannot be read, and notes why, for the error tween."""
    path = environ.get("PATH_INFO", "")
    environ[REFUSED] = refused
    environ[ASKED] = quote(path.encode("latin-1"))
    environ["PATH_INFO"] = "/api/" if path.startswith("/api/") else "/"
    environ["QUERY_STRING"] = ""
    environ["CONTENT_LENGTH"] = "0"
    environ["wsgi.input"] = io.BytesIO()
