"""What the declarations of every plugin keep to: names, roles, schedules, events."""

from __future__ import annotations

import dataclasses
import re

from calibrify_core.hooks.specs import CORE_API
from calibrify_core.testing.subject import Subject

WORD = r"[a-z][a-z0-9_]*"
# Hooks whose declarations are named ``<plugin>.<what>``.
NAMED = (
    "calibrify_number_masks",
    "calibrify_page_slots",
    "calibrify_panels",
    "calibrify_dashboard_widgets",
    "calibrify_summary_figures",
    "calibrify_search_sources",
    "calibrify_after_upgrade",
)


class NamesContract:
    """Tests of the declarations; see `calibrify_core.testing.contract.PluginContract`."""

    def test_the_manifest_says_who_the_plugin_is(self, subject: Subject) -> None:
        """A lower-case word, a title, one sentence, and its own migrations."""
        manifest = subject.manifest
        assert re.fullmatch(r"[a-z][a-z0-9]*", manifest.name)
        assert manifest.title
        assert manifest.description.endswith(".")
        assert manifest.core_api == CORE_API
        assert manifest.migrations == f"{subject.package}.migrations"

    def test_permissions_are_named_for_plugin_noun_and_verb(self, subject: Subject) -> None:
        """``<plugin>.<noun>:<verb>``, with a title and roles that there are."""
        roles = set(subject.plugins.named("calibrify_roles"))
        for permission in subject.declared("calibrify_permissions"):
            assert re.fullmatch(rf"{subject.name}\.{WORD}:{WORD}", permission.name)
            assert permission.title
            assert set(permission.roles) <= roles, permission.name

    def test_tasks_are_named_for_what_they_do(self, subject: Subject) -> None:
        """``<plugin>.<verb_noun>``; a schedule starts one of the plugin's own."""
        allowed = {None, *subject.plugins.named("calibrify_permissions")}
        assert {task.permission for task in subject.declared("calibrify_tasks")} <= allowed
        names = {task.name for task in subject.declared("calibrify_tasks")}
        assert {name for name in names if not _task(subject.name, name)} == set()
        for schedule in subject.declared("calibrify_schedules"):
            assert schedule.task in names
            assert schedule.every > 0

    def test_settings_are_named_and_described(self, subject: Subject) -> None:
        """``<key>``, which becomes ``CALIBRIFY_<PLUGIN>__<KEY>``."""
        for setting in subject.declared("calibrify_settings"):
            assert re.fullmatch(WORD, setting.key)
            assert setting.description

    def test_whatever_has_a_name_carries_that_of_the_plugin(self, subject: Subject) -> None:
        """Panels, widgets, slots and the rest: ``<plugin>.<what>``."""
        names = {one.name for hook in NAMED for one in subject.declared(hook)}
        assert {name for name in names if not name.startswith(f"{subject.name}.")} == set()

    def test_hooks_of_its_own_carry_its_name(self, subject: Subject) -> None:
        """``calibrify_<plugin>_<what>``."""
        specs = {
            name
            for module in subject.declared("calibrify_hookspecs")
            for name in vars(module)
            if name.startswith("calibrify_")
        }
        assert {
            name for name in specs if not name.startswith(f"calibrify_{subject.name}_")
        } == set()

    def test_events_are_frozen_values(self, subject: Subject) -> None:
        """Dataclasses that say in one sentence what happened."""
        for event in subject.events:
            assert dataclasses.is_dataclass(event), event.__name__
            assert event.__dataclass_params__.frozen, event.__name__  # type: ignore[attr-defined]
            assert (event.__doc__ or "").splitlines()[0].endswith("."), event.__name__


def _task(plugin: str, name: str) -> bool:
    """Tells whether a task is named for a verb and a noun."""
    return re.fullmatch(rf"{plugin}\.[a-z]+_[a-z0-9_]+", name) is not None
