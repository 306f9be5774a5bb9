"""Uploads: multipart bodies of bounded size, whose file goes to disk and not to memory."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from tempfile import SpooledTemporaryFile
from typing import Any, BinaryIO

from calibrify_core.api.body import FORBIDDEN
from calibrify_core.api.request import Request
from calibrify_core.kernel.errors import FieldError, Invalid, Malformed, UnsupportedMediaType

MAX_PARTS = 20
MAX_TEXT = 256 * 1024
MAX_HEADERS = 8 * 1024
MAX_NAME = 200
CHUNK = 64 * 1024
IN_MEMORY = 1 << 20

BOUNDARY = re.compile(r';\s*boundary=(?:"([^"\r\n]{1,70})"|([^\s";,]{1,70}))', re.IGNORECASE)
DISPOSITION = re.compile(r"^content-disposition:\s*form-data\b(.*)$", re.IGNORECASE | re.MULTILINE)
MEDIA_TYPE = re.compile(r"^content-type:\s*([\w!#$&^.+/-]{1,100})", re.IGNORECASE | re.MULTILINE)
PARAMETER = re.compile(r';\s*(name|filename)="([^"\r\n]*)"', re.IGNORECASE)


@dataclass(slots=True)
class Upload:
    """A file that was sent, with the fields beside it.

    Attributes:
        name: as the sender calls it, without any folder.
        media_type: as the sender says; nobody relies on it.
        stream: the content, at its beginning; it is closed with the request.
        size: in bytes.
        fields: the other members, as text.
    """

    name: str
    media_type: str
    stream: BinaryIO
    size: int
    fields: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Part:
    """The head of one part of a multipart body."""

    name: str
    filename: str | None
    media_type: str


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
    form = _Form(request, names)
    for number, part in enumerate(form.parts()):
        if number >= MAX_PARTS:
            raise Malformed(f"A form has at most {MAX_PARTS} parts.")
        form.take(part)
    if form.upload is None:
        form.errors.append(FieldError("/file", "A file is needed here."))
    if form.errors or form.upload is None:
        raise Invalid(form.errors)
    form.upload.fields = form.fields
    return form.upload


class _Form:
    """A multipart body that is being read (RFC 7578), piece by piece."""

    def __init__(self, request: Request, names: Sequence[str]) -> None:
        media_type: str = request.environ.get("CONTENT_TYPE", "")
        if media_type.partition(";")[0].strip().lower() != "multipart/form-data":
            raise UnsupportedMediaType("The body must be multipart/form-data.")
        found = BOUNDARY.search(media_type)
        if found is None:
            raise Malformed("The form does not say where its parts end.")
        self._marker = b"\r\n--" + (found[1] or found[2]).encode("latin-1")
        self._request = request
        self._names = names
        self._stream = request.rewound_body()
        self._left = request.body_length
        self._buffer = b"\r\n"
        self.fields: dict[str, str] = {}
        self.upload: Upload | None = None
        self.errors: list[FieldError] = []

    def parts(self) -> Iterator[_Part]:
        """Yields the head of each part; its content must be taken before the next."""
        for _ in self._until(self._marker):
            pass
        while self._exactly(2) == b"\r\n":
            try:
                head = self._text(b"\r\n\r\n", MAX_HEADERS).decode("utf-8")
            except UnicodeDecodeError:
                raise Malformed("A part of the form is not valid UTF-8.") from None
            disposition = DISPOSITION.search(head)
            values = dict(PARAMETER.findall(disposition[1])) if disposition else {}
            media_type = MEDIA_TYPE.search(head)
            if "name" not in values:
                raise Malformed("A part of the form has no name.")
            yield _Part(values["name"], values.get("filename"), media_type[1] if media_type else "")

    def take(self, part: _Part) -> None:
        """Reads the content of a part: the file to disk, a field to memory."""
        shown = FORBIDDEN.sub("�", part.name)
        if part.filename is not None:
            if part.name == "file" and self.upload is None:
                self.upload = self._file(part)
                return
            self._refuse(shown, "Exactly one file is taken here, as file.")
        elif part.name not in self._names:
            self._refuse(shown, "This is not known here.")
        elif part.name in self.fields:
            self._refuse(shown, "This is given once only.")
        else:
            self._field(part.name)
            return
        for _ in self._until(self._marker):
            pass

    def _refuse(self, name: str, detail: str) -> None:
        """Notes what is wrong with a part."""
        self.errors.append(FieldError(f"/{name}", detail))

    def _field(self, name: str) -> None:
        """Reads a field."""
        pieces, size = [], 0
        for piece in self._until(self._marker):
            size += len(piece)
            if size <= MAX_TEXT:
                pieces.append(piece)
        try:
            text = b"".join(pieces).decode("utf-8")
        except UnicodeDecodeError:
            self._refuse(name, "This is not valid UTF-8.")
            return
        self.fields[name] = text
        if size > MAX_TEXT:
            self._refuse(name, f"This has at most {MAX_TEXT} bytes.")
        elif FORBIDDEN.search(text):
            self._refuse(name, "This holds a character that is not allowed.")

    def _file(self, part: _Part) -> Upload:
        """Reads the file."""
        stream: Any = SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 - lives on
        self._request.add_finished_callback(lambda _: stream.close())
        size = sum(stream.write(piece) for piece in self._until(self._marker))
        stream.seek(0)
        name = (part.filename or "").replace("\\", "/").rsplit("/", 1)[-1]
        name = FORBIDDEN.sub("", name).strip()[-MAX_NAME:]
        return Upload(name or "file", part.media_type, stream, size)

    def _until(self, marker: bytes) -> Iterator[bytes]:
        """Yields what stands before a marker, and moves behind it."""
        kept = len(marker) - 1
        while (at := self._buffer.find(marker)) < 0:
            if len(self._buffer) > kept:
                yield self._buffer[:-kept]
                self._buffer = self._buffer[-kept:]
            self._more()
        yield self._buffer[:at]
        self._buffer = self._buffer[at + len(marker) :]

    def _text(self, marker: bytes, most: int) -> bytes:
        """Returns what stands before a marker, if it is not too long."""
        found = b""
        for piece in self._until(marker):
            found += piece
            if len(found) > most:
                raise Malformed("A part of the form has too long a head.")
        return found

    def _exactly(self, count: int) -> bytes:
        """Returns the next bytes and moves behind them."""
        while len(self._buffer) < count:
            self._more()
        found, self._buffer = self._buffer[:count], self._buffer[count:]
        return found

    def _more(self) -> None:
        """Reads on; a body that ends before its last part is no form."""
        piece = self._stream.read(min(CHUNK, self._left))
        if not piece:
            raise Malformed("The form ends before its last part does.")
        self._left -= len(piece)
        self._buffer += piece
