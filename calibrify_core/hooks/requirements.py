"""What plugins need of each other, from the requirements of their distributions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from graphlib import CycleError, TopologicalSorter
from importlib import metadata
from typing import TYPE_CHECKING

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from calibrify_core.kernel.errors import ConfigurationError

if TYPE_CHECKING:
    from calibrify_core.hooks.manager import Candidate


def ordered(candidates: Mapping[str, Candidate], enabled: Iterable[str] | None) -> list[Candidate]:
    """Returns the enabled plugins, each after those that it needs.

    Args:
        candidates: the installed plugins by name.
        enabled: names to run, None for all.

    Raises:
        ConfigurationError: one is missing, or they do not fit together.
    """
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


def needed(candidate: Candidate, candidates: Mapping[str, Candidate]) -> set[str]:
    """Returns the names of the installed plugins that one needs."""
    by_distribution = {one.distribution: name for name, one in candidates.items()}
    wanted = {str(canonicalize_name(Requirement(line).name)) for line in candidate.requires}
    return {name for distribution, name in by_distribution.items() if distribution in wanted}


def why_not(name: str, candidates: Mapping[str, Candidate]) -> str | None:
    """Returns the reason for which an installed plugin could not run, None if nothing is known.

    Its requirements are looked at; its code is not imported.

    Args:
        name: of the plugin.
        candidates: the installed plugins by name.
    """
    wanted = {name}
    while more := set().union(*(needed(candidates[one], candidates) for one in wanted)) - wanted:
        wanted |= more
    try:
        ordered(candidates, sorted(wanted))
    except ConfigurationError as error:
        return error.detail
    return None
