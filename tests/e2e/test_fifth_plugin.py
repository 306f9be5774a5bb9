"""A stranger's plugin: written by the tutorial's commands, built, installed, seen everywhere."""

from __future__ import annotations

import json
import os
import re
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, Page, expect
from standardwebhooks import Webhook

from calibrify_core.persistence.engine import open_database
from plugins.integration.tests.receiver import receiving
from tests.e2e.conftest import KINDS, MakeServer, Server, sign_in, violations
from tests.wheelhouse import ROOT, clean_environment, make_environment, run

pytestmark = pytest.mark.timeout(420)
TUTORIAL = ROOT / "docs" / "tutorial" / "first-plugin.md"
SHELL = re.compile(r"```sh\n(.*?)```(?:\n\n```text\n(.*?)```)?", re.DOTALL)
CLOCK = "2026-03-02T10:00:00Z"
PASSWORD = "nine purple gauges on a shelf"
# The fifth stands on the wheels of these; maintenance is not there.
CHOSEN = ("calibrify_core", "calibrify_equipment", "calibrify_calibration", "calibrify_integration")
# What the tutorial lets a person do in a terminal of their own, and what needs the testing kit.
ELSEWHERE = ("calibrify serve", "calibrify plugin check")


@pytest.fixture(scope="module")
def programs(wheels: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment of wheels alone, with the plugin that the tutorial's commands make."""
    home = tmp_path_factory.mktemp("stranger")
    chosen = [wheel for wheel in wheels if wheel.name.startswith(CHOSEN)]
    assert len(chosen) == len(CHOSEN)
    found = make_environment(home, chosen, "--seed")
    environ = clean_environment(home / "var", PIP_DISABLE_PIP_VERSION_CHECK="1")
    environ["PATH"] = f"{found}{os.pathsep}{environ['PATH']}"
    for block, shown in SHELL.findall(TUTORIAL.read_text(encoding="utf-8")):
        commands = block.strip().splitlines()
        said = [
            run("bash", "-ec", command, cwd=home, env=environ)
            for command in commands
            if not command.startswith(ELSEWHERE)
        ]
        if len(said) == len(commands):
            assert set(shown.splitlines()) <= set("".join(said).splitlines())
    (wheel,) = (home / "dist").glob("*.whl")
    run("pip", "uninstall", "--quiet", "--yes", "calibrify-accessory", cwd=home, env=environ)
    run("pip", "install", "--quiet", "--no-deps", wheel, cwd=home, env=environ)
    return found


@pytest.fixture(scope="module", params=KINDS)
def server(request: pytest.FixtureRequest, make_server: MakeServer, programs: Path) -> Server:
    """An installation with the fifth plugin, its tables, and one account."""
    made = make_server(request.param, clock=CLOCK, programs=programs)
    made.environ["CALIBRIFY_INTEGRATION__ALLOWED_NETWORKS"] = "127.0.0.0/8"
    made.run("db", "upgrade")
    who = ("mira@example.com", "--username", "mira", "--role", "administrator")
    made.run("user", "create", *who, "--password-stdin", text=PASSWORD)
    made.start()
    return made


class Client:
    """The API as a program meets it."""

    def __init__(self, server: Server) -> None:
        self._base = f"{server.base}/api/v1/"
        self._token = ""
        signed = self("POST", "auth/token/", {"username": "mira", "password": PASSWORD})
        self._token = signed["access_token"]

    def text(self, method: str, path: str, body: Any = None) -> str:
        """Sends a request; returns the body of the answer."""
        request = urllib.request.Request(self._base + path, method=method)
        request.add_header("Content-Type", "application/json")
        if self._token:
            request.add_header("Authorization", f"Bearer {self._token}")
        data = None if body is None else json.dumps(body).encode()
        try:
            with urllib.request.urlopen(request, data, timeout=30) as answer:
                return str(answer.read().decode())
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{method} {path}: {error.read().decode()}") from error

    def __call__(self, method: str, path: str, body: Any = None) -> Any:
        """Sends a request; returns the JSON of the answer."""
        return json.loads(self.text(method, path, body))


@pytest.fixture(scope="module")
def api(server: Server) -> Client:
    return Client(server)


@pytest.fixture(scope="module")
def page(browser: Browser, server: Server) -> Iterator[Page]:
    """A browser in which Mira is signed in."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    opened = context.new_page()
    faults: list[str] = []
    opened.on("pageerror", lambda error: faults.append(str(error)))
    sign_in(opened, server, "mira", PASSWORD)
    yield opened
    context.close()
    assert not faults


@pytest.fixture(scope="module")
def instrument(api: Client) -> Any:
    """A thermometer without probes, and a caliper beside it."""
    api("POST", "equipment/", {"name": "Caliper"})
    return api("POST", "equipment/", {"name": "Thermometer"})


def test_its_noun_is_added_from_the_instruments_page(
    page: Page, server: Server, instrument: Any, api: Client
) -> None:
    page.goto(f"{server.base}/equipment/{instrument['id']}")
    card = page.locator("section.card", has=page.get_by_role("heading", name="Probes"))
    expect(card).to_contain_text("No probes.")
    assert not violations(page)
    card.get_by_role("link", name="Add a probe").click()
    page.wait_for_url("**/probes/new**")
    expect(page.get_by_label("Asset tag of the instrument")).to_have_value(instrument["asset_tag"])
    page.get_by_label("Name").fill("Tip 1")
    page.get_by_label("Valid until").fill("2026-03-01")
    assert not violations(page)
    page.get_by_role("button", name="Add the probe").click()
    page.wait_for_url(re.compile(r"/probes/[0-9a-f-]{36}$"))
    expect(page.locator("main")).to_contain_text("Expired")
    assert not violations(page)
    page.goto(f"{server.base}/equipment/{instrument['id']}")
    expect(card).to_contain_text("Tip 1")
    (row,) = api("GET", "probes/")["results"]
    assert (row["name"], row["expired"], row["asset_tag"]) == (
        "Tip 1",
        True,
        instrument["asset_tag"],
    )


def test_the_list_of_its_noun_is_filtered(page: Page, server: Server) -> None:
    page.goto(f"{server.base}/")
    page.get_by_role("link", name="Probes", exact=True).first.click()
    page.wait_for_url("**/probes")
    expect(page.locator("tbody tr")).to_have_count(1)
    assert not violations(page)
    page.goto(f"{server.base}/probes?expired=false")
    expect(page.locator(".empty")).to_be_visible()


def test_the_list_of_equipment_has_its_facet(
    page: Page, server: Server, api: Client, instrument: Any
) -> None:
    page.goto(f"{server.base}/equipment")
    expect(page.get_by_role("columnheader", name="Probes")).to_be_visible()
    expect(page.locator("tbody tr")).to_have_count(2)
    page.get_by_role("link", name="With probes").click()
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.locator("tbody")).to_contain_text("Thermometer")
    assert not violations(page)
    found = api("GET", "equipment/?probe_count_from=1")["results"]
    assert [(row["id"], row["probe_count"]) for row in found] == [(instrument["id"], 1)]
    export = api.text("GET", "equipment/export/?format=csv&probe_count_from=1")
    header, *rows = export.strip().splitlines()
    assert "probe_count" in header
    assert len(rows) == 1


def test_the_dashboard_has_its_card(page: Page, server: Server) -> None:
    page.goto(f"{server.base}/")
    card = page.locator("section.card", has=page.get_by_role("heading", name="Probes"))
    expect(card).to_contain_text("1 expired")
    assert not violations(page)


def test_its_task_runs_in_the_night(server: Server, api: Client, instrument: Any) -> None:
    facts = {"name": "Tip 2", "equipment_id": instrument["id"], "valid_until": "2026-03-03"}
    made = api("POST", "probes/", facts)
    assert made["expired"] is False
    server.stop()
    let_a_day_pass(server)
    server.start()
    later = Client(server)
    deadline = time.monotonic() + 60
    while not later("GET", f"probes/{made['id']}/")["expired"]:
        assert time.monotonic() < deadline, "the nightly task did not run"
        time.sleep(0.5)
    assert later("GET", "probes/?expired=true&count=true")["count"] == 2


def test_its_event_reaches_a_webhook(server: Server, instrument: Any) -> None:
    later = Client(server)
    facts = {"name": "Tip 3", "equipment_id": instrument["id"], "valid_until": "2026-03-09"}
    with receiving() as receiver:
        body = {"url": receiver.url(), "event_types": ["accessory.*"]}
        hook = later("POST", "webhooks/", body)
        made = later("POST", "probes/", facts)
        deadline = time.monotonic() + 30
        while not receiver.heard:
            assert time.monotonic() < deadline, "nothing arrived"
            time.sleep(0.1)
        heard = receiver.heard[0]
        event = Webhook(hook["secret"]).verify(heard.body, heard.headers)
        assert event["type"].startswith("accessory.")
        assert event["subject"] == made["id"]


def let_a_day_pass(server: Server) -> None:
    """Moves the clock of the trade on, and forgets that today's run was started already."""
    server.environ["CALIBRIFY_CLOCK"] = "2026-03-05T01:00:00Z"
    file = server.folder / "calibrify.sqlite3"
    database = open_database(server.environ.get("CALIBRIFY_DATABASE_URL", f"sqlite:///{file}"))
    slots = sa.table("core_schedule_slot", sa.column("task"))
    with database.writer.begin() as connection:
        forgotten = connection.execute(
            sa.delete(slots).where(slots.c.task == "accessory.expire_probes")
        )
        assert forgotten.rowcount == 1, "the task was not started with the server"
    database.dispose()
