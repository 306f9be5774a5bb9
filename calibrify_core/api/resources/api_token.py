"""API tokens: credentials of scripts and services."""

from typing import Annotated, Any

from pydantic import Field

from calibrify_core.api.etag import check_version
from calibrify_core.api.reply import Reply, created, shown
from calibrify_core.api.request import Request
from calibrify_core.api.types import Body, Identifier, Moment, Name, Shape, ShortText
from calibrify_core.auth.api_tokens import API_TOKENS, ApiTokens, api_token_shape
from calibrify_core.auth.permissions import API_TOKEN_USE

ONE = "api-tokens/{id:uuid}/"
VERSION = 1  # a token is made and revoked, and never changed


class ApiTokenIn(Body):
    """What a token is for, what it may do, and until when."""

    name: Name
    scopes: Annotated[list[Annotated[str, ShortText(100)]], Field(min_length=1, max_length=2000)]
    expires_at: Moment
    user_id: Identifier | None = None


class ApiTokenShape(Shape):
    """A token; its secret is not kept."""

    id: Identifier
    user_id: Identifier
    name: str
    prefix: str
    scopes: list[str]
    expires_at: Moment
    last_used_at: Moment | None
    created_at: Moment


class NewApiTokenShape(ApiTokenShape):
    """A new token with its secret, shown this once."""

    token: str


def read(request: Request) -> Reply:
    """Shows a token."""
    token = ApiTokens(request.unit).get(request.matchdict["id"])
    return shown(api_token_shape(token), VERSION)


def create(request: Request) -> Reply:
    """Makes a token."""
    data = request.data
    token, secret = ApiTokens(request.unit).create(
        data.name, data.scopes, data.expires_at, user_id=data.user_id
    )
    body = {**api_token_shape(token), "token": secret}
    return created(body, VERSION, f"api-tokens/{token.id}/")


def delete(request: Request) -> None:
    """Revokes a token; it no longer works at the next request."""
    tokens = ApiTokens(request.unit)
    token = tokens.get(request.matchdict["id"])
    check_version(request, VERSION)
    tokens.revoke(token)


def includeme(config: Any) -> None:
    """Adds the resource."""
    add = config.add_api_view
    config.add_api_list(
        "api-tokens",
        listing=API_TOKENS,
        path="api-tokens/",
        out=ApiTokenShape,
        summary="Lists the caller's tokens, or everybody's for who manages them.",
    )
    add(
        create,
        "api-tokens",
        "create",
        path="api-tokens/",
        permission=API_TOKEN_USE,
        body=ApiTokenIn,
        out=NewApiTokenShape,
        idempotent=False,
        summary="Makes a token; its secret is shown once.",
    )
    add(
        read,
        "api-tokens",
        "read",
        path=ONE,
        permission=API_TOKEN_USE,
        out=ApiTokenShape,
        summary="Shows a token.",
    )
    add(
        delete,
        "api-tokens",
        "delete",
        path=ONE,
        permission=API_TOKEN_USE,
        summary="Revokes a token.",
    )
