"""Signing in and out through pages."""

from __future__ import annotations

from typing import Any

from pyramid.httpexceptions import HTTPSeeOther
from pyramid.security import NO_PERMISSION_REQUIRED, forget, remember

from calibrify_core.auth.cookies import require_safe_transport
from calibrify_core.auth.policy import session_secret, visit_of
from calibrify_core.auth.sign_in import SignIn
from calibrify_core.kernel.errors import (
    CalibrifyError,
    Forbidden,
    TooManyRequests,
    Unauthenticated,
    Unavailable,
)
from calibrify_core.web.flash import flash
from calibrify_core.web.kit import see_other

SIGN_IN = "/login"
SIGN_OUT = "/logout"
HOME = "/"
LONGEST_NEXT = 2000
LONGEST_TEXT = 1024


def show(request: Any) -> Any:
    """Shows the form; who is signed in already is led on."""
    following = safe_next(request.GET.get("next"))
    if request.principal is not None:
        return HTTPSeeOther(location=following)
    problems = []
    try:
        require_safe_transport(request.environ, request.platform.settings)
    except Forbidden as error:
        problems.append({"name": "", "text": error.detail})
    return _form(request, following, "", problems)


def sign_in(request: Any) -> Any:
    """Signs somebody in, and leads to the page that they wanted.

    The browser gets a new session, whatever it had before.
    """
    following = safe_next(request.POST.get("next"))
    name, password = _text(request, "email"), _text(request, "password")
    try:
        require_safe_transport(request.environ, request.platform.settings)
        secret = SignIn(request.platform).open_session(
            name.strip(),
            password,
            visit_of(request),
            user_agent=request.environ.get("HTTP_USER_AGENT", ""),
            previous=session_secret(request),
        )
    except (Unauthenticated, TooManyRequests, Unavailable, Forbidden) as error:
        return _form(request, following, name, [_problem(error)])
    return HTTPSeeOther(location=following, headers=remember(request, secret))


def sign_out(request: Any) -> Any:
    """Ends the session, if there still is one, and takes the cookie away."""
    if request.principal is not None:
        SignIn(request.platform).sign_out(request.principal)
    flash(request, "You are signed out.", "info")
    response = see_other(request, "core.session.start")
    response.headers.extend(forget(request))
    return response


def leave(request: Any) -> Any:
    """Leads on: signing out is a form, and its address shows nothing by itself."""
    return HTTPSeeOther(location=HOME if request.principal is not None else SIGN_IN)


def safe_next(asked: Any) -> str:
    """Returns where to go after signing in: a page of this site, or the start page.

    >>> safe_next("/equipment?q=a"), safe_next("//evil.example/"), safe_next("https://evil.example")
    ('/equipment?q=a', '/', '/')
    """
    if not isinstance(asked, str) or len(asked) > LONGEST_NEXT or not asked.startswith("/"):
        return HOME
    odd = "\\" in asked or any(character <= " " or character > "~" for character in asked)
    path = asked.partition("?")[0]
    if odd or asked.startswith("//") or path in {SIGN_IN, SIGN_OUT}:
        return HOME
    return asked


def _text(request: Any, name: str) -> str:
    """Returns what was typed into a field, as it was typed."""
    text = request.POST.get(name, "")
    return text[:LONGEST_TEXT] if isinstance(text, str) else ""


def _problem(error: CalibrifyError) -> dict[str, str]:
    """Returns an error beside its field."""
    return {"name": "email" if isinstance(error, Unauthenticated) else "", "text": error.detail}


def _form(
    request: Any, following: str, name: str, problems: list[dict[str, str]]
) -> dict[str, Any]:
    """Returns what the template needs."""
    form = {
        "action": request.route_path("core.session.start"),
        "next": "" if following == HOME else following,
        "email": name,
        "problems": problems,
    }
    return {"title": "Sign in", "form": form}


def includeme(config: Any) -> None:
    """Adds the pages; they open short transactions of their own."""
    config.add_own_transactions(SIGN_IN, SIGN_OUT)
    config.add_page(
        "core.session.start",
        SIGN_IN,
        show,
        permission=NO_PERMISSION_REQUIRED,
        template="calibrify/sign_in.html",
        post=sign_in,
    )
    config.add_page(
        "core.session.end", SIGN_OUT, leave, permission=NO_PERMISSION_REQUIRED, post=sign_out
    )
