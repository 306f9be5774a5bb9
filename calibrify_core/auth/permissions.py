"""What can be allowed in the core: administration of people, rights and tokens."""

from __future__ import annotations

from calibrify_core.hooks.declarations import Permission, Role

SIGNED_IN = "core.session:use"
OWN_ACCOUNT = "core.session:change_account"
EVERYBODYS = frozenset({SIGNED_IN, OWN_ACCOUNT})
"""What everybody holds who is recognised; an API token holds `SIGNED_IN` alone of it."""

USER_VIEW = "core.user:view"
USER_MANAGE = "core.user:manage"
GROUP_VIEW = "core.group:view"
GROUP_MANAGE = "core.group:manage"
ROLE_VIEW = "core.role:view"
ROLE_MANAGE = "core.role:manage"
GRANT_VIEW = "core.grant:view"
GRANT_MANAGE = "core.grant:manage"
API_TOKEN_USE = "core.api_token:use"  # noqa: S105 - the name of a permission
API_TOKEN_MANAGE = "core.api_token:manage"  # noqa: S105 - the name of a permission
SESSION_MANAGE = "core.session:manage"
POLICY_VIEW = "core.policy:view"
POLICY_MANAGE = "core.policy:manage"
PLUGIN_VIEW = "core.plugin:view"
PLUGIN_MANAGE = "core.plugin:manage"

# Whoever holds all of these for the whole organisation is its administrator.
ADMINISTRATION = frozenset({USER_MANAGE, ROLE_MANAGE, GRANT_MANAGE})

_ADMINISTRATOR = ("administrator",)

PERMISSIONS = (
    Permission(USER_VIEW, "See user accounts", ("administrator", "metrology_manager")),
    Permission(USER_MANAGE, "Add, change and disable user accounts", _ADMINISTRATOR),
    Permission(GROUP_VIEW, "See groups", ("administrator", "metrology_manager")),
    Permission(GROUP_MANAGE, "Add, change and delete groups", _ADMINISTRATOR),
    Permission(
        ROLE_VIEW, "See roles and their permissions", ("administrator", "metrology_manager")
    ),
    Permission(ROLE_MANAGE, "Add, change and delete roles", _ADMINISTRATOR),
    Permission(GRANT_VIEW, "See who holds which role", ("administrator", "metrology_manager")),
    Permission(GRANT_MANAGE, "Give and take away roles", _ADMINISTRATOR),
    Permission(
        API_TOKEN_USE, "Make API tokens for oneself", ("administrator", "metrology_manager")
    ),
    Permission(API_TOKEN_MANAGE, "See and revoke API tokens of everybody", _ADMINISTRATOR),
    Permission(SESSION_MANAGE, "End sessions of everybody", _ADMINISTRATOR),
    Permission(
        POLICY_VIEW,
        "See the policies of the organisation",
        ("administrator", "metrology_manager"),
    ),
    Permission(POLICY_MANAGE, "Set the policies of the organisation", _ADMINISTRATOR),
)

ROLES = (
    Role("administrator", "Administrator", "Runs the installation: people, rights, settings."),
    Role(
        "metrology_manager",
        "Metrology manager",
        "Answers for the instruments: plans, reviews and approves.",
    ),
    Role("technician", "Technician", "Calibrates and records."),
    Role("viewer", "Viewer", "Looks things up and changes nothing."),
)
