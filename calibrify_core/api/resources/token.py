"""Signing in as an API client: a short access token, and a refresh token that is good once."""

from typing import Annotated, Any, Literal

from pydantic import Field

from calibrify_core.api.endpoint import PUBLIC
from calibrify_core.api.request import Request
from calibrify_core.api.types import Body, Shape, ShortText
from calibrify_core.auth.cookies import require_safe_transport
from calibrify_core.auth.policy import visit_of
from calibrify_core.auth.tokens import TokenPair, Tokens
from calibrify_core.kernel.errors import Forbidden, TooManyRequests, Unauthenticated, Unavailable

Secret = Annotated[str, Field(max_length=1024, description="Kept as it is typed.")]


class TokenRequest(Body):
    """Who signs in; the username may be the e-mail address."""

    username: Annotated[str, ShortText(254)]
    password: Secret
    otp: Annotated[str, ShortText(16)] | None = None


class RefreshRequest(Body):
    """The refresh token of the pair at hand."""

    refresh_token: Annotated[str, ShortText(500)]


class TokenPairShape(Shape):
    """A pair of tokens."""

    access_token: str
    token_type: Literal["Bearer"]
    expires_in: int
    refresh_token: str


def issue(request: Request) -> dict[str, Any]:
    """Signs a client in."""
    require_safe_transport(request.environ, request.platform.settings)
    tokens = Tokens(request.platform)
    agent = request.environ.get("HTTP_USER_AGENT", "")
    data = request.data
    return _shape(tokens.issue(data.username, data.password, visit_of(request), user_agent=agent))


def refresh(request: Request) -> dict[str, Any]:
    """Exchanges a refresh token for a new pair."""
    return _shape(Tokens(request.platform).refresh(request.data.refresh_token, visit_of(request)))


def revoke(request: Request) -> None:
    """Ends the sign-in that a refresh token belongs to."""
    Tokens(request.platform).revoke(request.data.refresh_token, visit_of(request))


def _shape(pair: TokenPair) -> dict[str, Any]:
    """Returns a pair as it is shown."""
    return {
        "access_token": pair.access_token,
        "token_type": "Bearer",
        "expires_in": pair.expires_in,
        "refresh_token": pair.refresh_token,
    }


def includeme(config: Any) -> None:
    """Adds the resource; its views open short transactions of their own."""
    config.add_own_transactions("/api/v1/auth/")
    common: dict[str, Any] = {"permission": PUBLIC, "idempotent": False}
    config.add_api_view(
        issue,
        "tokens",
        "issue",
        path="auth/token/",
        body=TokenRequest,
        out=TokenPairShape,
        errors=(Unauthenticated, Forbidden, TooManyRequests, Unavailable),
        summary="Signs in: answers the same for an unknown user and a wrong password.",
        **common,
    )
    config.add_api_view(
        refresh,
        "tokens",
        "refresh",
        path="auth/token/refresh/",
        body=RefreshRequest,
        out=TokenPairShape,
        errors=(Unauthenticated,),
        summary="Gives a new pair; a refresh token that was used before revokes its family.",
        **common,
    )
    config.add_api_view(
        revoke,
        "tokens",
        "revoke",
        path="auth/token/revoke/",
        body=RefreshRequest,
        status=204,
        summary="Signs out: the access tokens of this sign-in end too, at once.",
        **common,
    )
