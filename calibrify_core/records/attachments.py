"""Attaching files to records: what may be attached, by whom, and who may read it."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any, BinaryIO

import sqlalchemy as sa

from calibrify_core.hooks.declarations import FileOwner
from calibrify_core.kernel.errors import Forbidden, Invalid, NotFound, UnsupportedMediaType
from calibrify_core.persistence.scoping import condition, unscoped
from calibrify_core.records.files import StoredFile

HEAD = 4096
KINDS = ("attachment", "certificate", "photo", "evidence")

# By what a file begins with; its name and what the sender says count for nothing.
_SIGNATURES = (
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
)
_OFFICE = "application/vnd.openxmlformats-officedocument."
_PACKAGES = {
    "xlsx": f"{_OFFICE}spreadsheetml.sheet",
    "docx": f"{_OFFICE}wordprocessingml.document",
    "ods": "application/vnd.oasis.opendocument.spreadsheet",
    "odt": "application/vnd.oasis.opendocument.text",
}
_TEXTS = {"csv": "text/csv", "txt": "text/plain", "xml": "application/xml"}


def recognised(head: bytes, name: str) -> str:
    """Returns the media type of a file that may be attached.

    Args:
        head: its first bytes.
        name: chooses among types that begin alike.

    Raises:
        UnsupportedMediaType: it is none of them.

    >>> recognised(b"%PDF-1.7", "x.exe")
    'application/pdf'
    """
    for signature, media_type in _SIGNATURES:
        if head.startswith(signature):
            return media_type
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    ending = name.rsplit(".", 1)[-1].lower()
    if head.startswith(b"PK\x03\x04") and ending in _PACKAGES:
        return _PACKAGES[ending]
    if ending in _TEXTS and _is_text(head):
        return _TEXTS[ending]
    raise UnsupportedMediaType(
        "Attach a PDF, an image, an office document, or text as .csv, .txt or .xml."
    )


def _is_text(head: bytes) -> bool:
    """Tells whether bytes are text; the last character may be cut in two."""
    for cut in range(4):
        try:
            return "\x00" not in head[: len(head) - cut].decode("utf-8")
        except UnicodeDecodeError:
            continue
    return b"\x00" not in head


class Attachments:
    """Files of records, with the rights of the records that they belong to.

    Args:
        unit: the unit of work.
    """

    def __init__(self, unit: Any) -> None:
        self._unit = unit
        self._owners: dict[str, FileOwner] = unit.platform.plugins.named("calibrify_file_owners")

    def attach(
        self, stream: BinaryIO, name: str, object_type: str, object_id: uuid.UUID, kind: str
    ) -> StoredFile:
        """Stores a file and attaches it to a record.

        Args:
            stream: its content, at its beginning.
            name: as people call it.
            object_type: kind of record, as a plugin declares it.
            object_id: the record.
            kind: one of `KINDS`.

        Raises:
            Invalid: there is no such record within what the caller may change.
            Forbidden: the caller may change no such record at all.
            UnsupportedMediaType: such a file is not taken.
            TooLarge: it is larger than the storage takes.
        """
        owner = self._owners.get(object_type)
        if owner is None:
            known = ", ".join(sorted(self._owners)) or "nothing"
            raise Invalid.field("object_type", f"Files can be attached to: {known}.")
        if kind not in KINDS:
            raise Invalid.field("kind", f"This is one of: {', '.join(KINDS)}.")
        if not self._unit.access.permits(owner.change):
            raise Forbidden.without(owner.change)
        if not self._reaches(owner, object_id, owner.change):
            raise Invalid.field("object_id", f"There is no {object_type} {object_id}.")
        media_type = recognised(stream.read(HEAD), name)
        stream.seek(0)
        stored = self._unit.platform.storage.put(stream)
        found: StoredFile = self._unit.add(
            StoredFile(
                organisation_id=self._unit.organisation.id,
                name=name[:255],
                content_type=media_type,
                size=stored.size,
                sha256=stored.sha256,
                object_type=object_type,
                object_id=object_id,
                kind=kind,
                uploaded_by=self._unit.actor.user_id,
            )
        )
        self._unit.session.flush()
        return found

    def find(self, file_id: uuid.UUID) -> StoredFile:
        """Returns a file whose record the caller may read.

        Raises:
            NotFound: it does not exist, or its record lies outside of the caller's scope.
        """
        own = sa.select(StoredFile).where(
            StoredFile.id == file_id, StoredFile.organisation_id == self._unit.organisation.id
        )
        statement = unscoped(own, StoredFile, because="its record is asked just below")
        found: StoredFile | None = self._unit.session.scalars(statement).one_or_none()
        owner = self._owners.get(found.object_type) if found is not None else None
        if found is None or owner is None or not self._reaches(owner, found.object_id, owner.view):
            raise NotFound("This file does not exist.")
        return found

    def open(self, file: StoredFile) -> BinaryIO:
        """Opens the content of a file; the caller closes it."""
        stream: BinaryIO = self._unit.platform.storage.open(file.sha256)
        return stream

    def readable(self) -> Iterable[sa.ColumnElement[bool]]:
        """Returns the condition that files in a list meet: their records may be read."""
        reached = [
            sa.and_(
                StoredFile.object_type == owner.name,
                StoredFile.object_id.in_(self._select(owner, owner.view)),
            )
            for owner in self._owners.values()
            if self._unit.access.permits(owner.view)
        ]
        return [sa.or_(sa.false(), *reached)]

    def _select(self, owner: FileOwner, permission: str) -> sa.Select[Any]:
        """Returns a select of the records that a permission reaches."""
        scope = self._unit.access.scope(permission)
        return sa.select(owner.model.id).where(condition(owner.model, scope))

    def _reaches(self, owner: FileOwner, object_id: uuid.UUID, permission: str) -> bool:
        """Tells whether a record lies within what a permission reaches."""
        statement = self._unit.restrict(
            sa.select(owner.model.id).where(owner.model.id == object_id), owner.model, permission
        )
        return self._unit.session.scalars(statement).first() is not None


def shape_file(row: Any) -> dict[str, Any]:
    """Returns a file as the API shows it."""
    return {
        "id": row.id,
        "name": row.name,
        "content_type": row.content_type,
        "size": row.size,
        "sha256": row.sha256,
        "object_type": row.object_type,
        "object_id": row.object_id,
        "kind": row.kind,
        "uploaded_by": row.uploaded_by,
        "created_at": row.created_at,
    }
