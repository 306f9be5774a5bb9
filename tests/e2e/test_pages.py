"""Pages of the demonstration: accessible in each dress, light, and whole without scripts."""

from __future__ import annotations

import re
import sqlite3
import time
import uuid
from collections.abc import Iterator
from contextlib import closing
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from tests.e2e.conftest import MakeServer, Server, free_port, sign_in, violations

DRESSES: dict[str, dict[str, Any]] = {
    "light": {"viewport": {"width": 1440, "height": 900}, "color_scheme": "light"},
    "dark": {"viewport": {"width": 1440, "height": 900}, "color_scheme": "dark"},
    "phone": {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True},
}
PAGES = [
    "/",
    "/equipment",
    "/equipment?calibration_status=overdue&ordering=due_on",
    "/equipment/new",
    "/equipment/import",
    "/equipment/import/{imported}/undo",
    "{equipment}",
    "{equipment}/edit",
    "{equipment}/schedules",
    "{equipment}/calibrations",
    "{equipment}/maintenance",
    "/calibrations",
    "{calibration}",
    "{calibration}/certificate",
    "/calibrations/new?equipment={equipment_id}",
    "/calibrations/external?equipment={equipment_id}",
    "/due",
    "/due?view=month",
    "/maintenance",
    "/maintenance/orders",
    "/maintenance/orders/new",
    "/maintenance/calendar",
    "/maintenance/plans",
    "/maintenance/plans/new",
    "{order}",
    "{order}/complete",
    "{order}/edit",
    "{plan}",
    "{plan}/edit",
    "/audit",
    "/parts",
    "/parts?below_minimum=true",
    "/parts/new",
    "{part}",
    "{meter}",
    "/maintenance/figures",
    "/q/{label}/fault",
    "/search?q=gauge",
    "/account",
    "/jobs",
    "/account/calendars",
    "/account/calendars/new",
    "{calendar}/renew",
    "{calendar}/revoke",
    "/admin/users",
    "/admin/roles",
    "/admin/plugins",
    "/admin/policies",
    "/admin/connectors",
    "/admin/connectors/new?kind=integration.http",
    "/admin/webhooks",
    "/admin/webhooks/new",
    "{webhook}",
    "{webhook}/edit",
    "{webhook}/rotate",
    "{webhook}/remove",
    "{delivery}",
]
RAW_DAY = re.compile(r"\b\d{4}-\d\d-\d\d\b")
MOST_BYTES = 150 * 1024
# Scripts, styles and typefaces: less is no cold visit.
LEAST_BYTES = 50 * 1024
MOST_REQUESTS = 22


@pytest.fixture(scope="module")
def server(make_server: MakeServer) -> Server:
    """The demonstration laboratory, whose webhooks may go to this machine."""
    made = make_server("sqlite", integration__allowed_networks="127.0.0.0/8")
    made.start("--demo")
    return made


@pytest.fixture(scope="module")
def state(browser: Browser, server: Server) -> Any:
    """Cookies of an administrator."""
    context = browser.new_context()
    page = context.new_page()
    sign_in(page, server, "admin", server.password)
    found = context.storage_state()
    context.close()
    return found


@pytest.fixture(scope="module")
def addresses(browser: Browser, server: Server, state: Any) -> dict[str, str]:
    """Addresses of things of the laboratory, and of a webhook that nobody answers."""
    context = browser.new_context(storage_state=state)
    page = context.new_page()
    page.goto(f"{server.base}/equipment?q=multimeter")
    equipment = page.locator("tbody a.rowlink").first.get_attribute("href") or ""
    identifier = equipment.rpartition("/")[2]
    page.goto(f"{server.base}/calibrations?equipment_id={identifier}&state=approved")
    calibration = page.locator("tbody a.rowlink").first.get_attribute("href") or ""
    page.goto(f"{server.base}/maintenance/orders?status=in_progress")
    order = page.locator("tbody a.rowlink").first.get_attribute("href") or ""
    page.goto(f"{server.base}/maintenance/plans")
    plan = page.locator("tbody a.rowlink").first.get_attribute("href") or ""
    page.goto(f"{server.base}/parts")
    part = page.locator("tbody a.rowlink").first.get_attribute("href") or ""
    page.goto(f"{server.base}/equipment?q=bench multimeter")
    page.locator("tbody a.rowlink").first.click()
    meter = page.locator("a[href^='/meters/']").first.get_attribute("href") or ""
    webhook, delivery = failing_webhook(page, server)
    page.goto(f"{server.base}/account/calendars/new")
    page.get_by_role("button", name="Make address").click()
    page.get_by_role("link", name="Done").click()
    renewal = page.get_by_role("link", name="New address").get_attribute("href") or ""
    imported = import_of_one(page, server)
    context.close()
    return {
        "equipment": equipment,
        "equipment_id": identifier,
        "calibration": calibration,
        "order": order,
        "plan": plan,
        "part": part,
        "meter": meter,
        "label": label_of(server, identifier),
        "webhook": webhook,
        "delivery": delivery,
        "calendar": renewal.removesuffix("/renew"),
        "imported": imported,
    }


