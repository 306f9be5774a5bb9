"""What the source of every plugin keeps to: rooms, imports, docstrings, templates, packages."""

from __future__ import annotations

import ast
import re

from calibrify_core.testing.subject import Subject, imports

# A worker runs these rooms: no web framework in them.
INSIDE = ("models", "services", "domain", "events", "tasks", "permissions")
NO_RULES = ("sqlalchemy", "pyramid", "celery", "redis", "boto3")
INLINE = re.compile(
    r"<[^>]*\s(on[a-z]+|style)\s*=|<style\b|<script\b(?![^>]*\ssrc=)|javascript:|\|\s*safe\b",
    re.IGNORECASE,
)
FRAME = re.compile(r"<!doctype|<html\b|<head\b|<body\b", re.IGNORECASE)


class SourceContract:
    """Tests of the source; see `calibrify_core.testing.contract.PluginContract`."""

    may_import: frozenset[str] = frozenset({"public"})

    def test_the_distribution_announces_the_plugin(self, subject: Subject) -> None:
        """Entry point, package and folder are named for the plugin, and a README tells of it."""
        assert subject.module.__name__ == f"calibrify_{subject.name}.plugin"
        assert "calibrify-core" in " ".join(subject.candidate.requires)
        told = subject.metadata["Description"] or subject.metadata.get_payload()
        assert (told or "").strip(), "the distribution has no README as its long_description"
        assert subject.metadata["Summary"], "the distribution has no description"

    def test_the_package_says_that_it_is_typed(self, subject: Subject) -> None:
        """By the file that type checkers look for."""
        assert (subject.folder / "py.typed").is_file()

    def test_every_package_is_listed(self, subject: Subject) -> None:
        """What setup.cfg does not list is not in the wheel."""
        if subject.setup is not None:
            listed = subject.setup["options"]["packages"].split()
            assert listed == subject.folders_with_code()

    def test_hooks_are_filled_in_one_module(self, subject: Subject) -> None:
        """`plugin.py` is the table of contents."""
        marked = [
            name
            for name, tree in subject.sources.items()
            for node in ast.walk(tree)
            if isinstance(node, ast.FunctionDef)
            and any(ast.unparse(mark) == "hookimpl" for mark in node.decorator_list)
        ]
        assert set(marked) <= {subject.module.__name__}

    def test_an_init_is_a_docstring_and_nothing_else(self, subject: Subject) -> None:
        """Public import paths are where things are defined."""
        for name, tree in subject.sources.items():
            if (subject.folder.parent / name.replace(".", "/")).is_dir():
                assert ast.get_docstring(tree), f"{name} has no docstring"
                assert len(tree.body) == 1, f"{name}/__init__.py holds code"

    def test_whatever_is_public_has_a_docstring(self, subject: Subject) -> None:
        """Modules, classes, functions and methods."""
        silent = []
        for name, tree in subject.sources.items():
            silent += [f"{name}.{what}" for what in _silent(tree)]
        assert silent == []

    def test_of_other_plugins_only_the_front_door_is_imported(self, subject: Subject) -> None:
        """`public`; whatever else a plugin holds may change without notice."""
        wrong = []
        for name, tree in subject.sources.items():
            for target in imports(tree, typing=True):
                package, _, rest = target.partition(".")
                ours = package in {subject.package, "calibrify_core"}
                if ours or not package.startswith("calibrify_") or not rest:
                    continue
                if rest.split(".")[0] not in self.may_import:
                    wrong.append(f"{name} imports {target}")
        assert wrong == []

    def test_no_web_framework_is_in_what_a_worker_runs(self, subject: Subject) -> None:
        """Services and models serve pages, API, worker and command line alike."""
        wrong = [
            f"{name} imports {target}"
            for name, tree in subject.rooms(*INSIDE)
            for target in imports(tree)
            if target.split(".")[0] in {"pyramid", "webob"}
        ]
        assert wrong == []

    def test_the_domain_does_no_input_and_output(self, subject: Subject) -> None:
        """Not even by way of others."""
        wrong = [
            " → ".join(chain)
            for target, chain in subject.reached("domain").items()
            if target.split(".")[0] in NO_RULES
        ]
        assert wrong == []

    def test_templates_lie_in_a_folder_of_the_plugin(self, subject: Subject) -> None:
        """All plugins share one search path."""
        assert [name for name in subject.templates if not name.startswith(f"{subject.name}/")] == []

    def test_templates_leave_the_frame_to_the_base(self, subject: Subject) -> None:
        """A page extends `calibrify/base.html`, or a template that does; a card has no frame."""
        assert [name for name, text in subject.templates.items() if FRAME.search(text)] == []

    def test_templates_hold_no_inline_handlers_styles_or_scripts(self, subject: Subject) -> None:
        """The content policy blocks them, and `|safe` would let a visitor write them."""
        found = {name: INLINE.search(text) for name, text in subject.templates.items()}
        assert {name: hit.group() for name, hit in found.items() if hit} == {}


def _silent(tree: ast.Module) -> list[str]:
    """Returns the public names of a module that have no docstring."""
    found = [] if ast.get_docstring(tree) else ["__doc__"]

    def look(body: list[ast.stmt], above: str) -> None:
        for node in body:
            kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
            if not isinstance(node, kinds) or node.name.startswith("_"):
                continue
            if not ast.get_docstring(node):
                found.append(above + node.name)
            if isinstance(node, ast.ClassDef):
                look(node.body, f"{above}{node.name}.")

    look(tree.body, "")
    return found
