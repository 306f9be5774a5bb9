"""Pages that keep up with what others change, by asking and by listening."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import MakeServer, Server, free_port, sign_in

NAME, PASSWORD = "mira", "nine amber torque wrenches on a rack"


@pytest.fixture(scope="module")
def server(make_server: MakeServer) -> Server:
    """An empty house with one person, where a hub is announced that does not run yet."""
    made = make_server("sqlite", live_url=f"http://127.0.0.1:{free_port()}")
    made.run("db", "upgrade")
    options = ("--username", NAME, "--role", "metrology_manager", "--password-stdin")
    made.run("user", "create", "mira@example.com", *options, text=PASSWORD)
    made.start()
    return made


@pytest.fixture
def hub(server: Server) -> Iterator[None]:
    """The server of live events."""
    port = server.environ["CALIBRIFY_LIVE_URL"].rpartition(":")[2]
    command = [str(server.programs / "calibrify"), "live", "--port", port]
    with subprocess.Popen(command, env=server.environ, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert b"Live events" in process.stdout.readline()
        yield
        process.terminate()


@pytest.fixture
def page(browser: Browser, server: Server) -> Iterator[Page]:
    """The list of instruments, in the browser of somebody who is signed in."""
    context = browser.new_context()
    opened = context.new_page()
    sign_in(opened, server, NAME, PASSWORD)
    with opened.expect_response("**/ui/pulse"):
        opened.goto(f"{server.base}/equipment")
    yield opened
    context.close()


def register(page: Page, server: Server, name: str) -> None:
    """Somebody else enters an instrument."""
    api, base = page.context.request, f"{server.base}/api/v1/"
    who: Any = {"username": NAME, "password": PASSWORD}
    token = api.post(f"{base}auth/token/", data=who).json()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    assert api.post(f"{base}equipment/", data={"name": name}, headers=headers).status == 201


def come_back(page: Page) -> None:
    """Somebody turns to the page again: it asks at once."""
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")


def test_a_page_takes_over_what_others_change(page: Page, server: Server) -> None:
    register(page, server, "Caliper that was asked for")
    come_back(page)
    expect(page.get_by_role("link", name="Caliper that was asked for")).to_be_visible()


def test_a_page_that_listens_hears_of_it_at_once(page: Page, server: Server, hub: None) -> None:
    with page.expect_response(lambda answer: "/events/stream/" in answer.url):
        come_back(page)
    register(page, server, "Caliper that was told of")
    expect(page.get_by_role("link", name="Caliper that was told of")).to_be_visible(timeout=9000)


def test_nothing_moves_under_who_is_at_work(page: Page, server: Server) -> None:
    box = page.locator("td.check input").first
    box.check()
    register(page, server, "Caliper that can wait")
    come_back(page)
    show = page.get_by_role("button", name="Show changes")
    expect(show).to_be_visible()
    expect(box).to_be_checked()
    expect(page.get_by_role("link", name="Caliper that can wait")).to_have_count(0)

    box.uncheck()
    show.click()
    expect(page.get_by_role("link", name="Caliper that can wait")).to_be_visible()