def import_of_one(page: Page, server: Server) -> str:
    """Imports a file with one instrument; returns the id of the job."""
    page.goto(f"{server.base}/equipment/import")
    file = {"name": "one.csv", "mimeType": "text/csv", "buffer": b"tag,name\nONE-1,Gauge\n"}
    page.locator("input[type=file]").set_input_files(file)
    for step in ("Upload and go on", "Go on to the values", "Check the import", "Import 1 row"):
        page.get_by_role("button", name=step).click(timeout=30_000)
    page.wait_for_url("**/jobs/**")
    expect(page.get_by_role("link", name="Undo this import")).to_be_visible(timeout=30_000)
    return page.url.rpartition("/")[2]


def failing_webhook(page: Page, server: Server) -> tuple[str, str]:
    """Sets a webhook up and tests it; returns its address, and that of a delivery that failed."""
    page.goto(f"{server.base}/admin/webhooks/new")
    page.get_by_label("Address").fill(f"http://127.0.0.1:{free_port()}/in")
    page.get_by_label("Further events").fill("equipment.*")
    page.get_by_role("button", name="Save").click()
    assert page.get_by_role("textbox", name="Secret").input_value().startswith("whsec_")
    assert not violations(page)
    done = page.get_by_role("link", name="Done")
    webhook = done.get_attribute("href") or ""
    done.click()
    page.get_by_role("button", name="Send test").click()
    page.wait_for_url("**/deliveries/*")
    deadline = time.monotonic() + 20
    while not page.get_by_text("Try 1").count() and time.monotonic() < deadline:
        page.wait_for_timeout(200)
        page.reload()
    return webhook, urlsplit(page.url).path


def label_of(server: Server, equipment_id: str) -> str:
    """Returns the code on the label of an instrument, as a scanner would read it."""
    with closing(sqlite3.connect(server.folder / "calibrify.sqlite3")) as database:
        rows = database.execute("SELECT id, label_code FROM equipment_equipment")
        return next(code for key, code in rows if key == uuid.UUID(equipment_id).hex)


@pytest.fixture(scope="module", params=DRESSES)
def dressed(
    request: pytest.FixtureRequest, browser: Browser, state: Any
) -> Iterator[BrowserContext]:
    """A signed-in browser in one of the dresses."""
    context = browser.new_context(storage_state=state, **DRESSES[request.param])
    yield context
    context.close()


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_accessible_and_fits(
    dressed: BrowserContext, server: Server, addresses: dict[str, str], path: str
) -> None:
    page = dressed.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    answer = page.goto(server.base + path.format(**addresses))
    assert answer is not None
    assert answer.status == 200
    assert not violations(page)
    width = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(width) <= 0, "it scrolls sideways"
    assert not RAW_DAY.search(page.locator("body").inner_text()), "a day as the API writes it"
    assert not said
    page.close()


def test_what_a_webhook_shows_on_demand_is_accessible_and_fits(
    dressed: BrowserContext, server: Server, addresses: dict[str, str]
) -> None:
    page = dressed.new_page()
    width = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    page.goto(server.base + addresses["delivery"])
    for folded in page.locator("main details").all():
        folded.locator("summary").click()
    expect(page.get_by_text('"type": "integration.test"')).to_be_visible()
    assert not violations(page)
    assert page.evaluate(width) <= 0
    page.goto(f"{server.base}{addresses['webhook']}/rotate")
    page.get_by_role("button", name="Make new secret").click()
    expect(page.get_by_role("textbox", name="Secret")).to_have_value(re.compile("^whsec_"))
    assert not violations(page)
    assert page.evaluate(width) <= 0
    page.close()


SIZES = """() => [...document.querySelectorAll(".chartbox .chart text")].filter(
    text => text.getBoundingClientRect().width
).map(text => {
    const chart = text.ownerSVGElement;
    const scale = chart.getBoundingClientRect().width / chart.viewBox.baseVal.width;
    return parseFloat(getComputedStyle(text).fontSize) * scale;
})"""


def test_the_text_of_charts_is_legible_at_every_width(
    signed_in: BrowserContext, server: Server, addresses: dict[str, str]
) -> None:
    page = signed_in.new_page()
    for path in ("/", "{equipment}"):
        page.goto(server.base + path.format(**addresses))
        for width in (320, 390, 600, 840, 1024, 1280, 1600):
            page.set_viewport_size({"width": width, "height": 900})
            sizes = page.evaluate(SIZES)
            assert sizes
            assert 10.9 <= min(sizes) <= max(sizes) < 17, (path, width)
    page.close()


