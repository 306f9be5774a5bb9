"""Files attached to records: sent as multipart, read by who may read the record."""

import uuid
from typing import Any, Literal

from pyramid.response import Response

from calibrify_core.api.download import send
from calibrify_core.api.reply import Reply
from calibrify_core.api.request import Request
from calibrify_core.api.types import Identifier, Moment, Shape
from calibrify_core.api.upload import Upload
from calibrify_core.auth.policy import SIGNED_IN
from calibrify_core.kernel.errors import Invalid
from calibrify_core.records.attachments import KINDS, Attachments, shape_file
from calibrify_core.records.files import StoredFile
from calibrify_core.records.listing import Kind, ListField, ListSpec


class FileShape(Shape):
    """What is known of a file; its bytes lie under ``content/``."""

    id: Identifier
    name: str
    content_type: str
    size: int
    sha256: str
    object_type: str
    object_id: Identifier
    kind: Literal["attachment", "certificate", "photo", "evidence"]
    uploaded_by: Identifier | None
    created_at: Moment


FILES = ListSpec(
    model=StoredFile,
    permission=SIGNED_IN,
    columns=tuple(getattr(StoredFile, name) for name in FileShape.model_fields),
    source=StoredFile,
    key=StoredFile.id,
    fields={
        field.name: field
        for field in (
            ListField("object_type", "Kind of record", Kind.TEXT, StoredFile.object_type),
            ListField("object_id", "Record", Kind.IDENTIFIER, StoredFile.object_id),
            ListField("kind", "Kind", Kind.CHOICE, StoredFile.kind, choices=KINDS),
            ListField("sha256", "Digest", Kind.TEXT, StoredFile.sha256),
            ListField("created_at", "Attached", Kind.MOMENT, StoredFile.created_at, orderable=True),
        )
    },
    shape=lambda row, _: shape_file(row),
    default_ordering=("-created_at",),
    where=lambda unit: Attachments(unit).readable(),
)


def attach(request: Request) -> Reply:
    """Stores a file and attaches it to a record."""
    upload: Upload = request.data
    fields = upload.fields
    try:
        object_id = uuid.UUID(fields.get("object_id", ""))
    except ValueError:
        raise Invalid.field("object_id", "The id of the record is needed.") from None
    file = Attachments(request.unit).attach(
        upload.stream,
        upload.name,
        fields.get("object_type", ""),
        object_id,
        fields.get("kind", KINDS[0]),
    )
    return Reply(shape_file(file), 201, 1, f"/api/v1/files/{file.id}/")


def show(request: Request) -> Reply:
    """Shows what is known of a file."""
    return Reply(shape_file(Attachments(request.unit).find(request.matchdict["id"])), version=1)


def content(request: Request) -> Response:
    """Sends the bytes of a file, for saving."""
    attachments = Attachments(request.unit)
    file = attachments.find(request.matchdict["id"])
    return send(attachments, file)


def includeme(config: Any) -> None:
    """Adds the resource."""
    one = "files/{id:uuid}/"
    config.add_api_list(
        "files",
        path="files/",
        listing=FILES,
        out=FileShape,
        summary="Lists the files of records that one may read.",
    )
    config.add_api_view(
        attach,
        "files",
        "create",
        path="files/",
        permission=SIGNED_IN,
        upload={
            "object_type": "Kind of record.",
            "object_id": "Id of the record.",
            "kind": f"One of: {', '.join(KINDS)}.",
        },
        out=FileShape,
        summary="Attaches a file to a record.",
    )
    config.add_api_view(
        show,
        "files",
        "read",
        path=one,
        permission=SIGNED_IN,
        out=FileShape,
        summary="Shows what is known of a file.",
    )
    config.add_api_view(
        content,
        "files",
        "content",
        path=f"{one}content/",
        method="GET",
        permission=SIGNED_IN,
        media_type="*/*",
        summary="Sends the bytes of a file.",
    )
