"""What an organisation decides for itself: the declared policies, and what it set for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from calibrify_core.auth.permissions import POLICY_MANAGE
from calibrify_core.hooks.policies import OrganisationPolicy
from calibrify_core.kernel.errors import FieldError, Invalid, StaleVersion
from calibrify_core.work.organisation import Organisation
from calibrify_core.work.unit import UnitOfWork


def policies_of(unit: UnitOfWork) -> list[tuple[str, Sequence[OrganisationPolicy]]]:
    """Returns the policies by plugin: (its title, policies), without plugins switched off."""
    plugins = unit.platform.plugins.whole
    declared = plugins.collect("calibrify_policies")
    found = [
        (plugin.manifest.title, [one.value for one in declared if one.plugin == plugin.name])
        for plugin in plugins.all
        if plugin.name not in unit.organisation.plugins_off
    ]
    return [(title, some) for title, some in found if some]


def set_policies(unit: UnitOfWork, values: Mapping[str, Any], version: int) -> Organisation:
    """Sets policies of the organisation; they hold from the next request on.

    Args:
        unit: the unit of work.
        values: by name; what is left out stays as it is.
        version: of the organisation that was read.

    Returns:
        The organisation as it is afterwards.

    Raises:
        Forbidden: the author may not decide for the whole organisation.
        Invalid: a value is none that its policy can have, or nobody declared it.
        StaleVersion: somebody else changed the organisation meanwhile.
    """
    unit.access.require_everywhere(POLICY_MANAGE)
    known = {policy.name: policy for _, declared in policies_of(unit) for policy in declared}
    problems = [
        FieldError(f"/{name}", "This cannot be set.")
        for name, value in values.items()
        if name not in known or not known[name].takes(value)
    ]
    if problems:
        raise Invalid(problems)
    statement = sa.select(Organisation).where(Organisation.id == unit.organisation.id)
    organisation = unit.session.scalars(
        statement.with_for_update().execution_options(populate_existing=True)
    ).one()
    if organisation.version != version:
        raise StaleVersion("The organisation was changed meanwhile.")
    kept = {**organisation.policies, **values}
    if kept != organisation.policies:
        organisation.policies = kept
    unit.session.flush()
    return organisation