@pytest.fixture(scope="module")
def signed_in(browser: Browser, state: Any) -> Iterator[BrowserContext]:
    """A signed-in browser as it comes."""
    context = browser.new_context(storage_state=state)
    yield context
    context.close()


@pytest.fixture(scope="module")
def without_scripts(browser: Browser, state: Any) -> Iterator[BrowserContext]:
    """A signed-in browser that runs no scripts."""
    context = browser.new_context(storage_state=state, java_script_enabled=False)
    yield context
    context.close()


def weigh(page: Page, address: str) -> tuple[int, int]:
    """Returns bytes on the wire and requests of a cold visit."""
    sizes: list[int] = []
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.clearBrowserCache")
    session.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    page.goto(address, wait_until="networkidle")
    return int(sum(sizes)), len(sizes)


@pytest.mark.parametrize("path", PAGES)
def test_a_cold_page_is_light(
    signed_in: BrowserContext, server: Server, addresses: dict[str, str], path: str
) -> None:
    page = signed_in.new_page()
    size, requests = weigh(page, server.base + path.format(**addresses))
    page.close()
    assert LEAST_BYTES <= size <= MOST_BYTES
    assert requests <= MOST_REQUESTS


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_whole_without_scripts(
    without_scripts: BrowserContext, server: Server, addresses: dict[str, str], path: str
) -> None:
    page = without_scripts.new_page()
    answer = page.goto(server.base + path.format(**addresses))
    assert answer is not None
    assert answer.status == 200
    assert page.locator("h1").is_visible()
    assert page.locator("main").inner_text().strip()
    page.close()


def column(page: Page, status: str) -> Locator:
    """Returns a column of the board."""
    return page.locator(f".board-column[data-status={status}]")


@pytest.fixture
def board(browser: Browser, server: Server, state: Any) -> Iterator[Page]:
    """The board of work orders."""
    context = browser.new_context(storage_state=state, viewport={"width": 1440, "height": 1400})
    page = context.new_page()
    page.goto(f"{server.base}/maintenance")
    yield page
    context.close()


def test_a_card_is_dragged_to_a_column_that_takes_it(board: Page) -> None:
    card = column(board, "scheduled").locator(".board-card").first
    title = card.locator(".title").inner_text()
    before = column(board, "in_progress").locator(".board-card").count()
    card.locator(".sub").first.drag_to(column(board, "in_progress").locator("h2"))
    expect(board.locator("#toasts")).to_contain_text("is in work")
    expect(column(board, "in_progress").locator(".board-card")).to_have_count(before + 1)
    expect(column(board, "in_progress")).to_contain_text(title)
    assert not violations(board)


def test_a_column_that_a_state_does_not_lead_to_takes_no_card(board: Page) -> None:
    card = column(board, "requested").locator(".board-card").first
    title = card.locator(".title").inner_text()
    card.locator(".sub").first.drag_to(column(board, "completed").locator("h2"))
    expect(column(board, "requested")).to_contain_text(title)
    assert board.url.endswith("/maintenance")


def test_a_step_that_asks_for_something_leads_from_the_drop_to_its_page(board: Page) -> None:
    card = column(board, "requested").locator(".board-card").first
    card.locator(".sub").first.drag_to(column(board, "scheduled").locator("h2"))
    expect(board.get_by_label("Planned for")).to_be_visible()


def test_a_refused_card_stands_where_it_is_and_the_reason_above(board: Page) -> None:
    card = column(board, "on_hold").locator(".board-card").first
    title, address = card.locator(".title").inner_text(), card.locator(".title")
    other = board.context.new_page()
    other.goto(f"{board.url.removesuffix('/maintenance')}{address.get_attribute('href')}/cancel")
    other.get_by_label("Reason").fill("Not worth it")
    other.get_by_role("button", name="Cancel work order").click()
    expect(other.locator("#toasts")).to_contain_text("cancel")
    card.locator(".sub").first.drag_to(column(board, "in_progress").locator("h2"))
    expect(board.locator("main [role=alert]")).to_contain_text("cancelled")
    expect(column(board, "in_progress")).not_to_contain_text(title)


def test_a_card_returns_where_the_server_does_not_answer(board: Page) -> None:
    board.context.set_offline(True)
    card = column(board, "scheduled").locator(".board-card").first
    title = card.locator(".title").inner_text()
    card.locator(".sub").first.drag_to(column(board, "in_progress").locator("h2"))
    expect(board.locator("main [role=alert]")).to_contain_text("Nothing was moved")
    expect(column(board, "scheduled")).to_contain_text(title)
