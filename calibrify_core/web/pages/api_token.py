"""API tokens of one's own: a list, a form, and the secret shown once."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from calibrify_core.auth.api_tokens import API_TOKENS, ApiTokens
from calibrify_core.auth.people import People
from calibrify_core.auth.permissions import API_TOKEN_USE, EVERYBODYS
from calibrify_core.kernel.errors import CalibrifyError, Invalid
from calibrify_core.records.keyset import run_list
from calibrify_core.records.listing import read_request
from calibrify_core.web.flash import flash
from calibrify_core.web.forms import Form, FormField, Section, posted
from calibrify_core.web.kit import page_response, problems_of, see_other

MOST = "500"
LIVES = (("7", "7 days"), ("30", "30 days"), ("90", "90 days"), ("365", "One year"))
LONGEST_NAME = 200


def show(request: Any) -> dict[str, Any]:
    """Shows the tokens that the person may see: their own, or everybody's."""
    unit = request.unit
    rows = run_list(unit, API_TOKENS, read_request(API_TOKENS, [("limit", MOST)])).rows
    owners = People(unit).names({row["user_id"] for row in rows})
    now = unit.clock.now()
    tokens = [
        {
            **row,
            "owner": owners.get(row["user_id"], "–"),
            "expired": row["expires_at"] <= now,
            "revoke_href": request.route_path("core.api_token.revoke", id=row["id"]),
        }
        for row in rows
    ]
    return {"title": "API tokens", "crumbs": _crumbs(request)[:1], "tokens": tokens}


def token_form(request: Any) -> Form:
    """Returns the form of a new token; it offers what the person may do."""
    titles = request.platform.plugins.named("calibrify_permissions")
    held = sorted(request.unit.access.permissions - EVERYBODYS)
    scopes = [(name, f"{titles[name].title} ({name})") for name in held if name in titles]
    fields = [
        FormField("name", "What it is for", required=True, extra={"maxlength": LONGEST_NAME}),
        FormField("days", "It works for", "select", required=True, options=LIVES),
        FormField(
            "scopes", "What it may do", "checkboxes", required=True, options=scopes, wide=True
        ),
    ]
    return Form(
        action=request.route_path("core.api_token.create"),
        sections=[Section("Token", fields)],
        submit_label="Make token",
        cancel_href=request.route_path("core.api_token.list"),
        lead="A token acts as you, within what you tick here. It can do no more than you can.",
    )


def offer(request: Any) -> dict[str, Any]:
    """Shows the form of a new token."""
    return _page(request, token_form(request).shown({"days": "90"}))


def create(request: Any) -> Any:
    """Makes a token, and shows its secret this once."""
    form = token_form(request)
    values = posted(form, request.POST)
    try:
        token, secret = ApiTokens(request.unit).create(
            _name(values), values["scopes"], _expiry(request, values)
        )
    except CalibrifyError as error:
        return _page(request, form.shown(values, problems_of(error)))
    shown = {
        "title": "Token made",
        "crumbs": _crumbs(request),
        "token": {
            "name": token.name,
            "secret": secret,
            "expires_at": token.expires_at,
            "url": f"{request.platform.settings.public_url.rstrip('/')}/api/v1/users/me/",
        },
    }
    return page_response(request, "calibrify/api_token_made.html", shown)


def _name(values: dict[str, Any]) -> str:
    """Returns the name that was given.

    Raises:
        Invalid: there is none, or it is too long.
    """
    name = values["name"] or ""
    if not 1 <= len(name) <= LONGEST_NAME:
        raise Invalid.field("name", f"Say in at most {LONGEST_NAME} characters what it is for.")
    return name


def _expiry(request: Any, values: dict[str, Any]) -> datetime:
    """Returns when the token ends.

    Raises:
        Invalid: none of the offered times was chosen.
    """
    if values["days"] not in dict(LIVES):
        raise Invalid.field("days", "Choose how long it works.")
    now: datetime = request.unit.clock.now()
    return now + timedelta(days=int(values["days"]))


def revoke(request: Any) -> Any:
    """Revokes a token."""
    tokens = ApiTokens(request.unit)
    tokens.revoke(tokens.get(request.matchdict["id"]))
    flash(request, "The token is revoked.")
    return see_other(request, "core.api_token.list")


def back(request: Any) -> Any:
    """Leads back to the list: this address only takes forms."""
    return see_other(request, "core.api_token.list")


def _crumbs(request: Any) -> list[tuple[str, str | None]]:
    """Returns the way to the tokens."""
    return [
        ("Account", request.route_path("core.account.show")),
        ("API tokens", request.route_path("core.api_token.list")),
    ]


def _page(request: Any, form: dict[str, Any]) -> dict[str, Any]:
    """Returns the form page."""
    return {"title": "New API token", "crumbs": _crumbs(request), "form": form}


def includeme(config: Any) -> None:
    """Adds the pages."""
    page = config.add_page
    page(
        "core.api_token.list",
        "/account/tokens",
        show,
        permission=API_TOKEN_USE,
        template="calibrify/api_tokens.html",
    )
    page(
        "core.api_token.create",
        "/account/tokens/new",
        offer,
        permission=API_TOKEN_USE,
        template="calibrify/api_token_form.html",
        post=create,
    )
    page(
        "core.api_token.revoke",
        "/account/tokens/{id:uuid}/revoke",
        back,
        permission=API_TOKEN_USE,
        post=revoke,
    )
