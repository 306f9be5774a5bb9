"""Accounts and what they hold: list, one account, forms."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from calibrify_core.auth.grants import roles_held
from calibrify_core.auth.group import Group, Membership
from calibrify_core.auth.permissions import (
    GRANT_MANAGE,
    GRANT_VIEW,
    SESSION_MANAGE,
    USER_MANAGE,
    USER_VIEW,
)
from calibrify_core.auth.sessions import Sessions
from calibrify_core.auth.user import ACTIVE, DISABLED, PERSON, SERVICE, User
from calibrify_core.auth.users import USERS, Users, last_sign_ins
from calibrify_core.kernel.errors import CalibrifyError, StaleVersion
from calibrify_core.persistence.scoping import unscoped
from calibrify_core.web.flash import flash
from calibrify_core.web.forms import Form, FormField, Section, posted
from calibrify_core.web.kit import problems_of, see_other
from calibrify_core.web.lists import Column, Facet, ListPage, show_list
from calibrify_core.web.pages.account import password_of
from calibrify_core.web.pages.grant import grants_of, role_options, scope_options

STATES = ((ACTIVE, "Active"), (DISABLED, "Disabled"))
KINDS = ((PERSON, "Person"), (SERVICE, "Service"))
TONES = {ACTIVE: ("ok", "circle-check"), DISABLED: ("out", "ban")}
MOST_NODES = 500
BECAUSE = "names beside a grant that was itself read within the scope"


def show(request: Any) -> dict[str, Any]:
    """Shows the accounts of the organisation, with the roles for who may see grants."""
    unit = request.unit
    granted = unit.access.permits(GRANT_VIEW)

    def cells(record: Mapping[str, Any]) -> dict[str, Any]:
        href = request.route_path("core.user.show", id=record["id"])
        name = {
            "title": record["name"] or record["username"],
            "detail": record["username"],
            "href": href,
        }
        values = {
            "username": name,
            "email": record["email"],
            "state": _chip(record["state"]),
            "kind": dict(KINDS)[record["kind"]],
            "created_at": record["created_at"],
        }
        return {"id": record["id"], "label": name["title"], "href": href, "cells": values}

    page = ListPage(
        route="core.user.list",
        label="Users",
        columns=(
            Column("username", "User", "name", "name", order="username"),
            Column("state", "State", "chip", "state shrink"),
            *((Column("roles", "Roles", cls="meta"),) if granted else ()),
            Column("signed_in_at", "Last sign-in", "datetime", "labelled"),
            Column("email", "E-mail", cls="hide-s", order="email"),
            Column("kind", "Kind", cls="hide-s"),
            Column("created_at", "Added", "datetime", "hide-s", order="created_at"),
        ),
        cells=cells,
        search_label="Search users",
        search_hint="Name, username or e-mail",
        facets=(Facet("state", "State", STATES), Facet("kind", "Kind", KINDS)),
        actions=_actions(request),
    )
    listing, found = show_list(request, USERS, page)
    ids = [uuid.UUID(str(record["id"])) for record in found.rows]
    roles = roles_held(unit, ids) if granted else {}
    signed_in = last_sign_ins(unit, ids)
    for user_id, row in zip(ids, listing["rows"], strict=True):
        row["cells"] |= {
            "roles": ", ".join(roles.get(user_id, ())),
            "signed_in_at": signed_in.get(user_id),
        }
    return {"title": "Users", "listing": listing}


def _actions(request: Any) -> list[dict[str, str]]:
    """Returns the buttons of the list that the person may use."""
    access = request.unit.access
    found = []
    if access.permits("core.role:view"):
        roles = request.route_path("core.role.list")
        found.append({"label": "Roles", "href": roles, "icon": "shield-check", "kind": ""})
    if access.permits(USER_MANAGE):
        add = request.route_path("core.user.create")
        found.append({"label": "Add user", "href": add, "icon": "user-plus", "kind": "primary"})
    return found


def _chip(state: str) -> dict[str, str]:
    """Returns the chip of an account's state."""
    tone, icon = TONES[state]
    return {"tone": tone, "word": dict(STATES)[state], "icon": icon}


