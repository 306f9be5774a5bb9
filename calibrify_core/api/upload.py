"""Uploads: multipart bodies of bounded size, whose file goes to disk and not to memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from webob.compat import cgi_FieldStorage

from calibrify_core.api.body import FORBIDDEN
from calibrify_core.api.request import Request
from calibrify_core.kernel.errors import FieldError, Invalid, Malformed, UnsupportedMediaType

MAX_PARTS = 20
MAX_TEXT = 256 * 1024
MAX_NAME = 200


@dataclass(slots=True)
class Upload:
    """A file that was sent, with the fields beside it.

    Attributes:
        name: as the sender calls it, without any folder.
        media_type: as the sender says; nobody relies on it.
        stream: the content, at its beginning.
        size: in bytes.
        fields: the other members, as text.
    """

    name: str
    media_type: str
    stream: BinaryIO
    size: int
    fields: dict[str, str] = field(default_factory=dict)


def read_upload(request: Request, names: Sequence[str]) -> Upload:
    """Reads a multipart body with one ``file`` and text fields.

    Args:
        request: the request; the guard has bounded its size.
        names: of the fields that may stand beside the file.

    Raises:
        UnsupportedMediaType: it is not multipart/form-data.
        Malformed: it cannot be read.
        Invalid: the file is missing, or a field is unknown or wrong.
    """
    parts = _parts(request)
    errors: list[FieldError] = []
    fields: dict[str, str] = {}
    files = []
    for part in parts:
        name = FORBIDDEN.sub("�", part.name or "")
        if name == "file" and part.filename is not None:
            files.append(part)
        elif part.filename is not None or name not in names:
            errors.append(FieldError(f"/{name}", "This is not known here."))
        elif name in fields:
            errors.append(FieldError(f"/{name}", "This is given once only."))
        elif len(part.value) > MAX_TEXT or FORBIDDEN.search(part.value):
            errors.append(FieldError(f"/{name}", "This text is too long or not allowed."))
        else:
            fields[name] = part.value
    if len(files) != 1:
        errors.append(FieldError("/file", "Exactly one file is needed here."))
    if errors:
        raise Invalid(errors)
    return _upload(files[0], fields)


def _parts(request: Request) -> list[Any]:
    """Reads the parts of a multipart body."""
    environ = request.environ
    media_type = environ.get("CONTENT_TYPE", "")
    if media_type.partition(";")[0].strip().lower() != "multipart/form-data":
        raise UnsupportedMediaType("The body must be multipart/form-data.")
    try:
        form = cgi_FieldStorage(
            fp=environ["wsgi.input"],
            environ={
                "REQUEST_METHOD": "POST",
                "CONTENT_TYPE": media_type,
                "CONTENT_LENGTH": environ.get("CONTENT_LENGTH") or "0",
            },
            keep_blank_values=True,
            errors="strict",
            max_num_fields=MAX_PARTS,
        )
    except (ValueError, TypeError):
        raise Malformed("The body is no multipart/form-data that can be read.") from None
    return list(form.list or ())


def _upload(part: Any, fields: dict[str, str]) -> Upload:
    """Returns the file of a multipart body."""
    stream = part.file
    size = stream.seek(0, 2)
    stream.seek(0)
    name = part.filename.replace("\\", "/").rsplit("/", 1)[-1]
    name = FORBIDDEN.sub("", name).replace("\n", " ").replace("\r", " ").strip()[-MAX_NAME:]
    return Upload(name or "file", str(part.type or ""), stream, size, fields)
