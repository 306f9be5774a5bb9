"""Stored files on their way out: in pieces, and for saving alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO

from pyramid.response import Response

from calibrify_core.api.reply import attachment
from calibrify_core.kernel.errors import NotFound
from calibrify_core.records.attachments import Attachments
from calibrify_core.records.files import StoredFile

CHUNK = 64 * 1024


def send(attachments: Attachments, file: StoredFile) -> Response:
    """Sends a file that the caller may read."""
    return attachment(file.name, file.content_type, file.size, _Pieces(attachments.open(file)))


def send_from(request: Any, object_type: str) -> Response:
    """Sends a file of the record that the address of a page names: ``id`` and ``file_id``.

    Args:
        request: the request.
        object_type: of the records whose files the page sends.

    Raises:
        NotFound: the record has no such file that the person may read.
    """
    attachments = Attachments(request.unit)
    file = attachments.find(request.matchdict["file_id"])
    if (file.object_type, file.object_id) != (object_type, request.matchdict["id"]):
        raise NotFound("This file does not exist.")
    return send(attachments, file)


class _Pieces:
    """The pieces of an open file, which the server closes in the end."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def __iter__(self) -> Iterator[bytes]:
        while piece := self._stream.read(CHUNK):
            yield piece

    def close(self) -> None:
        """Closes the file."""
        self._stream.close()
