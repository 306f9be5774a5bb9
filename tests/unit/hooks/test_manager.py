"""The plugin manager: order, and one sentence for everything that stops the boot."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import metadata
from types import ModuleType
from typing import Any

import pytest
from pluggy import HookspecMarker

from calibrify_core.hooks.declarations import Manifest, Permission, Task
from calibrify_core.hooks.manager import Candidate, Plugins, installed
from calibrify_core.hooks.specs import CORE_API, PROJECT, hookimpl
from calibrify_core.kernel.errors import ConfigurationError

CORE_VERSION = metadata.version("calibrify-core")


def module(name: str, *, core_api: int = CORE_API, **hooks: Callable[..., Any]) -> ModuleType:
    """Makes a plugin's module; hooks are named without their prefix."""

    def calibrify_manifest() -> Manifest:
        return Manifest(name, name.title(), "For a test.", core_api, f"calibrify_{name}.migrations")

    made = ModuleType(f"calibrify_{name}.plugin")
    made.calibrify_manifest = hookimpl(calibrify_manifest)
    for hook, run in hooks.items():
        setattr(made, f"calibrify_{hook}", hookimpl(run))
    return made


def candidate(
    plugin: ModuleType, *requires: str, name: str | None = None, version: str = "1.0"
) -> Candidate:
    name = name or plugin.__name__.removeprefix("calibrify_").removesuffix(".plugin")
    return Candidate(name, f"calibrify-{name}", version, requires, lambda: plugin)


def boot(*candidates: Candidate, enabled: list[str] | None = None, core: Any = None) -> Plugins:
    by_name = {one.name: one for one in candidates}
    return Plugins(module("core") if core is None else core, by_name, enabled)


def sentence(*candidates: Candidate, **options: Any) -> str:
    with pytest.raises(ConfigurationError) as caught:
        boot(*candidates, **options)
    return caught.value.detail


def permissions(*names: str) -> Callable[[], list[Permission]]:
    return lambda: [Permission(name, name) for name in names]


EQUIPMENT = candidate(module("equipment"))
CALIBRATION = candidate(module("calibration"), "calibrify-equipment>=1,<2")
AUDITS = candidate(module("audits"), "calibrify-calibration", f"calibrify-core=={CORE_VERSION}")


def test_what_is_installed_is_found() -> None:
    found = installed()

    assert {"equipment", "calibration"} <= set(found)
    assert found["calibration"].distribution == "calibrify-calibration"
    assert any("calibrify-equipment" in line for line in found["calibration"].requires)


def test_a_plugin_comes_after_those_that_it_needs() -> None:
    for order in ((EQUIPMENT, CALIBRATION, AUDITS), (AUDITS, CALIBRATION, EQUIPMENT)):
        assert boot(*order).names == ("core", "equipment", "calibration", "audits")


def test_plugins_that_do_not_need_each_other_come_by_name() -> None:
    others = [candidate(module(name)) for name in ("zeta", "beta")]

    assert boot(*others, EQUIPMENT).names == ("core", "beta", "equipment", "zeta")


def test_only_what_is_enabled_runs_and_is_imported() -> None:
    def explode() -> Any:
        raise AssertionError("imported")

    idle = Candidate("idle", "calibrify-idle", "1.0", (), explode)

    assert boot(EQUIPMENT, idle, enabled=["equipment", "equipment"]).names == ("core", "equipment")
    assert boot(EQUIPMENT, idle, enabled=[]).names == ("core",)


def test_a_running_plugin_is_known_by_name() -> None:
    plugins = boot(EQUIPMENT, CALIBRATION)

    found = plugins.get("calibration")
    assert found is not None
    assert (found.distribution, found.version) == ("calibrify-calibration", "1.0")
    assert found.manifest.title == "Calibration"
    assert plugins.get("maintenance") is None


