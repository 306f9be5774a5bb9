"""The plugin manager: finds plugins, orders them, asks each once, and freezes the answers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from importlib import metadata
from typing import Any

import pluggy
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from calibrify_core.hooks import declarations as declare
from calibrify_core.hooks import specs
from calibrify_core.kernel.errors import ConfigurationError

GROUP = "calibrify.plugins"
ASKED_ELSEWHERE = {"calibrify_manifest", "calibrify_hookspecs", "calibrify_configure"}
MARK = f"{specs.PROJECT}_impl"  # what `hookimpl` leaves on a function


@dataclass(frozen=True, slots=True)
class Candidate:
    """An installed plugin, enabled or not.

    Attributes:
        name: its entry point's name.
        distribution: the distribution that brings it.
        version: of that distribution.
        requires: requirement lines of the distribution.
        load: imports and returns the object that holds its hook implementations.
    """

    name: str
    distribution: str
    version: str
    requires: tuple[str, ...]
    load: Any


@dataclass(frozen=True, slots=True)
class Plugin:
    """A plugin that runs.

    Attributes:
        manifest: what it says about itself.
        distribution: the distribution that brings it.
        version: of that distribution.
        module: the object that holds its hook implementations.
    """

    manifest: declare.Manifest
    distribution: str
    version: str
    module: Any

    @property
    def name(self) -> str:
        """The plugin's name."""
        return self.manifest.name


@dataclass(frozen=True, slots=True)
class Contribution:
    """One declaration and the plugin that made it."""

    plugin: str
    value: Any


def installed() -> dict[str, Candidate]:
    """Returns the plugins that are installed, by name."""
    found: dict[str, Candidate] = {}
    for entry in metadata.entry_points(group=GROUP):
        distribution = entry.dist
        if distribution is not None:
            found[entry.name] = Candidate(
                entry.name,
                canonicalize_name(distribution.name),
                distribution.version,
                tuple(distribution.requires or ()),
                entry.load,
            )
    return found


