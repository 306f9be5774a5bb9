"""The plugin that a contract looks at: its source, its declarations and its distribution."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from configparser import ConfigParser
from dataclasses import dataclass
from functools import cached_property
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from calibrify_core import contributions
from calibrify_core.hooks.manager import Candidate, Plugins, installed
from calibrify_core.persistence.base import Base

GENERATED = "versions"  # migrations: written by a tool, named by their number


@dataclass(frozen=True)
class Subject:
    """An installed plugin.

    Attributes:
        name: its name.
    """

    name: str

    @cached_property
    def candidate(self) -> Candidate:
        """Its entry point and distribution."""
        known = installed()
        assert self.name in known, f"{self.name} is not installed; there are: {', '.join(known)}"
        return known[self.name]

    @cached_property
    def needs(self) -> tuple[str, ...]:
        """Names of the plugins that it needs, with those that these need."""
        known = installed()
        by_distribution = {one.distribution: one.name for one in known.values()}
        found: list[str] = []
        waiting = [self.name]
        while waiting:
            for line in known[waiting.pop()].requires:
                needed = by_distribution.get(canonicalize_name(Requirement(line).name))
                if needed is not None and needed not in found:
                    found.append(needed)
                    waiting.append(needed)
        return tuple(found)

    @cached_property
    def plugins(self) -> Plugins:
        """It and what it needs, as an application runs them."""
        known = installed()
        return Plugins(contributions, {name: known[name] for name in (self.name, *self.needs)})

    @property
    def module(self) -> ModuleType:
        """The module with its hook implementations."""
        found = self.plugins.get(self.name)
        assert found is not None
        module: ModuleType = found.module
        return module

    @property
    def manifest(self) -> Any:
        """What it says about itself."""
        found = self.plugins.get(self.name)
        assert found is not None
        return found.manifest

    @cached_property
    def package(self) -> str:
        """The import name of its package."""
        return self.module.__name__.rpartition(".")[0]

    @cached_property
    def folder(self) -> Path:
        """The folder of its package."""
        return Path(str(self.module.__file__)).parent

    @cached_property
    def home(self) -> Path | None:
        """The folder with its setup.cfg, None where it was installed from a wheel."""
        return next(
            (path for path in self.folder.parents[:3] if (path / "setup.cfg").exists()), None
        )

    def declared(self, hook: str) -> list[Any]:
        """Returns what it declared for a hook."""
        return [one.value for one in self.plugins.collect(hook) if one.plugin == self.name]

    @cached_property
    def models(self) -> list[type[Any]]:
        """Its mapped classes."""
        self.plugins.collect("calibrify_models")
        return [
            mapper.class_
            for mapper in Base.registry.mappers
            if mapper.class_.__module__.startswith(f"{self.package}.")
        ]

    @cached_property
    def sources(self) -> dict[str, ast.Module]:
        """Its modules, parsed, by name; without the migrations."""
        found = {}
        for path in sorted(self.folder.rglob("*.py")):
            if GENERATED in path.parent.parts:
                continue
            parts = path.relative_to(self.folder).with_suffix("").parts
            name = ".".join((self.package, *parts)).removesuffix(".__init__")
            found[name] = ast.parse(path.read_text(encoding="utf-8"))
        return found

    @cached_property
    def templates(self) -> dict[str, str]:
        """Its HTML templates by the name under which they are loaded."""
        folder = self.folder / "templates"
        return {
            path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8")
            for path in sorted(folder.rglob("*.html"))
        }

    @cached_property
    def events(self) -> list[type[Any]]:
        """The classes of its module ``events``."""
        module = next((name for name in self.sources if name == f"{self.package}.events"), None)
        if module is None:
            return []
        loaded = __import__(module, fromlist=["events"])
        return [
            found
            for found in vars(loaded).values()
            if isinstance(found, type) and found.__module__ == module
        ]

    @property
    def metadata(self) -> Any:
        """The metadata of its distribution."""
        return metadata.metadata(self.candidate.distribution)

    @cached_property
    def setup(self) -> ConfigParser | None:
        """Its setup.cfg, None where it was installed from a wheel."""
        if self.home is None:
            return None
        parser = ConfigParser(interpolation=None)
        parser.read(self.home / "setup.cfg", encoding="utf-8")
        return parser

    def folders_with_code(self) -> list[str]:
        """Returns the packages that its tree holds, by name."""
        found = {
            path.parent.relative_to(self.folder)
            for path in self.folder.rglob("*.py")
            if "__pycache__" not in path.parts
        }
        return sorted(".".join((self.package, *path.parts)) for path in found)

    def rooms(self, *names: str) -> Iterator[tuple[str, ast.Module]]:
        """Yields (name, source) of the modules in some of its rooms."""
        for name, tree in self.sources.items():
            room = name.removeprefix(f"{self.package}.").split(".")[0]
            if room in names:
                yield name, tree

    def reached(self, *names: str) -> dict[str, list[str]]:
        """Returns what the modules in some rooms import, also by way of other modules of ours.

        By name of what is imported: the chain that leads to it. Modules of the core and of
        plugins are followed, third-party ones are not.
        """
        chains: dict[str, list[str]] = {}
        waiting = [(name, [name], tree) for name, tree in self.rooms(*names)]
        while waiting:
            _, chain, tree = waiting.pop()
            for target in imports(tree):
                if target in chains:
                    continue
                chains[target] = [*chain, target]
                source = _source(target) if target.startswith("calibrify_") else None
                if source is not None:
                    waiting.append((target, chains[target], source))
        return chains


def imports(tree: ast.Module, *, typing: bool = False) -> list[str]:
    """Returns the modules, and the names in them, that a module imports when it is loaded.

    Args:
        tree: the module's source.
        typing: whether to count what is imported for type checkers alone.
    """
    found = []
    passed: set[ast.AST] = set()
    for node in ast.walk(tree):
        if not typing and isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            passed |= set(ast.walk(node))
        if node in passed:
            continue
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.append(node.module)
            found += [f"{node.module}.{alias.name}" for alias in node.names]
    return found


def _source(name: str) -> ast.Module | None:
    """Returns the parsed source of a module, None if the name is none of a module."""
    try:
        spec = find_spec(name)
    except ModuleNotFoundError:
        return None
    if spec is None or spec.origin is None or not spec.origin.endswith(".py"):
        return None
    return ast.parse(Path(spec.origin).read_text(encoding="utf-8"))
