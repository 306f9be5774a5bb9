"""A small plugin, as an author would write one; the tests of the API kit drive it."""

import sys
import uuid
from collections.abc import Callable
from typing import Annotated, Any

import sqlalchemy as sa
from pydantic import Field
from sqlalchemy.orm import Mapped, mapped_column

from calibrify_core.api.endpoint import BASE, PUBLIC
from calibrify_core.api.etag import check_version
from calibrify_core.api.reply import Reply, created, shown
from calibrify_core.api.request import Request
from calibrify_core.api.types import (
    Body,
    Count,
    Date,
    DecimalText,
    Filters,
    Identifier,
    Moment,
    Name,
    Prose,
    Shape,
    ShortText,
    changes,
    partial,
)
from calibrify_core.auth.policy import SIGNED_IN
from calibrify_core.hooks.declarations import Manifest, Permission
from calibrify_core.hooks.manager import Candidate
from calibrify_core.hooks.specs import CORE_API, hookimpl
from calibrify_core.kernel.errors import Conflict
from calibrify_core.persistence.base import Base, Identified, Timestamped, Versioned
from calibrify_core.persistence.scoping import scoped
from calibrify_core.records.listing import Kind, ListField, ListSpec

VIEW, EDIT, NEVER = "widget.widget:view", "widget.widget:edit", "widget.widget:melt"


class Widget(Identified, Timestamped, Versioned, Base):
    __tablename__ = "widget_widget"

    organisation_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("core_organisation.id"))
    name: Mapped[str] = mapped_column(sa.String(200), unique=True)
    size: Mapped[str] = mapped_column(default="")
    note: Mapped[str] = mapped_column(default="")
    made_on: Mapped[str | None]


scoped(Widget)


class Part(Body):
    label: Annotated[str, ShortText(20)]
    size: DecimalText


class WidgetIn(Body):
    """A widget, as it is sent."""

    name: Name
    size: DecimalText
    note: Prose = ""
    made_on: Date | None = None
    seen_at: Moment | None = None
    parent_id: Identifier | None = None
    parts: Annotated[list[Part], "at most 100"] = Field(default_factory=list)
    extra: dict[str, Any] = Field(default_factory=dict)


WidgetChange = partial(WidgetIn, "WidgetChange")


class WidgetShape(Shape):
    """A widget."""

    id: Identifier
    name: str
    size: DecimalText
    note: str


class Echo(Shape):
    """What was understood."""

    data: dict[str, Any]


class EchoFilters(Filters):
    day: Date | None = None
    many: list[Count] = Field(default_factory=list)
    word: Annotated[str, ShortText(10)] = ""


def row(widget: Any, unit: Any = None) -> dict[str, Any]:
    return {"id": widget.id, "name": widget.name, "size": widget.size, "note": widget.note}


LISTING = ListSpec(
    model=Widget,
    permission=VIEW,
    columns=(Widget.id, Widget.name, Widget.size, Widget.note),
    source=Widget,
    key=Widget.id,
    fields={
        "name": ListField("name", "Name", column=Widget.name, orderable=True),
        "note": ListField("note", "Note", column=Widget.note),
        "size": ListField("size", "Size", Kind.OTHER, filterable=False),
    },
    shape=row,
    default_ordering=("name",),
    search=lambda word: sa.func.lower(Widget.name).contains(word, autoescape=True),
)


def read_widget(request: Request) -> Reply:
    widget = request.unit.find(Widget, request.matchdict["id"], VIEW)
    return shown(row(widget), widget.version)


def create_widget(request: Request) -> Reply:
    data, unit = request.data, request.unit
    widget = unit.add(
        Widget(organisation_id=unit.organisation.id, name=data.name, size=data.size, note=data.note)
    )
    unit.session.flush()
    return created(row(widget), widget.version, f"widgets/{widget.id}/")


def change_widget(request: Request) -> Reply:
    unit = request.unit
    widget = unit.find(Widget, request.matchdict["id"], EDIT)
    check_version(request, widget.version)
    for name, value in changes(request.data).items():
        if name in {"name", "size", "note"}:
            setattr(widget, name, value)
    unit.session.flush()
    return shown(row(widget), widget.version)


def delete_widget(request: Request) -> None:
    unit = request.unit
    widget = unit.find(Widget, request.matchdict["id"], EDIT)
    check_version(request, widget.version)
    unit.session.delete(widget)


def forget_version(request: Request) -> dict[str, Any]:
    return row(request.unit.find(Widget, request.matchdict["id"], EDIT))


def echo(request: Request) -> dict[str, Any]:
    return {"data": request.data.model_dump()}


def echo_query(request: Request) -> dict[str, Any]:
    return {"data": request.filters.model_dump()}


def receive(request: Request) -> dict[str, Any]:
    upload = request.data
    return {"data": {"name": upload.name, "size": upload.size, **upload.fields}}