class Plugins:
    """The plugins that run, in dependency order, and all that they declared.

    Args:
        core: the core's own contributions, a module shaped like a plugin's.
        candidates: installed plugins by name.
        enabled: names to run, None for all.

    Raises:
        ConfigurationError: with one sentence that says which plugin, why, and the cure.
    """

    def __init__(
        self, core: Any, candidates: Mapping[str, Candidate], enabled: Iterable[str] | None = None
    ) -> None:
        chosen = _ordered(candidates, enabled)
        self._manager = pluggy.PluginManager(specs.PROJECT)
        self._manager.add_hookspecs(specs)
        modules = [core, *(self._import(candidate) for candidate in chosen)]
        for module in modules:
            for spec in self._ask_alone(module, "calibrify_hookspecs") or ():
                self._manager.add_hookspecs(spec)
        manifests = [self._ask_alone(module, "calibrify_manifest") for module in modules]
        # pluggy calls the last one registered first: dependencies are registered last.
        for manifest, module in reversed(list(zip(manifests, modules, strict=True))):
            self._register(module, manifest.name)
        self._check_hooks()
        versions = [metadata.version("calibrify-core"), *(c.version for c in chosen)]
        distributions = ["calibrify-core", *(c.distribution for c in chosen)]
        self.all: tuple[Plugin, ...] = tuple(
            Plugin(*row) for row in zip(manifests, distributions, versions, modules, strict=True)
        )
        for plugin, candidate in zip(self.all[1:], chosen, strict=True):
            _check_manifest(plugin, candidate)
        self._collected: dict[str, tuple[Contribution, ...]] = {}

    @staticmethod
    def _import(candidate: Candidate) -> Any:
        """Imports a plugin; whatever it raises becomes one sentence."""
        try:
            return candidate.load()
        except Exception as error:
            raise ConfigurationError(
                f"Plugin {candidate.name} cannot be imported: {error}. "
                f"Repair it, or leave it out of CALIBRIFY_PLUGINS."
            ) from error

    @staticmethod
    def _ask_alone(module: Any, hook: str) -> Any:
        """Asks one module a question before it is registered."""
        implementation = getattr(module, hook, None)
        if implementation is None:
            if hook == "calibrify_manifest":
                raise ConfigurationError(f"{module.__name__} has no {hook}: it is no plugin.")
            return None
        try:
            return implementation()
        except Exception as error:
            raise _failed(module.__name__, hook, error) from error

    def _register(self, module: Any, name: str) -> None:
        """Registers one plugin; an unmarked hook or a wrong argument becomes one sentence."""
        for hook in dir(module):
            found = getattr(module, hook)
            if hook.startswith("calibrify_") and callable(found) and not hasattr(found, MARK):
                raise ConfigurationError(
                    f"Plugin {name} has {hook} without @hookimpl, so nobody would call it: "
                    f"add the decorator."
                )
        try:
            self._manager.register(module, name=name)
        except pluggy.PluginValidationError as error:
            reason = " ".join(str(error).split())
            raise ConfigurationError(f"Plugin {name} does not fit its hooks: {reason}.") from None

    def _check_hooks(self) -> None:
        """Refuses an implementation of a hook that nobody specifies: its name is misspelt."""
        for hook, caller in sorted(vars(self._manager.hook).items()):
            if hook.startswith("_") or caller.has_spec():
                continue
            for implementation in caller.get_hookimpls():
                raise ConfigurationError(
                    f"Plugin {implementation.plugin_name} fills {hook}, and there is no such "
                    f"hook: correct its name."
                )

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the running plugins, the core's first, in dependency order."""
        return tuple(plugin.name for plugin in self.all)

    def get(self, name: str) -> Plugin | None:
        """Returns a running plugin by name."""
        return next((plugin for plugin in self.all if plugin.name == name), None)

    def collect(self, hook: str) -> tuple[Contribution, ...]:
        """Returns what all plugins declared for a hook, in dependency order, asked once.

        Raises:
            ConfigurationError: two plugins gave the same name, or one failed.
        """
        if hook not in self._collected:
            self._collected[hook] = tuple(self._gather(hook))
            _check_names(hook, self._collected[hook])
        return self._collected[hook]

    def values(self, hook: str) -> list[Any]:
        """Returns the bare declarations of a hook."""
        return [contribution.value for contribution in self.collect(hook)]

    def named(self, hook: str) -> dict[str, Any]:
        """Returns the declarations of a hook by their names."""
        return {contribution.value.name: contribution.value for contribution in self.collect(hook)}

    def _gather(self, hook: str) -> list[Contribution]:
        """Asks plugin by plugin, so that a failure is told by its name."""
        found = []
        for plugin in self.all:
            others = [other.module for other in self.all if other is not plugin]
            caller = self._manager.subset_hook_caller(hook, others)
            try:
                answers: list[Sequence[Any]] = caller()
            except Exception as error:
                raise _failed(plugin.name, hook, error) from error
            found += [Contribution(plugin.name, value) for answer in answers for value in answer]
        return found

    def collect_all(self) -> None:
        """Asks everything that is asked by declarations, so that what is wrong stops the boot."""
        for hook, caller in sorted(vars(self._manager.hook).items()):
            if not hook.startswith("_") and caller.has_spec() and hook not in ASKED_ELSEWHERE:
                self.collect(hook)

    def configure(self, config: Any, begin: Callable[[str], None] = lambda _: None) -> None:
        """Lets each plugin add its routes and views, in dependency order.

        Args:
            config: the configurator.
            begin: told the name of each plugin before its turn.

        Raises:
            ConfigurationError: one of them failed; the sentence names it.
        """
        for plugin in self.all:
            begin(plugin.name)
            others = [other.module for other in self.all if other is not plugin]
            try:
                self._manager.subset_hook_caller("calibrify_configure", others)(config=config)
            except ConfigurationError:
                raise
            except Exception as error:
                raise _failed(plugin.name, "calibrify_configure", error) from error


