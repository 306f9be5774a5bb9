"""The plugins as an administrator sees them: what runs, what it adds, and how it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from calibrify_core.hooks.manager import Candidate, Plugin, Plugins, installed
from calibrify_core.hooks.requirements import needed, why_not
from calibrify_core.kernel.settings import MASK, SECRET_BITS
from calibrify_core.observability.faults import FAULTS, Fault
from calibrify_core.observability.health import CheckResult, run_checks
from calibrify_core.work.organisation import OrganisationFacts
from calibrify_core.work.platform import Platform

COUNTED: Mapping[str, str] = {
    "calibrify_permissions": "permissions",
    "calibrify_roles": "roles",
    "calibrify_models": "models",
    "calibrify_tasks": "tasks",
    "calibrify_schedules": "schedules",
    "calibrify_subscribers": "subscribers",
    "calibrify_navigation": "navigation",
    "calibrify_panels": "panels",
    "calibrify_dashboard_widgets": "dashboard_widgets",
    "calibrify_search_sources": "search_sources",
    "calibrify_health_checks": "health_checks",
    "calibrify_commands": "commands",
}
"""Hooks of the core whose declarations are counted; those that plugins add are counted by name."""


@dataclass(frozen=True, slots=True)
class ShownSetting:
    """A setting with its effective value as text; secrets are masked."""

    name: str
    description: str
    value: str


@dataclass(frozen=True, slots=True)
class ShownCheck:
    """How a dependency of a plugin is."""

    name: str
    ok: bool
    detail: str


@dataclass(frozen=True, slots=True)
class PluginView:
    """One installed plugin.

    Attributes:
        name: of the plugin.
        title: as people read it.
        description: one sentence.
        distribution: that brings it.
        version: of the distribution.
        state: ``running``, ``switched_off`` for the organisation, ``not_enabled`` in the
            installation, or ``cannot_run``.
        enabled: whether it runs for the organisation.
        reason: why it cannot run, empty otherwise.
        needs: plugins that it needs.
        needed_by: running plugins that need it.
        contributions: how many of what it adds.
        settings: its settings.
        health: how its dependencies are.
        last_error: what failed last in this process.
    """

    name: str
    title: str
    description: str
    distribution: str
    version: str
    state: str
    enabled: bool
    reason: str = ""
    needs: tuple[str, ...] = ()
    needed_by: tuple[str, ...] = ()
    contributions: Mapping[str, int] = field(default_factory=dict)
    settings: tuple[ShownSetting, ...] = ()
    health: tuple[ShownCheck, ...] = ()
    last_error: Fault | None = None


def describe_all(platform: Platform, organisation: OrganisationFacts) -> list[PluginView]:
    """Returns all installed plugins: those that run in the order of their needs, then the others.

    Args:
        platform: the application's shared services.
        organisation: whose switches count.
    """
    plugins = platform.plugins.whole
    counts = _counted(plugins)
    health = {
        check.name: check
        for check in run_checks(platform, plugins.values("calibrify_health_checks")).checks
    }
    running = [
        _running(platform, plugin, organisation, counts[plugin.name], health)
        for plugin in plugins.all
    ]
    candidates = installed()
    others = sorted(set(candidates) - set(plugins.names))
    return running + [_idle(candidates[name], candidates) for name in others]


def _running(
    platform: Platform,
    plugin: Plugin,
    organisation: OrganisationFacts,
    counts: Counter[str],
    health: Mapping[str, CheckResult],
) -> PluginView:
    """Returns a plugin that runs in this installation."""
    plugins = platform.plugins.whole
    off = plugin.name != "core" and plugin.name in organisation.plugins_off
    checks = [
        one.value.name
        for one in plugins.collect("calibrify_health_checks")
        if one.plugin == plugin.name
    ]
    return PluginView(
        plugin.name,
        plugin.manifest.title,
        plugin.manifest.description,
        plugin.distribution,
        plugin.version,
        "switched_off" if off else "running",
        enabled=not off,
        needs=plugin.needs,
        needed_by=plugins.needed_by(plugin.name),
        contributions=dict(counts),
        settings=_settings(platform, plugin.name),
        health=tuple(
            ShownCheck(name, health[name].ok, health[name].detail)
            for name in checks
            if name in health
        ),
        last_error=FAULTS.last(plugin.name),
    )


def _idle(candidate: Candidate, candidates: Mapping[str, Candidate]) -> PluginView:
    """Returns a plugin that is installed and does not run."""
    reason = why_not(candidate.name, candidates) or ""
    return PluginView(
        candidate.name,
        candidate.name.replace("_", " ").capitalize(),
        "",
        candidate.distribution,
        candidate.version,
        "cannot_run" if reason else "not_enabled",
        enabled=False,
        reason=reason,
        needs=tuple(sorted(needed(candidate, candidates))),
    )


def _counted(plugins: Plugins) -> dict[str, Counter[str]]:
    """Returns how many of what each plugin adds, hooks of other plugins included."""
    counts: dict[str, Counter[str]] = {name: Counter() for name in plugins.names}
    hooks = dict(COUNTED)
    for module in plugins.values("calibrify_hookspecs"):
        for name in vars(module):
            if name.startswith("calibrify_"):
                hooks[name] = name.removeprefix("calibrify_")
    for hook, noun in hooks.items():
        for contribution in plugins.collect(hook):
            counts[contribution.plugin][noun] += 1
    return counts


def _settings(platform: Platform, plugin: str) -> tuple[ShownSetting, ...]:
    """Returns the settings of a plugin; what its name says is a secret is masked."""
    found = []
    for contribution in platform.plugins.whole.collect("calibrify_settings"):
        declared = contribution.value
        if contribution.plugin == plugin:
            value = platform.plugin_settings[plugin][declared.key]
            secret = any(bit in declared.key for bit in SECRET_BITS)
            found.append(
                ShownSetting(
                    f"CALIBRIFY_{plugin.upper()}__{declared.key.upper()}",
                    declared.description,
                    MASK if secret and value else str(value),
                )
            )
    return tuple(found)
