"""The caller: who they are, and what they change about themselves."""

from typing import Any

from calibrify_core.api.etag import check_version
from calibrify_core.api.reply import Reply, shown
from calibrify_core.api.request import Request
from calibrify_core.api.resources.user import Locale, Password, UserShape, may_be
from calibrify_core.api.types import Body, Identifier, Line, Shape, changes
from calibrify_core.auth.policy import OWN_ACCOUNT, SIGNED_IN, visit_of
from calibrify_core.auth.sign_in import SignIn
from calibrify_core.auth.user import User
from calibrify_core.auth.users import Users, user_shape
from calibrify_core.kernel.errors import Forbidden, TooManyRequests
from calibrify_core.work.currency import currency_of

ME = "users/me/"


class MeChange(Body):
    """What people change about themselves."""

    name: Line | None = None
    locale: Locale | None = None


class PasswordChange(Body):
    """The present password, and the one to come."""

    current_password: Password
    new_password: Password


class OrganisationShape(Shape):
    """The organisation that an account belongs to."""

    id: Identifier
    name: str
    title: str
    time_zone: str
    currency: str


class MeShape(UserShape):
    """The caller: who they are and what they may do somewhere in the organisation."""

    organisation: OrganisationShape
    permissions: list[str]


def read(request: Request) -> Reply:
    """Shows the caller."""
    user = Users(request.unit).me()
    return shown(me_shape(request, user), user.version)


def change(request: Request) -> Reply:
    """Changes the caller's name and language."""
    users = Users(request.unit)
    check_version(request, users.me().version)
    named = changes(request.data)
    user = users.change_me({key: value for key, value in named.items() if may_be(key, value)})
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
            "currency": currency_of(unit),
        },
        # A role keeps the names of plugins that do not run just now; they allow nothing.
        "permissions": sorted(
            unit.access.permissions & unit.platform.plugins.named("calibrify_permissions").keys()
        ),
    }


def includeme(config: Any) -> None:
    """Adds the resource; a new password is written in short transactions of its own."""
    config.add_own_transactions("/api/v1/users/me/password/")
    add = config.add_api_view
    add(
        read,
        "me",
        "read",
        path=ME,
        permission=SIGNED_IN,
        out=MeShape,
        summary="Shows the caller, with their permissions.",
    )
    add(
        change,
        "me",
        "change",
        path=ME,
        permission=OWN_ACCOUNT,
        body=MeChange,
        out=MeShape,
        summary="Changes the caller's name and language.",
    )
    add(
        change_password,
        "me",
        "password",
        path="users/me/password/",
        permission=OWN_ACCOUNT,
        body=PasswordChange,
        status=204,
        errors=(Forbidden, TooManyRequests),
        idempotent=False,
        summary="Changes the caller's password; their other devices are signed out.",
    )