def refuse(request: Request) -> None:
    create_widget(request)
    raise Conflict("Not in this state.", allowed=["melt"])


def fail(request: Request) -> None:
    raise ZeroDivisionError("the secret reason")


FAULTS: list[Callable[[Any], None]] = []
"""What the next tries of ``stumble`` run into; each is called with the session."""

RETRIES: list[Callable[[], None]] = []
"""What is called when a request is about to be tried again."""


def stumble(request: Request) -> Reply:
    reply = create_widget(request)
    if FAULTS:
        FAULTS.pop(0)(request.unit.session)
    return reply


def note_down(request: Request) -> dict[str, Any]:
    with request.short_unit() as unit:
        unit.audit("note", "widget", unit.organisation.id, "Widget")
    return {"data": {}}


def answer_alone(request: Request) -> dict[str, Any]:
    return {"data": {}}


def before_retry(event: Any) -> None:
    for call in RETRIES:
        call()


def hello(request: Request) -> dict[str, Any]:
    return {"data": {}}


def configure(config: Any) -> None:
    add = config.add_api_view
    one = "widgets/{id:uuid}/"
    config.add_subscriber(before_retry, "pyramid_retry.IBeforeRetry")
    config.add_api_list(
        "widgets", path="widgets/", listing=LISTING, out=WidgetShape, summary="Lists widgets."
    )
    add(
        create_widget,
        "widgets",
        "create",
        path="widgets/",
        permission=EDIT,
        body=WidgetIn,
        out=WidgetShape,
        errors=(Conflict,),
        summary="Makes a widget.",
    )
    add(
        read_widget,
        "widgets",
        "read",
        path=one,
        permission=VIEW,
        out=WidgetShape,
        summary="Shows a widget.",
    )
    add(
        change_widget,
        "widgets",
        "change",
        path=one,
        permission=EDIT,
        body=WidgetChange,
        out=WidgetShape,
        summary="Changes a widget.",
    )
    add(delete_widget, "widgets", "delete", path=one, permission=EDIT, summary="Deletes it.")
    add(
        change_widget,
        "widgets",
        "replace",
        path=one,
        permission=EDIT,
        body=WidgetIn,
        out=WidgetShape,
        version_required=True,
        summary="Replaces a widget.",
    )
    add(
        forget_version,
        "forgets",
        "change",
        path="forgets/{id:uuid}/",
        permission=EDIT,
        body=WidgetChange,
        out=WidgetShape,
        summary="Forgets to check the version.",
    )
    add(
        echo,
        "echoes",
        "create",
        path="echoes/",
        permission=PUBLIC,
        status=200,
        body=WidgetIn,
        out=Echo,
        idempotent=False,
        summary="Sends back.",
    )
    add(
        echo_query,
        "echoes",
        "list",
        path="echoes/",
        permission=PUBLIC,
        query=EchoFilters,
        out=Echo,
        plural=False,
        summary="Sends back the query.",
    )
    add(
        receive,
        "uploads",
        "create",
        path="uploads/",
        permission=SIGNED_IN,
        status=200,
        upload={"kind": "What it is."},
        out=Echo,
        summary="Takes a file.",
    )
    add(
        refuse,
        "widgets",
        "refuse",
        path="widgets/refuse/",
        permission=EDIT,
        body=WidgetIn,
        errors=(Conflict,),
        summary="Makes one, then refuses.",
    )
    add(
        stumble,
        "widgets",
        "stumble",
        path="widgets/stumble/",
        permission=EDIT,
        body=WidgetIn,
        status=201,
        out=WidgetShape,
        summary="Makes one after some tries.",
    )
    config.add_own_transactions(f"{BASE}alone/")
    for call, verb in ((note_down, "note"), (answer_alone, "answer")):
        add(
            call,
            "alone",
            verb,
            path=f"alone/{verb}/",
            permission=EDIT,
            out=Echo,
            summary="Has transactions of its own, and forgets the key.",
        )
    add(
        fail,
        "widgets",
        "fail",
        path="widgets/fail/",
        method="GET",
        permission=PUBLIC,
        summary="Fails.",
    )
    add(hello, "hello", "read", path="hello/", permission=SIGNED_IN, out=Echo, summary="Says it.")
    add(hello, "melting", "read", path="melting/", permission=NEVER, out=Echo, summary="Never.")


@hookimpl
def calibrify_manifest() -> Manifest:
    return Manifest("widget", "Widgets", "For tests.", CORE_API, "tests.functional.kit.migrations")


@hookimpl
def calibrify_permissions() -> list[Permission]:
    return [Permission(VIEW, "See"), Permission(EDIT, "Edit"), Permission(NEVER, "Melt")]


@hookimpl
def calibrify_configure(config: Any) -> None:
    configure(config)


CANDIDATE = Candidate("widget", "calibrify-widget", "0.1.0", (), lambda: sys.modules[__name__])
