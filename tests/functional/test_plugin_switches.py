"""An organisation switches a plugin off for itself: nothing of it is left, and nothing is lost."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import sqlalchemy as sa
from webtest import TestApp

from calibrify_core import app as root
from calibrify_core import contributions
from calibrify_core.auth.grants import Grants
from calibrify_core.auth.organisations import Organisations
from calibrify_core.auth.recognition import Visit
from calibrify_core.auth.roles import Roles
from calibrify_core.auth.tokens import Tokens
from calibrify_core.auth.users import Users
from calibrify_core.cli.database import bring_up
from calibrify_core.hooks.manager import Plugins, installed
from calibrify_core.kernel.settings import Settings
from calibrify_core.testing.client import HTTPS, ApiClient
from calibrify_core.testing.house import PASSWORD
from calibrify_core.work.organisation import OrganisationFacts
from calibrify_core.work.platform import Platform
from calibrify_core.worker import make_runner

E = "/api/v1/equipment/"
CALIBRATION = "/api/v1/plugins/calibration/"
COUNT = itertools.count()


@dataclass
class Side:
    """One of the organisations, with an administrator."""

    organisation: OrganisationFacts
    name: str
    api: ApiClient
    browser: TestApp


@dataclass
class Houses:
    """An installation with two organisations."""

    platform: Platform
    here: Side
    there: Side
    made: list[str] = field(default_factory=list)


def administrator(platform: Platform, app: Any, organisation: OrganisationFacts) -> Side:
    """Makes an administrator who is a metrology manager too."""
    name = f"boss{next(COUNT)}"
    with platform.unit(organisation.id) as unit:
        user = Users(unit).create(username=name, password=PASSWORD)
        for role in ("administrator", "metrology_manager"):
            found = Roles(unit).named(role)
            assert found is not None
            Grants(unit).give(found.id, user_id=user.id)
    token = Tokens(platform).issue(name, PASSWORD, Visit()).access_token
    browser = TestApp(app, extra_environ=dict(HTTPS))
    form = browser.get("/login").forms[0]
    form["email"], form["password"] = name, PASSWORD
    form.submit(status=303)
    return Side(organisation, name, ApiClient(app, token), browser)


@pytest.fixture(scope="module")
def houses(make_settings: Callable[..., Settings]) -> Iterator[Houses]:
    plugins = {name: installed()[name] for name in ("equipment", "calibration")}
    platform = root.make_platform(make_settings(), Plugins(contributions, plugins))
    try:
        bring_up(platform)
        app = root.make_app(platform.settings, platform)
        main = Organisations(platform).all()[0]
        other = Organisations(platform).create("other")
        here, there = (administrator(platform, app, one) for one in (main, other))
        yield Houses(platform, here, there)
    finally:
        platform.database.dispose()


@pytest.fixture
def off(houses: Houses) -> Iterator[Houses]:
    """Calibration, switched off here and on again afterwards."""
    houses.here.api.patch_json(CALIBRATION, {"enabled": False})
    yield houses
    houses.here.api.patch_json(CALIBRATION, {"enabled": True})


def paths(side: Side, permission: str = "calibration") -> list[str]:
    """Returns the permissions of a plugin that somebody holds."""
    held = side.api.get("/api/v1/users/me/").json["permissions"]
    return [name for name in held if name.startswith(f"{permission}.")]


def test_its_addresses_are_gone_here_and_stay_elsewhere(off: Houses) -> None:
    for address in ("/api/v1/calibrations/", "/api/v1/calibrations/due/"):
        told = off.here.api.get(address, status=404).json
        assert told["detail"] == "There is nothing at this address."
        off.here.api.put(address, status=404)
        off.there.api.get(address, status=200)
    for address in ("/due", "/calibrations"):
        off.here.browser.get(address, status=404)
        off.there.browser.get(address, status=200)


def test_nothing_of_it_is_shown(off: Houses) -> None:
    made = off.here.api.post_json(E, {"name": "Torque wrench"}).json
    for page in ("/", "/equipment", f"/equipment/{made['id']}", "/equipment?q=torque"):
        text = off.here.browser.get(page, status=200).text
        assert "/calibrations" not in text, page
        assert "/due" not in text, page
        assert "calibration_status" not in text, page
    assert "/calibrations" in off.there.browser.get("/").text
    assert paths(off.here) == []
    assert paths(off.there) != []
    assert "overdue" not in off.here.api.get("/api/v1/dashboard/summary/").json
    assert "overdue" in off.there.api.get("/api/v1/dashboard/summary/").json


def test_its_facets_are_neither_shown_nor_asked_for(off: Houses) -> None:
    made = off.here.api.post_json(E, {"name": "Vernier"}).json
    assert "calibration_status" not in made
    named = {"name": "Vernier", "calibration_required": True}
    refused = off.here.api.post_json(E, named, status=422).json
    assert [error["pointer"] for error in refused["errors"]] == ["/calibration_required"]
    off.there.api.post_json(E, named, status=201)
    rows = off.here.api.get(E).json["results"]
    assert made["id"] in {row["id"] for row in rows}
    assert all("due_on" not in row for row in rows)
    for query in ("calibration_status=overdue", "ordering=due_on", "fields=due_on"):
        off.here.api.get(f"{E}?{query}", status=422)
        off.there.api.get(f"{E}?{query}", status=200)
    assert "due_on" not in off.here.api.get(f"{E}export/?format=csv").text.splitlines()[0]


def test_what_was_entered_meanwhile_is_whole_when_it_is_on_again(houses: Houses) -> None:
    api = houses.here.api
    before = api.post_json(E, {"name": "Registered before"}).json
    api.patch_json(CALIBRATION, {"enabled": False})
    during = api.post_json(E, {"name": "Registered meanwhile"}).json
    files = [("file", "more.csv", b"name,asset_tag\nImported meanwhile,IM-1\n")]
    job = api.post(f"{E}import/", {}, upload_files=files, status=202).location
    make_runner(houses.platform).drain()
    assert api.get(job).json["result"]["created"] == 1
    api.patch_json(CALIBRATION, {"enabled": True})
    rows = {row["name"]: row for row in api.get(f"{E}?limit=500").json["results"]}
    for name in ("Registered before", "Registered meanwhile", "Imported meanwhile"):
        assert rows[name]["calibration_status"] == "never_calibrated"
    for one in (before, during):
        assert api.get(f"{E}{one['id']}/calibrations/").json["results"] == []


def test_the_switch_is_audited_and_shown(off: Houses) -> None:
    shown = off.here.api.get(CALIBRATION).json
    assert (shown["state"], shown["enabled"], shown["needs"]) == (
        "switched_off",
        False,
        ["equipment"],
    )
    assert off.there.api.get(CALIBRATION).json["state"] == "running"
    entries = off.here.api.get("/api/v1/audit/?object_type=organisation").json["results"]
    assert any("calibration" in str(entry["changes"]) for entry in entries)


def test_what_others_need_is_not_switched_off(houses: Houses) -> None:
    told = houses.here.api.patch_json(
        "/api/v1/plugins/equipment/", {"enabled": False}, status=409
    ).json
    assert told["needed_by"] == ["calibration"]
    assert told["detail"] == (
        "The plugin equipment is needed by calibration: switch that off first."
    )
    core = houses.here.api.patch_json("/api/v1/plugins/core/", {"enabled": False}, status=409)
    assert core.json["detail"] == "The core cannot be switched off."
    houses.here.api.patch_json("/api/v1/plugins/gauges/", {"enabled": False}, status=404)
    houses.here.api.patch_json(CALIBRATION, {"enabled": "perhaps"}, status=422)


def test_what_needs_something_that_is_off_is_not_switched_on(off: Houses) -> None:
    equipment = "/api/v1/plugins/equipment/"
    off.here.api.patch_json(equipment, {"enabled": False})
    off.here.api.get(E, status=404)
    off.here.browser.get("/", status=200)
    told = off.here.api.patch_json(CALIBRATION, {"enabled": True}, status=409).json
    assert told["needs"] == ["equipment"]
    off.here.api.patch_json(equipment, {"enabled": True})


def test_only_who_may_switches(houses: Houses) -> None:
    with houses.platform.unit(houses.here.organisation.id) as unit:
        user = Users(unit).create(username="looker", password=PASSWORD)
        role = Roles(unit).create("looker", "Looker", permissions=["core.plugin:view"])
        Grants(unit).give(role.id, user_id=user.id)
    token = Tokens(houses.platform).issue("looker", PASSWORD, Visit()).access_token
    looker = houses.here.api.signed_in(token)
    assert looker.get("/api/v1/plugins/").json["results"][0]["name"] == "core"
    looker.patch_json(CALIBRATION, {"enabled": False}, status=403)
    tag = houses.here.api.get(CALIBRATION).headers["ETag"]
    houses.here.api.patch_json(CALIBRATION, {"enabled": True}, headers={"If-Match": tag})
    stale = {"If-Match": tag}
    houses.here.api.patch_json(CALIBRATION, {"enabled": False})
    houses.here.api.patch_json(CALIBRATION, {"enabled": True}, headers=stale, status=412)
    houses.here.api.patch_json(CALIBRATION, {"enabled": True})


def test_the_page_switches_too(houses: Houses) -> None:
    browser = houses.here.browser
    page = browser.get("/admin/plugins")
    assert page.html.select_one("#plugin-calibration") is not None
    form = next(f for f in page.forms.values() if f.fields.get("plugin") and
                f["plugin"].value == "calibration")  # fmt: skip
    page = form.submit(status=303).follow()
    assert "Switched off here" in page.text
    form = next(f for f in page.forms.values() if f.fields.get("plugin") and
                f["plugin"].value == "calibration")  # fmt: skip
    assert form["enabled"].value == "true"
    assert "Switched off here" not in form.submit(status=303).follow().text
    form = next(f for f in page.forms.values() if f.fields.get("plugin") and
                f["plugin"].value == "equipment")  # fmt: skip
    refused = form.submit(status=422)
    assert "is needed by calibration" in refused.html.select_one(".summary, [role=alert]").text


def test_its_tasks_wait_and_go_on(houses: Houses) -> None:
    with houses.platform.unit(houses.here.organisation.id) as unit:
        row = unit.enqueue("calibration.render_certificate", {"certificate_id": "unknown"})
    houses.here.api.patch_json(CALIBRATION, {"enabled": False})
    make_runner(houses.platform).drain()
    waiting = state_of(houses, row)
    assert (waiting.state, waiting.tries) == ("open", 0)
    assert waiting.error == (
        "The organisation has switched off the plugin of calibration.render_certificate."
    )
    houses.here.api.patch_json(CALIBRATION, {"enabled": True})
    make_runner(houses.platform).drain()
    assert state_of(houses, row).tries == 1
    here = houses.platform.organisations("calibration")
    assert [one.name for one in here] == ["main", "other"]


def state_of(houses: Houses, row: Any) -> Any:
    """Returns where a row of the outbox stands."""
    statement = sa.text("SELECT state, tries, error FROM core_outbox WHERE id = :id").bindparams(
        sa.bindparam("id", row, sa.Uuid())
    )
    with houses.platform.database.reader.connect() as connection:
        return connection.execute(statement).one()
