"""What the core itself contributes, in the shape of a plugin: its table of contents."""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType
from typing import Any

import sqlalchemy as sa

from calibrify_core.api import idempotency
from calibrify_core.api.etag import POLICY
from calibrify_core.audit import entry
from calibrify_core.auth import (
    api_token,
    grant,
    group,
    permissions,
    rights_stamp,
    role,
    signed_in,
    sweep,
    throttle,
    user,
)
from calibrify_core.auth.policy import SIGNED_IN
from calibrify_core.events.delivery import DELIVER, deliver_event
from calibrify_core.hooks import declarations as declare
from calibrify_core.hooks.policies import OrganisationPolicy
from calibrify_core.hooks.specs import CORE_API, hookimpl
from calibrify_core.mail.message import mail_address
from calibrify_core.records import files, numbering
from calibrify_core.records.audit_trail import AUDIT_VIEW
from calibrify_core.tasks import job, outbox
from calibrify_core.web.panels import ACCOUNT_ACTIONS, CALENDAR_ACTIONS, JOB_ACTIONS
from calibrify_core.work import currency, organisation

API_RESOURCES = (
    "token",
    "user",
    "group",
    "role",
    "grant",
    "api_token",
    "audit",
    "file",
    "job",
    "notification",
    "plugin",
    "search",
    "dashboard",
    "health",
)
PAGES = (
    "dashboard",
    "sign_in",
    "account",
    "user",
    "role",
    "api_token",
    "audit",
    "audit_entry",
    "job",
    "search",
    "plugin",
    "policy",
    "pulse",
)


@hookimpl
def calibrify_manifest() -> declare.Manifest:
    """Says who the core is."""
    return declare.Manifest(
        "core",
        "Calibrify",
        "The core: people, rights, records and doors.",
        CORE_API,
        "calibrify_core.migrations",
    )


@hookimpl
def calibrify_settings() -> Sequence[declare.Setting]:
    """Declares the core's settings that no process needs before its plugins are known."""
    return [
        declare.Setting(
            "mail_sender",
            "Address that mail comes from.",
            "calibrify@localhost",
            mail_address,
            example="calibrify@example.com",
        )
    ]


@hookimpl
def calibrify_models() -> Sequence[ModuleType]:
    """Names the modules with the core's tables."""
    return [
        organisation,
        user,
        group,
        role,
        grant,
        rights_stamp,
        signed_in,
        api_token,
        throttle,
        entry,
        job,
        outbox,
        files,
        numbering,
        idempotency,
    ]


@hookimpl
def calibrify_permissions() -> Sequence[declare.Permission]:
    """Declares what can be allowed in the core."""
    return [
        *permissions.PERMISSIONS,
        declare.Permission(
            AUDIT_VIEW, "Read the audit trail", ("administrator", "metrology_manager")
        ),
        declare.Permission(
            permissions.PLUGIN_VIEW, "See the plugins and their health", ("administrator",)
        ),
        declare.Permission(
            permissions.PLUGIN_MANAGE,
            "Switch plugins off and on for the organisation",
            ("administrator",),
        ),
    ]


@hookimpl
def calibrify_roles() -> Sequence[declare.Role]:
    """Declares the default roles."""
    return permissions.ROLES


@hookimpl
def calibrify_tasks() -> Sequence[declare.Task]:
    """Declares the core's own background work."""
    return [
        declare.Task(DELIVER, deliver_event),
        declare.Task(sweep.TASK, sweep.sweep_sessions),
        declare.Task(idempotency.TASK, idempotency.sweep_keys),
    ]


@hookimpl
def calibrify_schedules() -> Sequence[declare.Schedule]:
    """Declares what starts by the clock."""
    return [
        declare.Schedule(sweep.TASK, sweep.EVERY_SECONDS),
        declare.Schedule(idempotency.TASK, idempotency.EVERY_SECONDS),
    ]


@hookimpl
def calibrify_policies() -> Sequence[OrganisationPolicy]:
    """Declares the switches that an organisation sets for itself."""
    return [
        OrganisationPolicy(
            POLICY,
            "Every change by the API must say which version it changes",
            default=False,
            help="A request without If-Match is then refused, so that nobody overwrites unseen.",
        ),
        OrganisationPolicy(
            currency.POLICY,
            "Currency of prices and costs",
            default=currency.DEFAULT,
            help="It stands beside every amount; another one renames amounts and converts none.",
            choices=[(code, code) for code in currency.CODES],
        ),
    ]


@hookimpl
def calibrify_navigation() -> Sequence[declare.NavigationEntry]:
    """Declares the core's menu entries."""
    entry_of = declare.NavigationEntry
    return [
        entry_of(
            "Dashboard",
            "core.dashboard.show",
            "layout-dashboard",
            SIGNED_IN,
            order=0,
            tab=True,
            keys="g d",
        ),
        entry_of(
            "Users and roles",
            "core.user.list",
            "users",
            permissions.USER_VIEW,
            section="Administration",
            order=900,
        ),
        entry_of(
            "Policies",
            "core.policy.list",
            "scale",
            permissions.POLICY_VIEW,
            section="Administration",
            order=905,
        ),
        entry_of(
            "Plugins",
            "core.plugin.list",
            "puzzle",
            permissions.PLUGIN_VIEW,
            section="Administration",
            order=910,
        ),
        entry_of(
            "Audit log",
            "core.audit.list",
            "history",
            AUDIT_VIEW,
            section="Administration",
            order=920,
        ),
    ]


@hookimpl
def calibrify_page_slots() -> Sequence[declare.PageSlot]:
    """Declares the places that are on pages of the core, or of every plugin that has dates."""
    return [
        declare.PageSlot(ACCOUNT_ACTIONS, "Buttons of one's own account; nothing is handed over."),
        declare.PageSlot(
            CALENDAR_ACTIONS,
            "Buttons of a page that shows dates; handed over: the name of its calendar source.",
        ),
        declare.PageSlot(JOB_ACTIONS, "Buttons of a job that has ended; handed the job."),
    ]


@hookimpl
def calibrify_health_checks() -> Sequence[declare.HealthCheck]:
    """Declares what the core needs to be ready."""
    return [
        declare.HealthCheck("database", _database_answers),
        declare.HealthCheck("storage", _storage_answers),
        declare.HealthCheck("redis", _redis_answers),
    ]


@hookimpl
def calibrify_configure(config: Any) -> None:
    """Adds the core's own addresses."""
    for noun in API_RESOURCES:
        config.include(f"calibrify_core.api.resources.{noun}")
    for noun in PAGES:
        config.include(f"calibrify_core.web.pages.{noun}")


def _database_answers(platform: Any) -> None:
    """Asks the database for one row."""
    with platform.session(write=False) as session:
        session.execute(sa.text("SELECT 1"))


def _storage_answers(platform: Any) -> None:
    """Asks the storage whether it takes files."""
    platform.storage.check()


def _redis_answers(platform: Any) -> None:
    """Asks Redis, where there is one."""
    if platform.redis is not None:
        platform.redis.check()
