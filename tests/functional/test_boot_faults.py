"""What is wrong with a plugin stops the boot, with one sentence that says which and why."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

import pytest
import sqlalchemy as sa
from pyramid.response import Response
from pyramid.security import NO_PERMISSION_REQUIRED
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from calibrify_core import app as root
from calibrify_core import contributions
from calibrify_core.auth.policy import SIGNED_IN
from calibrify_core.hooks.declarations import NavigationEntry, Panel, Permission
from calibrify_core.hooks.manager import Candidate, Plugins
from calibrify_core.hooks.specs import CORE_API
from calibrify_core.kernel.errors import ConfigurationError
from calibrify_core.kernel.settings import Settings
from calibrify_core.persistence.lineages import upgrade
from tests.functional.kit.made import made

Boot = Callable[..., str]


def boot(settings: Settings, candidates: Sequence[Candidate]) -> None:
    """Starts the core with plugins, its tables made."""
    plugins = Plugins(contributions, {one.name: one for one in candidates})
    platform = root.make_platform(settings, plugins)
    try:
        upgrade(platform.database, root.lineages(platform.plugins))
        root.make_router(platform)
    finally:
        platform.database.dispose()


@pytest.fixture
def sentence(make_settings: Callable[..., Settings]) -> Boot:
    """Starts the core with plugins, and returns the sentence that it stops with."""

    def start(*candidates: Candidate) -> str:
        with pytest.raises(ConfigurationError) as caught:
            boot(make_settings(), candidates)
        assert "\n" not in caught.value.detail
        return caught.value.detail

    return start


def hello(_request: Any) -> Any:
    return Response("hello")


def route(name: str, **more: Any) -> Callable[[Any], None]:
    """Returns a configure hook that adds one route with a view."""

    def configure(config: Any) -> None:
        config.add_route(name, f"/made/{name}")
        config.add_view(hello, **{"route_name": name, "permission": SIGNED_IN, **more})

    return configure


def deep(name: str) -> Callable[[Any], None]:
    """Returns a configure hook that adds its route deep down, which Pyramid lets others replace."""
    return lambda config: config.include(lambda inner: inner.include(route(name)))


def test_a_route_of_the_core_and_of_a_plugin(sentence: Boot) -> None:
    for configure in (route, deep):
        assert sentence(made("gauges", configure=configure("core.user.list"))) == (
            "routes: core.user.list is declared by plugin core and by plugin gauges: rename one "
            "of them."
        )


def test_a_route_of_two_plugins(sentence: Boot) -> None:
    plugins = [
        made("gauges", configure=route("gauges.ring.list")),
        made("rings", "calibrify-gauges", configure=deep("gauges.ring.list")),
    ]
    assert sentence(*plugins) == (
        "routes: gauges.ring.list is declared by plugin gauges and by plugin rings: rename one "
        "of them."
    )


def test_a_permission_of_the_core_and_of_a_plugin(sentence: Boot) -> None:
    found = sentence(made("gauges", permissions=[Permission("core.user:view", "See")]))
    assert found == (
        "permissions: core.user:view is declared by plugin core and by plugin gauges: rename one "
        "of them."
    )


def test_a_permission_of_two_plugins(sentence: Boot) -> None:
    same = [Permission("gauges.ring:view", "See")]
    assert sentence(made("gauges", permissions=same), made("rings", permissions=same)) == (
        "permissions: gauges.ring:view is declared by plugin gauges and by plugin rings: rename "
        "one of them."
    )


@pytest.mark.parametrize("permission", [None, ""])
def test_a_view_without_a_permission(sentence: Boot, permission: str | None) -> None:
    plugin = made("gauges", configure=route("gauges.ring.list", permission=permission))
    assert sentence(plugin) == (
        "Plugin gauges adds a view of the route gauges.ring.list without a permission: name one, "
        "or say NO_PERMISSION_REQUIRED."
    )


def test_a_view_with_a_permission_that_nobody_declares(sentence: Boot) -> None:
    plugin = made("gauges", configure=route("gauges.ring.list", permission="gauges.ring:see"))
    assert sentence(plugin) == (
        "Plugin gauges asks for the permission gauges.ring:see on the route gauges.ring.list, "
        "and no plugin declares it: declare it, or correct the name."
    )


def test_two_views_for_the_same_requests(sentence: Boot) -> None:
    def configure(config: Any) -> None:
        config.add_route("gauges.ring.list", "/rings")
        for view in (hello, lambda _: Response("bye")):
            config.add_view(view, route_name="gauges.ring.list", permission=NO_PERMISSION_REQUIRED)

    found = sentence(made("gauges", configure=configure))
    assert found.startswith("Two views are added for the same requests: take one away. Conflicting")


def test_an_api_view_that_two_plugins_add(sentence: Boot) -> None:
    def configure(config: Any) -> None:
        config.add_api_view(
            hello, "rings", "list", path="rings/", permission=SIGNED_IN, summary="Lists rings."
        )

    found = sentence(made("gauges", configure=configure), made("rings", configure=configure))
    assert found == (
        "GET /api/v1/rings/ is added by rings.list and by rings.list: take one of them away."
    )


def test_a_menu_entry_that_leads_nowhere(sentence: Boot) -> None:
    entry = NavigationEntry("Rings", "gauges.ring.list", "gauge", SIGNED_IN)
    assert sentence(made("gauges", navigation=[entry])) == (
        "The menu entry Rings of plugin gauges leads to the route gauges.ring.list, which no "
        "plugin adds: correct its name."
    )


def test_a_panel_without_a_place(sentence: Boot) -> None:
    panel = Panel("gauges.nowhere", "gauges.card", "", lambda _unit, _subject: None, SIGNED_IN)
    assert sentence(made("gauges", panels=[panel])) == (
        "Panel gauges.card of plugin gauges is for the slot gauges.nowhere, which no plugin "
        "declares: correct the name, or enable the plugin that has it."
    )


def test_a_table_without_its_prefix(sentence: Boot) -> None:
    class Own(DeclarativeBase):
        """Keeps the table of this test away from all others."""

    class Ring(Own):
        __tablename__ = "ring"
        id: Mapped[int] = mapped_column(sa.Integer, primary_key=True)

    models = ModuleType(Ring.__module__)
    models.Ring = Ring  # type: ignore[attr-defined]
    assert sentence(made("gauges", models=[models])) == (
        "Plugin gauges has the table ring, whose name does not start with gauges_: rename it."
    )


def test_a_plugin_that_fails_while_it_adds_its_addresses(sentence: Boot) -> None:
    def configure(config: Any) -> None:
        raise RuntimeError("no such module")

    assert sentence(made("gauges", configure=configure)) == (
        "Plugin gauges failed in calibrify_configure: no such module. Repair it, or leave it out "
        "of CALIBRIFY_PLUGINS."
    )


def fails() -> Any:
    raise KeyError("view")


def test_a_misspelt_hook(sentence: Boot) -> None:
    assert sentence(made("gauges", permisions=[])) == (
        "Plugin gauges fills calibrify_permisions, and there is no such hook: correct its name."
    )


def test_a_hook_that_fails(sentence: Boot) -> None:
    assert sentence(made("gauges", dashboard_widgets=fails)) == (
        "Plugin gauges failed in calibrify_dashboard_widgets: 'view'. Repair it, or leave it out "
        "of CALIBRIFY_PLUGINS."
    )


def test_a_plugin_of_another_level(sentence: Boot) -> None:
    assert sentence(made("gauges", core_api=CORE_API + 1)) == (
        f"Plugin gauges is written for plugin interface {CORE_API + 1}, and this core has "
        f"{CORE_API}: install versions that fit together."
    )


def test_requirements_that_do_not_fit(sentence: Boot) -> None:
    assert sentence(made("gauges"), made("rings", "calibrify-gauges>=2")) == (
        "Plugin rings needs calibrify-gauges >=2, and 1.0 is installed: install versions that "
        "fit together."
    )
    circle = sentence(made("gauges", "calibrify-rings"), made("rings", "calibrify-gauges"))
    assert circle in {
        f"Plugins need each other in a circle ({names}): leave one of them out."
        for names in ("gauges → rings → gauges", "rings → gauges → rings")
    }
