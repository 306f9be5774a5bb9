"""PDF documents from a template and a snapshot of data.

The template is Typst source that ships with the core or a plugin. What people typed lies beside it
as a JSON file (``/data.json``) and is never part of the source, so that no text can become markup,
code or a file name. Only the fonts of this package and of folders named by the installation are
seen; the creation date comes from the caller. The same template, data and date therefore give the
same bytes on every machine.

A template starts with ``#let data = json("/data.json")``. It is fastest if its ``set`` rules hold
nothing of one document alone, since the typesetter remembers what it has laid out by content and
rules; see the certificate of the calibration plugin.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import threading
import weakref
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from tempfile import mkdtemp
from typing import Protocol, TypeAlias

import typst

from calibrify_core.exchange.typefaces import code_points, covered, plain
from calibrify_core.kernel.errors import CalibrifyError, Invalid, TooLarge

JSON: TypeAlias = "bool | int | str | Sequence[JSON] | Mapping[str, JSON] | None"

MAX_DATA_CHARACTERS = 8_000_000
"""Longest JSON that is laid out; about 2,000 pages of results."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file embedded in the document (PDF/A-3).

    Attributes:
        name: file name shown by the reader, without folders.
        media_type: for example ``application/xml``.
        content: the bytes, embedded as they are.
        description: one line for the reader's list of attachments.
    """

    name: str
    media_type: str
    content: bytes
    description: str = ""


class DocumentRenderer(Protocol):
    """Turns a template and a snapshot into the bytes of a PDF; a plugin may bring another."""

    def render_pdf(
        self,
        template: Traversable,
        data: Mapping[str, JSON],
        *,
        created: datetime,
        attachments: Sequence[Attachment] = (),
    ) -> bytes:
        """Returns the document; the same arguments give the same bytes."""
        ...


class TypstRenderer:
    """Renders Typst templates to PDF/A-2b, or PDF/A-3b when files are attached.

    Safe for use by many threads: each has a workspace of its own, all share the loaded fonts. A
    process that forks must do so before its first document: the typesetter's own threads do not
    follow into the child.

    Args:
        font_folders: further folders with TTF or OTF files, for scripts that the bundled fonts
            lack (Chinese, Japanese, Korean, Indic). A character that no font can draw is printed
            as its code point, for example ``[U+4E2D]``.
    """

    def __init__(self, font_folders: Sequence[Path] = ()) -> None:
        self._folders = (_bundled_fonts(), *font_folders)
        self._local = threading.local()
        self._lock = threading.Lock()
        self._fonts: typst.Fonts | None = None

    def render_pdf(
        self,
        template: Traversable,
        data: Mapping[str, JSON],
        *,
        created: datetime,
        attachments: Sequence[Attachment] = (),
    ) -> bytes:
        """Lays out one document.

        Args:
            template: a ``.typ`` file in UTF-8; it can import no other file.
            data: what the template prints; numbers are text, floats are refused.
            created: aware; the creation date in the document.
            attachments: files to embed.

        Returns:
            The PDF.

        Raises:
            Invalid: ``data`` holds something other than JSON with exact numbers.
            TooLarge: the data is longer than ``MAX_DATA_CHARACTERS``.
            CalibrifyError: the template is broken.
        """
        source = template.read_bytes()
        failure: typst.TypstError | None = None
        for drawable in self._policies():
            text = _payload(data, attachments, drawable)
            try:
                return self._workspace().compile(source, text, attachments, created)
            except typst.TypstError as error:
                failure = error
                if "could not be displayed" not in error.message:
                    break
        detail = f"The template {template.name} could not be printed."
        raise CalibrifyError(detail) from failure

    def _policies(self) -> tuple[Callable[[str], bool], ...]:
        """Which characters are drawn, from all that a font has to those that cannot combine.

        A character and its accent may each have a font and yet no font for both: then the
        accents, and at last everything but ASCII, are written as code points.
        """
        known = covered(self._folders)
        return (
            known.__contains__,
            lambda character: character in known and plain(character),
            lambda character: character.isascii() and character.isprintable(),
        )

    def _workspace(self) -> _Workspace:
        workspace: _Workspace | None = getattr(self._local, "workspace", None)
        if workspace is None or workspace.process != os.getpid():
            with self._lock:
                if self._fonts is None:
                    self._fonts = typst.Fonts(
                        include_system_fonts=False,
                        include_embedded_fonts=False,
                        font_paths=[str(folder) for folder in self._folders],
                    )
            workspace = self._local.workspace = _Workspace(self._fonts)
        return workspace


class _Workspace:
    """A private folder of one thread, and the compilers that see nothing but this folder."""

    def __init__(self, fonts: typst.Fonts) -> None:
        self.process = os.getpid()
        self._fonts = fonts
        self.folder = Path(mkdtemp(prefix="calibrify-document-"))
        self._compilers: dict[str, typst.Compiler] = {}
        weakref.finalize(self, shutil.rmtree, self.folder, ignore_errors=True)

    def compile(
        self, source: bytes, text: str, attachments: Sequence[Attachment], created: datetime
    ) -> bytes:
        """Returns the PDF; what people typed leaves the folder again in any case."""
        papers = [self.folder / "data.json"]
        papers += [self.folder / f"attachment-{index}" for index in range(len(attachments))]
        try:
            for path, content in zip(
                papers, [text.encode(), *(file.content for file in attachments)], strict=True
            ):
                path.write_bytes(content)
            result = self._compiler(source + (_ATTACH if attachments else b"")).compile(
                format="pdf",
                pdf_standards=["a-3b" if attachments else "a-2b"],
                timestamp=int(created.timestamp()),
                pdf_tags=False,
            )
        finally:
            for path in papers:
                path.unlink(missing_ok=True)
        if not isinstance(result, bytes):
            raise CalibrifyError("The typesetter returned no document.")
        return result

    def _compiler(self, source: bytes) -> typst.Compiler:
        digest = hashlib.sha256(source).hexdigest()
        if digest not in self._compilers:
            path = self.folder / f"{digest}.typ"
            path.write_bytes(source)
            folder = str(self.folder)
            self._compilers[digest] = typst.Compiler(
                str(path),
                root=folder,
                font_paths=self._fonts,
                ignore_system_fonts=True,
                package_path=folder,
                package_cache_path=folder,
            )
        return self._compilers[digest]


def render_pdf(
    template: Traversable,
    data: Mapping[str, JSON],
    *,
    created: datetime,
    attachments: Sequence[Attachment] = (),
) -> bytes:
    """Lays out one document with the bundled fonts; see `TypstRenderer.render_pdf`."""
    return _default_renderer().render_pdf(template, data, created=created, attachments=attachments)


@lru_cache(maxsize=1)
def _default_renderer() -> TypstRenderer:
    return TypstRenderer()


@lru_cache(maxsize=1)
def _bundled_fonts() -> Path:
    return Path(str(files("calibrify_core.exchange") / "fonts"))


_ATTACH = b"""
#for (index, file) in json("/data.json").attachments.enumerate() {
  pdf.attach(
    file.name,
    read("/attachment-" + str(index), encoding: none),
    mime-type: file.media_type,
    description: file.description,
    relationship: "data",
  )
}
"""


def _payload(
    data: Mapping[str, JSON],
    attachments: Sequence[Attachment],
    drawable: Callable[[str], bool],
) -> str:
    """The JSON that the template reads, with every string made printable."""
    printable: dict[str, JSON] = {
        key: _printable(value, drawable, f"/{key}") for key, value in data.items()
    }
    if attachments:
        printable["attachments"] = [
            {"name": file.name, "media_type": file.media_type, "description": file.description}
            for file in attachments
        ]
    text = json.dumps(printable, ensure_ascii=False, separators=(",", ":"))
    if len(text) > MAX_DATA_CHARACTERS:
        raise TooLarge("The document is too long to print.")
    return text


def _printable(value: JSON, drawable: Callable[[str], bool], pointer: str) -> JSON:
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, str):
        return value if value.isascii() and value.isprintable() else code_points(value, drawable)
    if isinstance(value, Mapping):
        return {
            key: _printable(member, drawable, f"{pointer}/{key}") for key, member in value.items()
        }
    if isinstance(value, list | tuple):
        return [
            _printable(member, drawable, f"{pointer}/{index}") for index, member in enumerate(value)
        ]
    raise Invalid.field(pointer, f"A document takes exact values, not {type(value).__name__}.")
