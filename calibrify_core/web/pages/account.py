"""One's own account: name, password, and where one is signed in."""

from __future__ import annotations

from typing import Any

from calibrify_core.auth.permissions import API_TOKEN_USE
from calibrify_core.auth.policy import SIGNED_IN, visit_of
from calibrify_core.auth.sessions import Device, Sessions
from calibrify_core.auth.sign_in import SignIn
from calibrify_core.auth.users import Users
from calibrify_core.kernel.errors import Invalid, TooManyRequests
from calibrify_core.web.flash import flash
from calibrify_core.web.forms import Form, FormField, Section, posted
from calibrify_core.web.kit import problems_of, see_other
from calibrify_core.web.panels import ACCOUNT_ACTIONS, panels_of

LONGEST_PASSWORD = 1024
LONGEST_NAME = 200


def show(request: Any) -> dict[str, Any]:
    """Shows the account."""
    unit = request.unit
    user = Users(unit).me()
    devices = [_device(request, device) for device in Sessions(unit).mine()]
    return {
        "title": "Account",
        "account": {
            "facts": [
                ("Name", user.name or "–"),
                ("Username", user.username),
                ("E-mail", user.email or "–"),
                ("Organisation", unit.organisation.title),
            ],
            "devices": devices,
            "others": sum(1 for device in devices if not device["current"]),
            "actions": panels_of(request, ACCOUNT_ACTIONS),
            "may_make_tokens": unit.access.permits(API_TOKEN_USE),
        },
    }


def _device(request: Any, device: Device) -> dict[str, Any]:
    """Returns a sign-in as the template shows it."""
    return {
        "name": describe_agent(device.user_agent, device.kind),
        "address": device.address,
        "since": device.created_at,
        "seen": device.last_seen_at,
        "current": device.current,
        "end_href": request.route_path("core.account.end_session", id=device.id),
    }


def describe_agent(agent: str, kind: str = "browser") -> str:
    """Returns what a program calls itself, in a word or two.

    >>> describe_agent("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
    'Firefox on Linux'
    >>> describe_agent("python-requests/2.32", "client")
    'python-requests/2.32'
    """
    browsers = (("Edg/", "Edge"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"))
    systems = (
        ("iPhone", "iPhone"),
        ("Android", "Android"),
        ("Windows", "Windows"),
        ("Mac OS", "macOS"),
        ("Linux", "Linux"),
    )
    browser = next((name for mark, name in (*browsers, ("Safari/", "Safari")) if mark in agent), "")
    system = next((name for mark, name in systems if mark in agent), "")
    if browser:
        return f"{browser} on {system}" if system else browser
    return agent[:60] or ("A browser" if kind == "browser" else "An API client")


def name_form(request: Any) -> Form:
    """Returns the form of one's own name."""
    fields = [FormField("name", "Name", extra={"maxlength": LONGEST_NAME, "autocomplete": "name"})]
    return Form(
        action=request.route_path("core.account.edit"),
        sections=[Section("Name", fields)],
        cancel_href=request.route_path("core.account.show"),
    )


def edit(request: Any) -> dict[str, Any]:
    """Shows the form of one's own name."""
    values = {"name": Users(request.unit).me().name}
    return _page(request, "Edit account", name_form(request).shown(values))


def save(request: Any) -> Any:
    """Changes one's own name."""
    form = name_form(request)
    values = posted(form, request.POST)
    name = values["name"] or ""
    if len(name) > LONGEST_NAME:
        problems = problems_of(Invalid.field("name", f"At most {LONGEST_NAME} characters."))
        return _page(request, "Edit account", form.shown(values, problems))
    Users(request.unit).change_me({"name": name})
    flash(request, "Your name is saved.")
    return see_other(request, "core.account.show")


def password_form(request: Any) -> Form:
    """Returns the form of one's own password."""
    most = {"maxlength": LONGEST_PASSWORD}
    fields = [
        FormField(
            "current_password",
            "Present password",
            "password",
            required=True,
            extra={"autocomplete": "current-password", **most},
        ),
        FormField(
            "new_password",
            "New password",
            "password",
            required=True,
            hint="At least 15 characters. A sentence is fine; there are no other rules.",
            extra={"autocomplete": "new-password", **most},
        ),
        FormField(
            "repeated_password",
            "New password again",
            "password",
            required=True,
            extra={"autocomplete": "new-password", **most},
        ),
    ]
    return Form(
        action=request.route_path("core.account.password"),
        sections=[Section("Password", fields)],
        submit_label="Change password",
        cancel_href=request.route_path("core.account.show"),
        lead="Your other devices are signed out.",
    )


def show_password(request: Any) -> dict[str, Any]:
    """Shows the form of one's own password."""
    return _page(request, "Change password", password_form(request).shown({}))


def save_password(request: Any) -> Any:
    """Changes one's own password."""
    try:
        current, new, again = (
            password_of(request, name)
            for name in ("current_password", "new_password", "repeated_password")
        )
        if new != again:
            raise Invalid.field("repeated_password", "The two new passwords differ.")
        SignIn(request.platform).change_password(request.principal, current, new, visit_of(request))
    except (Invalid, TooManyRequests) as error:
        return _page(
            request, "Change password", password_form(request).shown({}, problems_of(error))
        )
    flash(request, "Your password is changed. Your other devices are signed out.")
    return see_other(request, "core.account.show")


def password_of(request: Any, name: str) -> str:
    """Returns a password as it was typed, white space and all.

    Raises:
        Invalid: nothing was typed, or too much.
    """
    text = request.POST.get(name, "")
    if not isinstance(text, str) or not text or len(text) > LONGEST_PASSWORD:
        raise Invalid.field(name, "This is needed.")
    return text


def end_session(request: Any) -> Any:
    """Signs one of the person's devices out."""
    Sessions(request.unit).end(request.matchdict["id"])
    flash(request, "The device is signed out.")
    return see_other(request, "core.account.show")


def end_others(request: Any) -> Any:
    """Signs the person out everywhere but here."""
    Sessions(request.unit).end_others()
    flash(request, "All other devices are signed out.")
    return see_other(request, "core.account.show")


def back(request: Any) -> Any:
    """Leads back to the account: these addresses only take forms."""
    return see_other(request, "core.account.show")


def _page(request: Any, title: str, form: dict[str, Any]) -> dict[str, Any]:
    """Returns a form page below the account."""
    return {
        "title": title,
        "crumbs": [("Account", request.route_path("core.account.show"))],
        "form": form,
    }


def includeme(config: Any) -> None:
    """Adds the pages."""
    config.add_own_transactions("/account/password")
    page, form = config.add_page, "calibrify/form.html"
    page(
        "core.account.show",
        "/account",
        show,
        permission=SIGNED_IN,
        template="calibrify/account.html",
    )
    page("core.account.edit", "/account/edit", edit, permission=SIGNED_IN, template=form, post=save)
    page(
        "core.account.password",
        "/account/password",
        show_password,
        permission=SIGNED_IN,
        template=form,
        post=save_password,
    )
    page(
        "core.account.end_others",
        "/account/sessions/end-others",
        back,
        permission=SIGNED_IN,
        post=end_others,
    )
    page(
        "core.account.end_session",
        "/account/sessions/{id:uuid}/end",
        back,
        permission=SIGNED_IN,
        post=end_session,
    )
