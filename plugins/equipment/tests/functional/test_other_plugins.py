"""What a plugin above equipment adds: a word on usability, a tab, buttons; and when it fails."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from calibrify_core.hooks.declarations import Manifest, Panel
from calibrify_core.hooks.manager import Candidate
from calibrify_core.hooks.specs import CORE_API, hookimpl
from calibrify_core.testing.house import build
from calibrify_equipment.permissions import VIEW
from calibrify_equipment.public import DetailTab, Usability, UsabilityCheck

E = "/api/v1/equipment/"
PACKAGE = "unit_equipment_gauge"
WORN = Usability(False, 45, "late", "worn", "Worn", "triangle-alert", "Do not use: worn")


def judge(_unit: Any, record: Mapping[str, Any]) -> Usability | None:
    """Answers by the notes of an instrument."""
    if record["notes"] == "broken check":
        raise KeyError("gauge")
    return WORN if record["notes"] == "worn" and record["status"] == "in_service" else None


def gauge_plugin() -> ModuleType:
    """Makes a plugin that knows of wear."""
    module = ModuleType(f"{PACKAGE}.plugin")
    answers: dict[str, Callable[[], Any]] = {
        "calibrify_manifest": lambda: Manifest(
            "gauge", "Gauge", "Knows of wear.", CORE_API, PACKAGE
        ),
        "calibrify_equipment_usability_checks": lambda: [UsabilityCheck("gauge.wear", judge)],
        "calibrify_equipment_tabs": lambda: [
            DetailTab("gauge.wear", "Wear", "equipment.activity.list", VIEW)
        ],
        "calibrify_panels": lambda: [
            Panel(
                "equipment.detail.main", "gauge.broken", "gauge.html", lambda _unit, record: 1 / 0,
                VIEW,
            )
        ],
    }  # fmt: skip
    for name, answer in answers.items():
        setattr(module, name, hookimpl(answer))
    return module


@pytest.fixture(scope="module")
def shop(
    make_platform: Callable[..., Any],
    lab_of: Callable[..., Any],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Any]:
    """The application with the plugin on top."""
    folder: Path = tmp_path_factory.mktemp("packages")
    (folder / PACKAGE / "versions").mkdir(parents=True)
    (folder / PACKAGE / "__init__.py").write_text("", encoding="utf-8")
    sys.path.insert(0, str(folder))
    try:
        made = gauge_plugin()
        candidate = Candidate("gauge", "calibrify-gauge", "0.1.0", (), lambda: made)
        platform = make_platform({"gauge": candidate})
        yield lab_of(platform, build(platform))
    finally:
        sys.path.remove(str(folder))
        sys.modules.pop(PACKAGE, None)


def test_into_service_goes_only_what_may_be_used(shop: Any) -> None:
    technician, manager = shop.api("technician"), shop.api("metrology_manager")
    body = {"name": "Plug gauge", "notes": "worn", "status": "quarantined"}
    one = f"{E}{technician.post_json(E, body).json['id']}/"
    refused = technician.post_json(f"{one}transitions/", {"to": "in_service"}, status=409).json
    assert refused["reasons"] == [{"key": "worn", "detail": "Do not use: worn"}]
    assert "retired" in refused["allowed"]
    asked = {"to": "in_service", "override_reason": "for teaching only"}
    technician.post_json(f"{one}transitions/", asked, status=403)
    manager.post_json(f"{one}transitions/", asked, status=200)
    assert manager.get(f"{one}history/").json["results"][0]["reason"] == "for teaching only"
    technician.post_json(f"{one}checkout/", {}, status=409)
    technician.post_json(f"{one}transitions/", {"to": "retired"}, status=200)


def test_the_gravest_answer_is_on_the_page_and_in_the_list(shop: Any) -> None:
    api, browser = shop.api("technician"), shop.browser("technician")
    made = api.post_json(E, {"name": "Ring gauge", "notes": "worn"}).json
    page = browser.get(f"/equipment/{made['id']}")
    assert page.html.select_one(".verdict strong").text == "Do not use: worn"
    assert "Wear" in [a.text.strip() for a in page.html.select("nav.views a")]
    assert "Worn" in browser.get("/equipment?q=ring").html.select_one("tbody").text
    api.post_json(f"{E}{made['id']}/transitions/", {"to": "quarantined"})
    page = browser.get(f"/equipment/{made['id']}")
    assert page.html.select_one(".verdict strong").text == "Do not use: quarantined"


def test_a_check_that_fails_speaks_against_the_use_and_names_its_plugin(shop: Any) -> None:
    api, browser = shop.api("technician"), shop.browser("technician")
    made = api.post_json(E, {"name": "Snap gauge", "notes": "broken check"}).json
    page = browser.get(f"/equipment/{made['id']}")
    assert "it cannot be judged" in page.html.select_one(".verdict").text
    assert "plugin gauge failed" in page.html.select_one(".verdict").text
    assert "gauge: not available" in page
    assert "Cannot be judged" in browser.get("/equipment?q=snap")
    api.post_json(f"{E}{made['id']}/checkout/", {}, status=409)