def detail(request: Any) -> dict[str, Any]:
    """Shows one account with its roles."""
    unit = request.unit
    user = Users(unit).get(request.matchdict["id"])
    manages = unit.access.scope(USER_MANAGE).everything
    grants = unit.access.scope(GRANT_MANAGE).everything
    return {
        "title": user.display_name,
        "crumbs": [("Users", request.route_path("core.user.list"))],
        "user": {
            "id": user.id,
            "chip": _chip(user.state),
            "facts": [
                ("Username", user.username),
                ("E-mail", user.email or "–"),
                ("Kind", dict(KINDS)[user.kind]),
                ("Groups", ", ".join(_group_names(unit, user)) or "–"),
            ],
            "person": user.kind == PERSON,
            "manages": manages,
            "grants": grants_of(request, user) if unit.access.permits(GRANT_VIEW) else [],
            "roles": role_options(unit) if grants else [],
            "scopes": scope_options(unit) if grants else [],
            "may_grant": grants,
        },
    }


def _group_names(unit: Any, user: User) -> list[str]:
    """Returns the names of the groups that somebody is in."""
    statement = (
        sa.select(Group.name)
        .join(Membership, Membership.group_id == Group.id)
        .where(Membership.user_id == user.id)
        .order_by(Group.name)
    )
    return list(unit.session.scalars(unscoped(statement, Group, because=BECAUSE)))


def user_form(request: Any, user: User | None) -> Form:
    """Returns the form of a new account, or of one that is there."""
    fields = [
        FormField("username", "Username", required=True, extra={"maxlength": 150}),
        FormField("email", "E-mail", "email", extra={"maxlength": 254}),
        FormField("name", "Name", extra={"maxlength": 200}),
    ]
    if user is None:
        fields += [
            FormField("kind", "Kind", "select", required=True, options=KINDS),
            FormField(
                "password",
                "First password",
                "password",
                hint="At least 15 characters. A service has none and acts by API tokens.",
                extra={"autocomplete": "new-password", "maxlength": 1024},
            ),
        ]
        action = request.route_path("core.user.create")
        back = request.route_path("core.user.list")
    else:
        fields.append(FormField("state", "State", "select", required=True, options=STATES))
        action = request.route_path("core.user.edit", id=user.id)
        back = request.route_path("core.user.show", id=user.id)
    return Form(
        action=action,
        sections=[Section("Account", fields)],
        submit_label="Add user" if user is None else "Save",
        cancel_href=back,
        hidden=[] if user is None else [("version", str(user.version))],
    )


def offer(request: Any) -> dict[str, Any]:
    """Shows the form of a new account."""
    return _page(request, "Add user", user_form(request, None).shown({"kind": PERSON}))


def create(request: Any) -> Any:
    """Adds an account."""
    form = user_form(request, None)
    values = posted(form, request.POST)
    password = request.POST.get("password") or None
    try:
        user = Users(request.unit).create(
            username=values["username"] or "",
            email=values["email"],
            name=values["name"] or "",
            kind=values["kind"] if values["kind"] in dict(KINDS) else PERSON,
            password=password_of(request, "password") if password else None,
        )
    except CalibrifyError as error:
        return _page(
            request, "Add user", form.shown({**values, "password": ""}, problems_of(error))
        )
    flash(request, f"{user.display_name} is added. Give them a role.")
    return see_other(request, "core.user.show", id=user.id)


def edit(request: Any) -> dict[str, Any]:
    """Shows the form of an account."""
    user = Users(request.unit).get(request.matchdict["id"], USER_MANAGE)
    values = {name: getattr(user, name) for name in ("username", "email", "name", "state")}
    return _page(request, f"Edit {user.display_name}", user_form(request, user).shown(values))


