"""The policies page: what the organisation decides for itself, of the core and of each plugin."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from calibrify_core.auth.permissions import POLICY_MANAGE, POLICY_VIEW
from calibrify_core.auth.plugin_switches import organisation_of
from calibrify_core.auth.policies import policies_of, set_policies
from calibrify_core.hooks.policies import GREATEST, OrganisationPolicy
from calibrify_core.kernel.errors import Invalid, StaleVersion
from calibrify_core.web.conflict import Saved, show_conflict
from calibrify_core.web.flash import flash
from calibrify_core.web.forms import Form, FormField, Section, posted
from calibrify_core.web.kit import problems_of, see_other

PAGE = "core.policy.list"


def _field(policy: OrganisationPolicy, *, fixed: bool) -> FormField:
    """Returns the field of a policy: its default says what kind of value it has."""
    extra = {"disabled": True} if fixed else {}
    if isinstance(policy.default, bool):
        return FormField(policy.name, policy.title, "checkbox", policy.help, wide=True, extra=extra)
    if policy.choices:
        return FormField(
            policy.name, policy.title, "select", policy.help, required=True,
            options=policy.choices, extra=extra,
        )  # fmt: skip
    bounds = {"min": 0, "max": GREATEST, **extra}
    return FormField(
        policy.name, policy.title, "number", policy.help, required=True, mono=True, extra=bounds
    )


def _form(request: Any) -> Form:
    """Returns the form of all policies, as much of it as the reader may send."""
    unit = request.unit
    manages = unit.access.scope(POLICY_MANAGE).everything
    return Form(
        action=request.route_path(PAGE),
        sections=[
            Section(title, [_field(policy, fixed=not manages) for policy in declared])
            for title, declared in policies_of(unit)
        ],
        submit_label="Save policies" if manages else "",
        lead="What the organisation decides for itself. A change holds from the next request on.",
        hidden=[("version", str(organisation_of(unit).version))],
    )


def _stored(request: Any) -> dict[str, Any]:
    """Returns what is set, by policy."""
    declared = [policy for _, some in policies_of(request.unit) for policy in some]
    return {policy.name: request.unit.policy(policy.name) for policy in declared}


def _page(
    request: Any, values: Mapping[str, Any], problems: Sequence[Mapping[str, str]] = ()
) -> dict[str, Any]:
    """Returns what the page needs."""
    return {"title": "Policies", "form": _form(request).shown(values, problems)}


def show(request: Any) -> dict[str, Any]:
    """Shows the policies."""
    return _page(request, _stored(request))


def save(request: Any) -> Any:
    """Sets the policies; who comes second sees both versions."""
    form = _form(request)
    values: dict[str, Any] = {}
    try:
        values = posted(form, request.POST)
        version = str(request.POST.get("version", ""))
        number = int(version) if version.isascii() and version.isdigit() else -1
        set_policies(request.unit, {name: _read(text) for name, text in values.items()}, number)
    except StaleVersion:
        organisation = organisation_of(request.unit)
        saved = Saved.of(request, "What the organisation decided", organisation, form.action)
        return show_conflict(request, form, values, _stored(request), saved)
    except Invalid as error:
        return _page(request, values, problems_of(error))
    flash(request, "The policies are saved. They hold from the next request on.")
    return see_other(request, PAGE)


def _read(value: Any) -> Any:
    """Returns a posted value; a whole number is one."""
    digits = isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 10
    return int(value) if digits else value


def includeme(config: Any) -> None:
    """Adds the page."""
    config.add_page(
        PAGE,
        "/admin/policies",
        show,
        permission=POLICY_VIEW,
        template="calibrify/form.html",
        post=save,
        post_permission=POLICY_MANAGE,
    )
