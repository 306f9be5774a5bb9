"""The pages of calendars and connectors, as a browser without scripts would meet them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from webtest import TestApp

from calibrify_core.worker import make_runner
from plugins.integration.tests.plant import Plant


@pytest.fixture(scope="module")
def manager(connected: Plant) -> TestApp:
    return connected.browser("metrology_manager")


@pytest.fixture
def folder(connected: Plant, inbox: Path) -> Path:
    made = inbox / "main" / connected.unique("folder")
    made.mkdir()
    return made


def form_of(page: Any, action: str) -> Any:
    return next(form for form in page.forms.values() if action in (form.action or ""))


def set_up(manager: TestApp, folder: Path, **values: str) -> Any:
    page = manager.get("/admin/connectors/new?kind=integration.folder")
    form = form_of(page, "/admin/connectors/new")
    form["settings.folder"] = folder.name
    for name, value in values.items():
        form[name] = value
    return form.submit(expect_errors=True)


def test_the_account_leads_to_calendars_and_the_address_is_shown_once(
    connected: Plant, manager: TestApp
) -> None:
    assert manager.get("/account").html.select_one("a[href='/account/calendars']")
    form = form_of(manager.get("/account/calendars/new"), "/account/calendars/new")
    form["name"] = "Mine"
    made = form.submit(status=200)
    address = made.html.select_one("#f-address")["value"]
    path = "/calendar/" + address.rpartition("/")[2]
    assert connected.client.get(path).content_type == "text/calendar"
    listed = manager.get("/account/calendars")
    assert address not in listed.text
    assert not listed.html.select("main form")

    asked = manager.get(listed.html.select_one("a[href$='/renew']")["href"])
    connected.client.get(path, status=200)
    renewed = form_of(asked, "/renew").submit(status=200)
    fresh = "/calendar/" + renewed.html.select_one("#f-address")["value"].rpartition("/")[2]
    connected.client.get(path, status=404)
    asked = manager.get(listed.html.select_one("a[href$='/revoke']")["href"])
    connected.client.get(fresh, status=200)
    form_of(asked, "/revoke").submit(status=303)
    connected.client.get(fresh, status=404)


def test_a_calendar_without_a_name_comes_back_with_what_was_typed(manager: TestApp) -> None:
    form = form_of(manager.get("/account/calendars/new"), "/account/calendars/new")
    form["name"] = ""
    form["whose"] = "own"
    answer = form.submit(status=422)
    assert answer.html.select_one("input[value=own][checked]")


def test_a_viewer_finds_no_connectors(connected: Plant) -> None:
    viewer = connected.browser("viewer")
    assert not viewer.get("/").html.select("a[href='/admin/connectors']")
    viewer.get("/admin/connectors", status=403)


def test_a_connector_is_set_up_run_changed_and_removed(
    connected: Plant, manager: TestApp, folder: Path
) -> None:
    assert manager.get("/").html.select("a[href='/admin/connectors']")
    page = set_up(manager, folder, mapping="Tag = asset_tag\nWhat = name").follow()
    tag = connected.unique("PG")
    (folder / "x.csv").write_text(f"Tag,What\n{tag},Wrench\n")
    form_of(page, "/run").submit(status=303)
    make_runner(connected.platform).drain()
    shown = manager.get(page.request.path)
    assert "1 file, 1 created" in shown.html.select_one("tbody tr").text
    assert tag in manager.get(f"/equipment?q={tag}").text

    form = form_of(manager.get(f"{page.request.path}/edit"), "/edit")
    assert form["mapping"].value.splitlines() == ["Tag = asset_tag", "What = name"]
    form["name"], form["every_minutes"] = "Renamed", ""
    saved = form.submit(status=303).follow()
    assert saved.html.h1.text.strip() == "Renamed"
    address = saved.html.select_one("a[href$='/remove']")["href"]
    asked = manager.get(address)
    assert "What it imported stays" in asked
    form_of(asked, "/remove").submit(status=303)
    manager.get(page.request.path, status=404)


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ({"name": ""}, "name"),
        ({"settings.folder": "../x"}, "settings.folder"),
        ({"mapping": "no sign"}, "mapping"),
        ({"options": "[1]"}, "options"),
        ({"every_minutes": "soon"}, "every_minutes"),
        ({"every_minutes": "0"}, "every_minutes"),
    ],
)
def test_what_is_wrong_stands_beside_its_field(
    manager: TestApp, folder: Path, values: dict[str, str], name: str
) -> None:
    answer = set_up(manager, folder, **values)
    assert answer.status_int == 422
    assert answer.html.find(id=f"f-{name}-error")


def test_who_comes_second_sees_both_versions_of_a_connector_and_no_secret(
    manager: TestApp,
) -> None:
    new = "/admin/connectors/new"
    form = form_of(manager.get(f"{new}?kind=integration.http"), new)
    form["settings.url"], form["options.match_on"] = "http://127.0.0.1:1/items", "asset_tag"
    page = form.submit(status=303).follow()
    edit = f"{page.request.path}/edit"
    first, second = (form_of(manager.get(edit), "/edit") for _ in range(2))
    first["name"] = "Theirs"
    first.submit(status=303)
    second["name"], second["secret"] = "Mine", "hush-hush"
    asked = second.submit(status=412)
    rows = {row.th.text: [cell.text for cell in row("td")] for row in asked.html("tr")[1:]}
    assert rows["Name differs"] == ["Mine", "Theirs"]
    assert "type it again" in rows["Secret differs"][0]
    assert "hush-hush" not in asked
    saved = form_of(asked, "/edit").submit(status=303).follow()
    assert saved.html.h1.text.strip() == "Mine"
    assert "http://127.0.0.1:1/items" in saved
    form_of(manager.get(f"{page.request.path}/remove"), "/remove").submit(status=303)