def test_an_unknown_plugin() -> None:
    assert sentence(EQUIPMENT, CALIBRATION, enabled=["equipmnt"]) == (
        "Plugin equipmnt is not installed: install it, or take it out of CALIBRIFY_PLUGINS "
        "(installed: calibration, equipment)."
    )
    assert sentence(enabled=["equipment"]).endswith("(installed: none).")


def test_a_dependency_that_is_not_enabled() -> None:
    assert sentence(EQUIPMENT, CALIBRATION, enabled=["calibration"]) == (
        "Plugin calibration needs plugin equipment: add equipment to CALIBRIFY_PLUGINS."
    )


def test_a_dependency_that_is_not_installed() -> None:
    lonely = candidate(module("lonely"), "calibrify-missing>=1")

    assert sentence(lonely) == (
        "Plugin lonely needs calibrify-missing, which is not installed: install it, or leave "
        "lonely out of CALIBRIFY_PLUGINS."
    )


def test_a_version_out_of_range() -> None:
    newer = candidate(module("equipment"), version="2.1")
    ahead = candidate(module("ahead"), "calibrify-core>=99")

    assert sentence(newer, CALIBRATION) == (
        "Plugin calibration needs calibrify-equipment <2,>=1, and 2.1 is installed: install "
        "versions that fit together."
    )
    assert sentence(ahead) == (
        f"Plugin ahead needs calibrify-core >=99, and {CORE_VERSION} is installed: install "
        f"versions that fit together."
    )


def test_requirements_of_extras_and_other_systems_do_not_count() -> None:
    plugin = candidate(
        module("equipment"),
        "calibrify-missing; extra == 'testing'",
        "calibrify-missing; sys_platform == 'win32'",
        "pluggy>=1",
    )

    assert boot(plugin).names == ("core", "equipment")


def test_a_circle() -> None:
    egg = candidate(module("egg"), "calibrify-hen")
    hen = candidate(module("hen"), "calibrify-egg")

    found = sentence(egg, hen)

    assert found in {
        f"Plugins need each other in a circle ({circle}): leave one of them out."
        for circle in ("egg → hen → egg", "hen → egg → hen")
    }


def test_a_misspelt_hook() -> None:
    wrong = candidate(module("equipment", permisions=permissions()))

    assert sentence(wrong) == (
        "Plugin equipment fills calibrify_permisions, and there is no such hook: correct its name."
    )


def test_a_hook_without_its_decorator() -> None:
    plugin = module("equipment")
    plugin.calibrify_tasks = list

    assert sentence(candidate(plugin)) == (
        "Plugin equipment has calibrify_tasks without @hookimpl, so nobody would call it: "
        "add the decorator."
    )


def test_a_hook_with_an_argument_too_many() -> None:
    wrong = candidate(module("equipment", permissions=lambda request: []))

    found = sentence(wrong)

    assert found.startswith("Plugin equipment does not fit its hooks: ")
    assert "calibrify_permissions" in found
    assert "\n" not in found


def test_a_plugin_that_cannot_be_imported() -> None:
    def fail() -> Any:
        raise ImportError("No module named 'numpy'")

    assert sentence(Candidate("broken", "calibrify-broken", "1.0", (), fail)) == (
        "Plugin broken cannot be imported: No module named 'numpy'. Repair it, or leave it out "
        "of CALIBRIFY_PLUGINS."
    )


def test_a_module_that_is_no_plugin() -> None:
    assert sentence(candidate(ModuleType("calibrify_odd.plugin"))) == (
        "calibrify_odd.plugin has no calibrify_manifest: it is no plugin."
    )


def test_a_plugin_that_calls_itself_otherwise() -> None:
    assert sentence(candidate(module("gauges"), name="equipment")) == (
        "Plugin equipment calls itself gauges: both names must be the same."
    )


def test_a_plugin_for_another_interface() -> None:
    other = candidate(module("equipment", core_api=CORE_API + 1))

    assert sentence(other) == (
        f"Plugin equipment is written for plugin interface {CORE_API + 1}, and this core has "
        f"{CORE_API}: install versions that fit together."
    )


