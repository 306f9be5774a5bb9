"""The plugin manager: finds plugins, orders them, asks each once, and freezes the answers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from typing import Any

import pluggy
from packaging.utils import canonicalize_name

from calibrify_core.hooks import declarations as declare
from calibrify_core.hooks import names, specs
from calibrify_core.hooks.requirements import needed, ordered
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
        needs: the running plugins that it needs.
    """

    manifest: declare.Manifest
    distribution: str
    version: str
    module: Any
    needs: tuple[str, ...] = ()

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
        chosen = ordered(candidates, enabled)
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
        needs = [(), *(tuple(sorted(needed(one, candidates))) for one in chosen)]
        self.all: tuple[Plugin, ...] = tuple(
            Plugin(*row)
            for row in zip(manifests, distributions, versions, modules, needs, strict=True)
        )
        for plugin, candidate in zip(self.all[1:], chosen, strict=True):
            _check_manifest(plugin, candidate)
        self._collected: dict[str, tuple[Contribution, ...]] = {}
        self._cut: dict[frozenset[str], Plugins] = {}
        self.whole: Plugins = self

    def without(self, off: frozenset[str]) -> Plugins:
        """Returns the same plugins but for some, as an organisation has them that is without those.

        Made once for each set, so that what is made of it (lists, for example) can be kept too.

        Args:
            off: names; those that do not run, and the core, make no difference.
        """
        off = off & frozenset(self.names[1:])
        if not off:
            return self
        if off not in self._cut:
            self._cut[off] = _CutPlugins(self, off)
        return self._cut[off]

    def needed_by(self, name: str) -> tuple[str, ...]:
        """Returns the names of the running plugins that need one."""
        return tuple(plugin.name for plugin in self.all if name in plugin.needs)

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


class _CutPlugins(Plugins):
    """Some of the running plugins: they were asked already, so their answers are only picked.

    Args:
        whole: all that run.
        off: names of those to leave out.
    """

    def __init__(self, whole: Plugins, off: frozenset[str]) -> None:
        self.whole = whole
        self.all = tuple(plugin for plugin in whole.all if plugin.name not in off)
        self._collected = {}

    def _gather(self, hook: str) -> list[Contribution]:
        """Picks what the plugins declared that are left."""
        return [found for found in self.whole.collect(hook) if found.plugin in self.names]


def _failed(plugin: str, hook: str, error: Exception) -> ConfigurationError:
    """Returns the sentence about a hook that raised something."""
    return ConfigurationError(
        f"Plugin {plugin} failed in {hook}: {error}. "
        f"Repair it, or leave it out of CALIBRIFY_PLUGINS."
    )


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
    attribute = names.SHAPES.get(hook)
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