def save(request: Any) -> Any:
    """Changes an account."""
    users = Users(request.unit)
    user = users.get(request.matchdict["id"], USER_MANAGE)
    title = f"Edit {user.display_name}"
    form = user_form(request, user)
    values = posted(form, request.POST)
    changes = {**values, "username": values["username"] or "", "name": values["name"] or ""}
    try:
        if request.POST.get("version") != str(user.version):
            raise StaleVersion("Somebody else changed this account meanwhile. Look at it again.")
        users.change(user, changes)
    except CalibrifyError as error:
        return _page(request, title, form.shown(values, problems_of(error)))
    flash(request, f"{user.display_name} is saved.")
    return see_other(request, "core.user.show", id=user.id)


def password_form(request: Any, user: User) -> Form:
    """Returns the form that gives somebody a new password."""
    field = FormField(
        "password",
        "New password",
        "password",
        required=True,
        hint="At least 15 characters. A sentence is fine; there are no other rules.",
        extra={"autocomplete": "new-password", "maxlength": 1024},
    )
    return Form(
        action=request.route_path("core.user.password", id=user.id),
        sections=[Section("Password", [field])],
        submit_label="Set password",
        cancel_href=request.route_path("core.user.show", id=user.id),
        lead=f"{user.display_name} is signed out everywhere.",
    )


def offer_password(request: Any) -> dict[str, Any]:
    """Shows the form that gives somebody a new password."""
    user = Users(request.unit).get(request.matchdict["id"], USER_MANAGE)
    return _page(request, "Set password", password_form(request, user).shown({}))


def save_password(request: Any) -> Any:
    """Gives somebody a new password."""
    users = Users(request.unit)
    user = users.get(request.matchdict["id"], USER_MANAGE)
    try:
        users.set_password(user, password_of(request, "password"))
    except CalibrifyError as error:
        form = password_form(request, user).shown({}, problems_of(error))
        return _page(request, "Set password", form)
    flash(request, "The password is set.")
    return see_other(request, "core.user.show", id=user.id)


def end_sessions(request: Any) -> Any:
    """Signs somebody out everywhere."""
    unit = request.unit
    user = Users(unit).get(request.matchdict["id"])
    Sessions(unit).end_all_of(user)
    flash(request, f"{user.display_name} is signed out everywhere.")
    return see_other(request, "core.user.show", id=user.id)


def back(request: Any) -> Any:
    """Leads back to the account: these addresses only take forms."""
    return see_other(request, "core.user.show", id=request.matchdict["id"])


def _page(request: Any, title: str, form: dict[str, Any]) -> dict[str, Any]:
    """Returns a form page below the list."""
    crumbs = [("Users", request.route_path("core.user.list"))]
    return {"title": title, "crumbs": crumbs, "form": form}


def includeme(config: Any) -> None:
    """Adds the pages."""
    page, form, one = config.add_page, "calibrify/form.html", "/admin/users/{id:uuid}"
    page(
        "core.user.list",
        "/admin/users",
        show,
        permission=USER_VIEW,
        template="calibrify/list.html",
    )
    page(
        "core.user.create",
        "/admin/users/new",
        offer,
        permission=USER_MANAGE,
        template=form,
        post=create,
    )
    page("core.user.show", one, detail, permission=USER_VIEW, template="calibrify/user.html")
    page("core.user.edit", f"{one}/edit", edit, permission=USER_MANAGE, template=form, post=save)
    page(
        "core.user.password",
        f"{one}/password",
        offer_password,
        permission=USER_MANAGE,
        template=form,
        post=save_password,
    )
    page(
        "core.user.end_sessions",
        f"{one}/sessions/end",
        back,
        permission=SESSION_MANAGE,
        post=end_sessions,
    )
    config.include("calibrify_core.web.pages.grant")
