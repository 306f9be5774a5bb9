"""Roles and what they allow, as a table to tick."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from calibrify_core.auth.grant import Grant
from calibrify_core.auth.permissions import ROLE_MANAGE, ROLE_VIEW
from calibrify_core.auth.role import Role
from calibrify_core.auth.roles import ROLES, Roles
from calibrify_core.kernel.errors import CalibrifyError, Invalid, StaleVersion
from calibrify_core.web.flash import flash
from calibrify_core.web.forms import Form, FormField, Section, posted
from calibrify_core.web.kit import problems_of, see_other
from calibrify_core.web.lists import Column, ListPage, show_list

LONGEST_TITLE = 200


def show(request: Any) -> dict[str, Any]:
    """Shows the roles of the organisation."""

    def cells(record: Mapping[str, Any]) -> dict[str, Any]:
        href = request.route_path("core.role.show", id=record["id"])
        name = {"title": record["title"], "tag": record["name"], "href": href}
        values = {
            "title": name,
            "description": record["description"],
            "permissions": len(record["permissions"]),
            "built_in": record["built_in"],
        }
        return {"id": record["id"], "label": record["title"], "href": href, "cells": values}

    actions = []
    if request.unit.access.permits(ROLE_MANAGE):
        add = request.route_path("core.role.create")
        actions = [{"label": "Add role", "href": add, "icon": "plus", "kind": "primary"}]
    page = ListPage(
        route="core.role.list",
        label="Roles",
        columns=(
            Column("title", "Role", "name", "name", order="title"),
            Column("permissions", "Permissions", cls="state num"),
            Column("description", "For whom", cls="meta"),
            Column("built_in", "Default", "yesno", "hide-s"),
        ),
        cells=cells,
        search_label="Search roles",
        actions=actions,
    )
    listing, _ = show_list(request, ROLES, page)
    crumbs = [("Users", request.route_path("core.user.list"))]
    return {"title": "Roles", "crumbs": crumbs, "listing": listing}


def detail(request: Any) -> dict[str, Any]:
    """Shows a role with all permissions, those that it holds ticked."""
    role = Roles(request.unit).get(request.matchdict["id"])
    return _shown(request, role, set(role.permissions), [])


def save(request: Any) -> Any:
    """Gives a role exactly the ticked permissions.

    One of a plugin that does not run just now is not on the page, and stays.
    """
    roles = Roles(request.unit)
    role = roles.get(request.matchdict["id"], ROLE_MANAGE)
    declared = request.platform.plugins.named("calibrify_permissions")
    ticked = set(request.POST.getall("permission"))
    kept = {name for name in role.permissions if name not in declared}
    try:
        if request.POST.get("version") != str(role.version):
            raise StaleVersion("Somebody else changed this role meanwhile. Look at it again.")
        roles.change(role, permissions=sorted(ticked | kept))
    except CalibrifyError as error:
        return _shown(request, role, ticked, problems_of(error))
    flash(request, f"{role.title} is saved. It holds from the next request on.")
    return see_other(request, "core.role.show", id=role.id)


def _shown(
    request: Any, role: Role, ticked: set[str], problems: list[dict[str, str]]
) -> dict[str, Any]:
    """Returns the page of a role."""
    unit = request.unit
    counting = unit.restrict(
        sa.select(sa.func.count(Grant.id)).where(Grant.role_id == role.id), Grant, ROLE_VIEW
    )
    manages = unit.access.scope(ROLE_MANAGE).everything
    return {
        "title": role.title,
        "crumbs": [
            ("Users", request.route_path("core.user.list")),
            ("Roles", request.route_path("core.role.list")),
        ],
        "role": {
            "id": role.id,
            "name": role.name,
            "version": role.version,
            "description": role.description,
            "built_in": role.built_in,
            "holders": unit.session.execute(counting).scalar_one(),
            "groups": _matrix(request, ticked),
            "manages": manages,
            "problems": problems,
        },
    }


def _matrix(request: Any, ticked: set[str]) -> list[dict[str, Any]]:
    """Returns the permissions by plugin and noun, each with whether it is ticked."""
    plugins = request.platform.plugins
    titles = {plugin.name: plugin.manifest.title for plugin in plugins.all}
    found: dict[str, dict[str, list[dict[str, Any]]]] = {}
    for contribution in plugins.collect("calibrify_permissions"):
        name = contribution.value.name
        noun, _, verb = name.partition(":")
        word = noun.partition(".")[2].replace("_", " ").capitalize()
        entry = {
            "name": name,
            "verb": verb.replace("_", " ").capitalize(),
            "title": contribution.value.title,
            "ticked": name in ticked,
        }
        found.setdefault(contribution.plugin, {}).setdefault(word, []).append(entry)
    return [
        {"title": titles[plugin], "id": plugin, "nouns": sorted(nouns.items())}
        for plugin, nouns in found.items()
    ]


def role_form(request: Any) -> Form:
    """Returns the form of a new role."""
    fields = [
        FormField("title", "Title", required=True, extra={"maxlength": LONGEST_TITLE}),
        FormField(
            "name",
            "Name",
            required=True,
            mono=True,
            extra={"maxlength": 64},
            hint="Lower-case letters, digits and underscores; the API calls the role so.",
        ),
        FormField("description", "For whom", "textarea", rows=2),
    ]
    return Form(
        action=request.route_path("core.role.create"),
        sections=[Section("Role", fields)],
        submit_label="Add role",
        cancel_href=request.route_path("core.role.list"),
        lead="What it allows is ticked in the next step.",
    )


def offer(request: Any) -> dict[str, Any]:
    """Shows the form of a new role."""
    return _page(request, role_form(request).shown({}))


def create(request: Any) -> Any:
    """Adds a role."""
    form = role_form(request)
    values = posted(form, request.POST)
    title = values["title"] or ""
    try:
        if not 1 <= len(title) <= LONGEST_TITLE:
            raise Invalid.field("title", "This is needed.")
        role = Roles(request.unit).create(
            values["name"] or "", title, (values["description"] or "")[:10_000]
        )
    except CalibrifyError as error:
        return _page(request, form.shown(values, problems_of(error)))
    return see_other(request, "core.role.show", id=role.id)


def delete(request: Any) -> Any:
    """Deletes a role that nobody holds."""
    roles = Roles(request.unit)
    role = roles.get(request.matchdict["id"], ROLE_MANAGE)
    title = role.title
    roles.delete(role)
    flash(request, f"{title} is deleted.")
    return see_other(request, "core.role.list")


def back(request: Any) -> Any:
    """Leads back to the role: this address only takes a form."""
    return see_other(request, "core.role.show", id=request.matchdict["id"])


def _page(request: Any, form: dict[str, Any]) -> dict[str, Any]:
    """Returns the form page."""
    crumbs = [("Roles", request.route_path("core.role.list"))]
    return {"title": "Add role", "crumbs": crumbs, "form": form}


def includeme(config: Any) -> None:
    """Adds the pages."""
    page = config.add_page
    page(
        "core.role.list",
        "/admin/roles",
        show,
        permission=ROLE_VIEW,
        template="calibrify/list.html",
    )
    page(
        "core.role.create",
        "/admin/roles/new",
        offer,
        permission=ROLE_MANAGE,
        template="calibrify/form.html",
        post=create,
    )
    page(
        "core.role.show",
        "/admin/roles/{id:uuid}",
        detail,
        permission=ROLE_VIEW,
        template="calibrify/role.html",
        post=save,
        post_permission=ROLE_MANAGE,
    )
    page(
        "core.role.delete",
        "/admin/roles/{id:uuid}/delete",
        back,
        permission=ROLE_MANAGE,
        post=delete,
    )