def test_declarations_come_in_order_with_their_plugin() -> None:
    core = module("core", permissions=permissions("core.user:view"))
    equipment = candidate(module("equipment", permissions=permissions("equipment.e:view")))
    calibration = candidate(
        module("calibration", permissions=permissions("calibration.c:view", "calibration.c:edit")),
        "calibrify-equipment",
    )
    plugins = boot(calibration, equipment, core=core)

    assert [(one.plugin, one.value.name) for one in plugins.collect("calibrify_permissions")] == [
        ("core", "core.user:view"),
        ("equipment", "equipment.e:view"),
        ("calibration", "calibration.c:view"),
        ("calibration", "calibration.c:edit"),
    ]
    assert list(plugins.named("calibrify_permissions"))[-1] == "calibration.c:edit"
    assert plugins.values("calibrify_roles") == []


def test_each_plugin_is_asked_once() -> None:
    asked = []

    def tasks() -> list[Task]:
        asked.append("tasks")
        return [Task("equipment.import_equipment", print)]

    plugins = boot(candidate(module("equipment", tasks=tasks)))

    assert plugins.collect("calibrify_tasks") is plugins.collect("calibrify_tasks")
    assert asked == ["tasks"]


def test_a_name_that_two_plugins_give() -> None:
    same = permissions("equipment.equipment:view")
    plugins = boot(
        candidate(module("equipment", permissions=same)),
        candidate(module("gauges", permissions=same)),
    )

    with pytest.raises(ConfigurationError) as caught:
        plugins.collect("calibrify_permissions")
    assert caught.value.detail == (
        "permissions: equipment.equipment:view is declared by plugin equipment and by plugin "
        "gauges: rename one of them."
    )


def test_a_plugin_that_fails_when_asked() -> None:
    def fail() -> list[Permission]:
        raise KeyError("view")

    plugins = boot(EQUIPMENT, candidate(module("gauges", permissions=fail)))

    with pytest.raises(ConfigurationError) as caught:
        plugins.collect("calibrify_permissions")
    assert caught.value.detail == (
        "Plugin gauges failed in calibrify_permissions: 'view'. Repair it, or leave it out of "
        "CALIBRIFY_PLUGINS."
    )


def test_a_manifest_that_fails() -> None:
    plugin = module("gauges")

    def fail() -> Manifest:
        raise RuntimeError("no version")

    plugin.calibrify_manifest = hookimpl(fail)

    assert sentence(candidate(plugin)) == (
        "Plugin calibrify_gauges.plugin failed in calibrify_manifest: no version. Repair it, or "
        "leave it out of CALIBRIFY_PLUGINS."
    )


def test_a_plugin_may_bring_hooks_that_others_fill() -> None:
    specs = ModuleType("calibrify_equipment.hookspecs")

    def calibrify_equipment_columns() -> list[str]:
        return []

    specs.calibrify_equipment_columns = HookspecMarker(PROJECT)(calibrify_equipment_columns)
    equipment = candidate(module("equipment", hookspecs=lambda: [specs]))
    calibration = candidate(
        module("calibration", equipment_columns=lambda: ["due_on"]), "calibrify-equipment"
    )

    assert boot(equipment, calibration).values("calibrify_equipment_columns") == ["due_on"]
    assert sentence(calibration, candidate(module("equipment"))).startswith(
        "Plugin calibration fills calibrify_equipment_columns, and there is no such hook"
    )


def test_plugins_configure_in_order_each_with_the_same_configurator() -> None:
    seen: list[tuple[str, Mapping[str, Any]]] = []
    config = {"routes": []}

    def configure(name: str) -> Callable[[Any], None]:
        return lambda config: seen.append((name, config))

    core = module("core", configure=configure("core"))
    boot(
        candidate(module("calibration", configure=configure("calibration")), "calibrify-equipment"),
        candidate(module("equipment", configure=configure("equipment"))),
        core=core,
    ).configure(config)

    assert [name for name, _ in seen] == ["core", "equipment", "calibration"]
    assert all(given is config for _, given in seen)
