"""Accounts, and the caller's own."""

from typing import Annotated, Any, Literal

from pydantic import Field

from calibrify_core.api.etag import check_version
from calibrify_core.api.reply import Reply, created, shown
from calibrify_core.api.request import Request
from calibrify_core.api.types import Body, Identifier, Line, Moment, Shape, ShortText, changes
from calibrify_core.auth.permissions import USER_MANAGE, USER_VIEW
from calibrify_core.auth.policy import SIGNED_IN, visit_of
from calibrify_core.auth.sign_in import SignIn
from calibrify_core.auth.user import User
from calibrify_core.auth.users import USERS, Users, user_shape
from calibrify_core.kernel.errors import Conflict, Forbidden, TooManyRequests

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


class UserChange(Body):
    """What changes of an account."""

    username: Username | None = None
    email: Email | None = None
    name: Line | None = None
    locale: Locale | None = None
    state: State | None = None
    password: Password | None = None


class MeChange(Body):
    """What people change about themselves."""

    name: Line | None = None
    locale: Locale | None = None


class PasswordChange(Body):
    """The present password, and the one to come."""

    current_password: Password
    new_password: Password


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


class OrganisationShape(Shape):
    """The organisation that an account belongs to."""

    id: Identifier
    name: str
    title: str
    time_zone: str


class MeShape(UserShape):
    """The caller: who they are and what they may do somewhere in the organisation."""

    organisation: OrganisationShape
    permissions: list[str]


def read(request: Request) -> Reply:
    """Shows an account."""
    user = Users(request.unit).get(request.matchdict["id"])
    return shown(user_shape(user), user.version)


def create(request: Request) -> Reply:
    """Adds an account."""
    user = Users(request.unit).create(**request.data.model_dump())
    return created(user_shape(user), user.version, f"users/{user.id}/")


def change(request: Request) -> Reply:
    """Changes an account; a new password or the state disabled signs it out everywhere."""
    users = Users(request.unit)
    user = users.get(request.matchdict["id"], USER_MANAGE)
    check_version(request, user.version)
    named = changes(request.data)
    password = named.pop("password", None)
    users.change(user, {name: value for name, value in named.items() if _may_be(name, value)})
    if password is not None:
        users.set_password(user, password)
    return shown(user_shape(user), user.version)


def _may_be(name: str, value: Any) -> bool:
    """Tells whether a member means something: only e-mail and language can be taken away."""
    return value is not None or name in {"email", "locale"}


def delete(request: Request) -> None:
    """Closes an account; its history stays."""
    users = Users(request.unit)
    user = users.get(request.matchdict["id"], USER_MANAGE)
    check_version(request, user.version)
    users.disable(user)


def read_me(request: Request) -> Reply:
    """Shows the caller."""
    user = Users(request.unit).me()
    return shown(me_shape(request, user), user.version)


def change_me(request: Request) -> Reply:
    """Changes the caller's name and language."""
    users = Users(request.unit)
    check_version(request, users.me().version)
    named = changes(request.data)
    user = users.change_me({key: value for key, value in named.items() if _may_be(key, value)})
    return shown(me_shape(request, user), user.version)


def change_password(request: Request) -> None:
    """Changes the caller's password and signs their other devices out."""
    SignIn(request.platform).change_password(
        request.principal,
        request.data.current_password,
        request.data.new_password,
        visit_of(request),
    )


def me_shape(request: Request, user: User) -> dict[str, Any]:
    """Returns the caller as shown to themselves."""
    unit = request.unit
    organisation = unit.organisation
    return {
        **user_shape(user),
        "organisation": {
            "id": organisation.id,
            "name": organisation.name,
            "title": organisation.title,
            "time_zone": organisation.zone.key,
        },
        "permissions": sorted(unit.access.permissions - {SIGNED_IN}),
    }


def includeme(config: Any) -> None:
    """Adds the resource."""
    config.add_own_transactions("/api/v1/users/me/password/")
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
        idempotent=False,
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
    add(
        read_me,
        "me",
        "read",
        path="users/me/",
        permission=SIGNED_IN,
        out=MeShape,
        summary="Shows the caller, with their permissions.",
    )
    add(
        change_me,
        "me",
        "change",
        path="users/me/",
        permission=SIGNED_IN,
        body=MeChange,
        out=MeShape,
        summary="Changes the caller's name and language.",
    )
    add(
        change_password,
        "me",
        "password",
        path="users/me/password/",
        permission=SIGNED_IN,
        body=PasswordChange,
        status=204,
        errors=(Forbidden, TooManyRequests),
        idempotent=False,
        summary="Changes the caller's password; their other devices are signed out.",
    )
