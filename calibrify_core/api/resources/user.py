"""Accounts, and the caller's own."""

from typing import Annotated, Any, Literal

from pydantic import Field

from calibrify_core.api.etag import check_version
from calibrify_core.api.reply import Reply, created, shown
from calibrify_core.api.request import Request
from calibrify_core.api.types import Body, Identifier, Line, Moment, Shape, ShortText, changes
from calibrify_core.auth.permissions import USER_MANAGE, USER_VIEW
from calibrify_core.auth.users import USERS, Users, user_shape
from calibrify_core.kernel.errors import Conflict

ONE = "users/{id:uuid}/"
Username = Annotated[str, ShortText(150, least=1)]
Email = Annotated[str, ShortText(254)]
Password = Annotated[str, Field(max_length=1024, description="Kept as it is typed.")]
Locale = Annotated[str, ShortText(16)]
Kind = Literal["person", "service"]
State = Literal["active", "disabled"]


class UserIn(Body):
    """A new account; a service has no password and acts by API tokens."""

    username: Username
    email: Email | None = None
    name: Line = ""
    password: Password | None = None
    kind: Kind = "person"
    locale: Locale | None = None


class UserReplacement(Body):
    """An account, as PUT replaces it; a password that is left out stays."""

    username: Username
    email: Email | None = None
    name: Line = ""
    locale: Locale | None = None
    state: State
    password: Password | None = None


class UserChange(Body):
    """What changes of an account."""

    username: Username | None = None
    email: Email | None = None
    name: Line | None = None
    locale: Locale | None = None
    state: State | None = None
    password: Password | None = None


class UserShape(Shape):
    """An account."""

    id: Identifier
    kind: Kind
    username: str
    email: str | None
    name: str
    state: State
    locale: str | None
    created_at: Moment
    updated_at: Moment


def read(request: Request) -> Reply:
    """Shows an account."""
    user = Users(request.unit).get(request.matchdict["id"])
    return shown(user_shape(user), user.version)


def create(request: Request) -> Reply:
    """Adds an account."""
    user = Users(request.unit).create(**request.data.model_dump())
    return created(user_shape(user), user.version, f"users/{user.id}/")


def replace(request: Request) -> Reply:
    """Replaces an account; a new password or the state disabled signs it out everywhere."""
    return _write(request, request.data.model_dump())


def change(request: Request) -> Reply:
    """Changes an account; a new password or the state disabled signs it out everywhere."""
    return _write(request, changes(request.data))


def _write(request: Request, named: dict[str, Any]) -> Reply:
    """Changes what is named of an account."""
    users = Users(request.unit)
    user = users.get(request.matchdict["id"], USER_MANAGE)
    check_version(request, user.version)
    password = named.pop("password", None)
    users.change(user, {name: value for name, value in named.items() if may_be(name, value)})
    if password is not None:
        users.set_password(user, password)
    return shown(user_shape(user), user.version)


def may_be(name: str, value: Any) -> bool:
    """Tells whether a member means something: only e-mail and language can be taken away."""
    return value is not None or name in {"email", "locale"}


def delete(request: Request) -> None:
    """Closes an account; its history stays."""
    users = Users(request.unit)
    user = users.get(request.matchdict["id"], USER_MANAGE)
    check_version(request, user.version)
    users.disable(user)


def includeme(config: Any) -> None:
    """Adds the resource."""
    add = config.add_api_view
    config.add_api_list(
        "users", listing=USERS, path="users/", out=UserShape, summary="Lists accounts."
    )
    add(
        create,
        "users",
        "create",
        path="users/",
        permission=USER_MANAGE,
        body=UserIn,
        out=UserShape,
        errors=(Conflict,),
        summary="Adds an account.",
    )
    add(
        read,
        "users",
        "read",
        path=ONE,
        permission=USER_VIEW,
        out=UserShape,
        summary="Shows an account.",
    )
    add(
        replace,
        "users",
        "replace",
        path=ONE,
        permission=USER_MANAGE,
        body=UserReplacement,
        out=UserShape,
        errors=(Conflict,),
        summary="Replaces an account; its password stays unless a new one comes along.",
    )
    add(
        change,
        "users",
        "change",
        path=ONE,
        permission=USER_MANAGE,
        body=UserChange,
        out=UserShape,
        errors=(Conflict,),
        summary="Changes an account; a new password signs it out everywhere.",
    )
    add(
        delete,
        "users",
        "delete",
        path=ONE,
        permission=USER_MANAGE,
        errors=(Conflict,),
        summary="Closes an account; its history stays.",
    )
    config.include("calibrify_core.api.resources.me")
