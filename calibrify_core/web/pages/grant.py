"""Roles of one account: what it holds and where, given and taken away on its page."""

from __future__ import annotations

import uuid
from typing import Any

import sqlalchemy as sa

from calibrify_core.auth.grant import Grant
from calibrify_core.auth.grants import Grants
from calibrify_core.auth.permissions import GRANT_MANAGE
from calibrify_core.auth.role import Role
from calibrify_core.auth.user import User
from calibrify_core.auth.users import Users
from calibrify_core.kernel.errors import Invalid
from calibrify_core.persistence.scoping import unscoped
from calibrify_core.web.flash import flash
from calibrify_core.web.kit import see_other
from calibrify_core.work.access import ORGANISATION

MOST_NODES = 500
BECAUSE = "names beside a grant that was itself read within the scope"


def grants_of(request: Any, user: User) -> list[dict[str, Any]]:
    """Returns the roles that somebody holds by themselves."""
    unit = request.unit
    statement = (
        sa.select(Grant.id, Role.title, Role.id, Grant.scope_type, Grant.scope_id)
        .join(Role, Role.id == Grant.role_id)
        .where(Grant.user_id == user.id, Grant.organisation_id == unit.organisation.id)
        .order_by(Role.title, Grant.id)
    )
    marked = unscoped(statement, Grant, Role, because=BECAUSE)
    found = []
    for grant_id, title, role_id, kind, node in unit.session.execute(marked):
        found.append(
            {
                "role": title,
                "role_href": request.route_path("core.role.show", id=role_id),
                "where": _where(unit, kind, node),
                "remove_href": request.route_path(
                    "core.user.revoke", id=user.id, grant_id=grant_id
                ),
            }
        )
    return found


def _where(unit: Any, kind: str, node: uuid.UUID | None) -> str:
    """Returns where a grant holds, in words."""
    if kind == ORGANISATION:
        return "Whole organisation"
    declared = unit.platform.plugins.named("calibrify_scope_kinds").get(kind)
    if declared is None:
        return f"{kind} (plugin not running)"
    model = declared.model
    statement = sa.select(_path_of(model)).where(model.id == node)
    name = unit.session.scalars(unscoped(statement, model, because=BECAUSE)).first()
    return f"{declared.title}: {name or node}"


def _path_of(model: Any) -> Any:
    """Returns the column that tells one node from another: in a tree its path, else its name."""
    return getattr(model, "path", model.name)


def role_options(unit: Any) -> list[tuple[str, str]]:
    """Returns the roles to choose from."""
    statement = unit.restrict(
        sa.select(Role.id, Role.title).order_by(Role.title), Role, GRANT_MANAGE
    )
    return [(str(role_id), title) for role_id, title in unit.session.execute(statement)]


def scope_options(unit: Any) -> list[tuple[str, str]]:
    """Returns where a role can hold: everywhere, or at a node of a plugin's tree."""
    found = [(ORGANISATION, "Whole organisation")]
    for kind in unit.platform.plugins.values("calibrify_scope_kinds"):
        model = kind.model
        path = _path_of(model)
        statement = sa.select(model.id, path).order_by(path).limit(MOST_NODES)
        for node, name in unit.session.execute(unit.restrict(statement, model, GRANT_MANAGE)):
            found.append((f"{kind.name}:{node}", f"{kind.title}: {name}"))
    return found


def give(request: Any) -> Any:
    """Gives somebody a role."""
    unit = request.unit
    user = Users(unit).get(request.matchdict["id"])
    kind, _, node = str(request.POST.get("scope", ORGANISATION)).partition(":")
    Grants(unit).give(
        _identifier("role", request.POST.get("role")),
        user_id=user.id,
        scope_type=kind,
        scope_id=_identifier("scope", node) if node else None,
    )
    flash(request, "The role is given.")
    return see_other(request, "core.user.show", id=user.id)


def _identifier(name: str, text: Any) -> uuid.UUID:
    """Returns an id of a form.

    Raises:
        Invalid: it is none.
    """
    try:
        return uuid.UUID(str(text))
    except ValueError:
        raise Invalid.field(name, "Choose one of the list.") from None


def take_away(request: Any) -> Any:
    """Takes a role away."""
    grants = Grants(request.unit)
    grants.take_away(grants.get(request.matchdict["grant_id"], GRANT_MANAGE))
    flash(request, "The role is taken away.")
    return see_other(request, "core.user.show", id=request.matchdict["id"])


def back(request: Any) -> Any:
    """Leads back to the account: these addresses only take forms."""
    return see_other(request, "core.user.show", id=request.matchdict["id"])


def includeme(config: Any) -> None:
    """Adds the addresses of the forms."""
    one = "/admin/users/{id:uuid}/grants"
    config.add_page("core.user.grant", one, back, permission=GRANT_MANAGE, post=give)
    config.add_page(
        "core.user.revoke",
        f"{one}/{{grant_id:uuid}}/remove",
        back,
        permission=GRANT_MANAGE,
        post=take_away,
    )