def _failed(plugin: str, hook: str, error: Exception) -> ConfigurationError:
    """Returns the sentence about a hook that raised something."""
    return ConfigurationError(
        f"Plugin {plugin} failed in {hook}: {error}. "
        f"Repair it, or leave it out of CALIBRIFY_PLUGINS."
    )


def _ordered(candidates: Mapping[str, Candidate], enabled: Iterable[str] | None) -> list[Candidate]:
    """Returns the enabled plugins, each after those that it needs."""
    names = sorted(candidates) if enabled is None else list(dict.fromkeys(enabled))
    for name in names:
        if name not in candidates:
            known = ", ".join(sorted(candidates)) or "none"
            raise ConfigurationError(
                f"Plugin {name} is not installed: install it, or take it out of "
                f"CALIBRIFY_PLUGINS (installed: {known})."
            )
    by_distribution = {candidate.distribution: name for name, candidate in candidates.items()}
    graph: dict[str, set[str]] = {}
    for name in names:
        graph[name] = set()
        for line in candidates[name].requires:
            needed = by_distribution.get(_check_requirement(name, line, candidates))
            if needed is None:
                continue
            if needed not in names:
                raise ConfigurationError(
                    f"Plugin {name} needs plugin {needed}: add {needed} to CALIBRIFY_PLUGINS."
                )
            graph[name].add(needed)
    sorter = TopologicalSorter(graph)
    try:
        sorter.prepare()
    except CycleError as error:
        circle = " → ".join(error.args[1])
        raise ConfigurationError(
            f"Plugins need each other in a circle ({circle}): leave one of them out."
        ) from None
    order: list[Candidate] = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready())
        order += [candidates[name] for name in ready]
        sorter.done(*ready)
    return order


def _check_requirement(name: str, line: str, candidates: Mapping[str, Candidate]) -> str:
    """Returns the distribution that a requirement names, checked to be there and to fit."""
    requirement = Requirement(line)
    wanted = canonicalize_name(requirement.name)
    if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
        return str(wanted)
    versions = {candidate.distribution: candidate.version for candidate in candidates.values()}
    try:
        version = versions.get(wanted) or metadata.version(wanted)
    except metadata.PackageNotFoundError:
        raise ConfigurationError(
            f"Plugin {name} needs {wanted}, which is not installed: install it, "
            f"or leave {name} out of CALIBRIFY_PLUGINS."
        ) from None
    if not requirement.specifier.contains(version, prereleases=True):
        raise ConfigurationError(
            f"Plugin {name} needs {wanted} {requirement.specifier}, and {version} is installed: "
            f"install versions that fit together."
        )
    return str(wanted)


def _check_manifest(plugin: Plugin, candidate: Candidate) -> None:
    """Checks that the manifest fits the entry point and the core."""
    if plugin.name != candidate.name:
        raise ConfigurationError(
            f"Plugin {candidate.name} calls itself {plugin.name}: both names must be the same."
        )
    if plugin.manifest.core_api != specs.CORE_API:
        raise ConfigurationError(
            f"Plugin {plugin.name} is written for plugin interface {plugin.manifest.core_api}, "
            f"and this core has {specs.CORE_API}: install versions that fit together."
        )


def _check_names(hook: str, found: Sequence[Contribution]) -> None:
    """Refuses a name that two declarations give."""
    attribute = specs.SHAPES.get(hook)
    if attribute is None:
        return
    seen: dict[str, str] = {}
    for contribution in found:
        name = getattr(contribution.value, attribute)
        if name in seen:
            raise ConfigurationError(
                f"{hook.removeprefix('calibrify_')}: {name} is declared by plugin {seen[name]} "
                f"and by plugin {contribution.plugin}: rename one of them."
            )
        seen[name] = contribution.plugin
