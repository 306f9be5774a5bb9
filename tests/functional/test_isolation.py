"""A plugin that fails while others work: it is named, and they go on."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
import structlog
from pyramid.response import Response
from webtest import TestApp

from calibrify_core import app as root
from calibrify_core import contributions
from calibrify_core.auth.policy import SIGNED_IN
from calibrify_core.hooks import declarations as declare
from calibrify_core.hooks.manager import Plugins
from calibrify_core.kernel.errors import Conflict, Unavailable
from calibrify_core.kernel.settings import Settings
from calibrify_core.observability.faults import FAULTS
from calibrify_core.observability.logs import configure_logs
from calibrify_core.observability.metrics import METRICS
from calibrify_core.tasks.outbox import OutboxRow
from calibrify_core.testing.house import House, build
from calibrify_core.web.panels import panels_of
from calibrify_core.worker import make_runner
from tests.functional.kit.made import made

SLOT = "steady.page.main"
PLAIN = "calibrify/plain.html"


@dataclass(frozen=True, slots=True)
class Shaken:
    """What the plugins hear of."""

    how: str


def broken_statement(unit: Any, *_: Any) -> Any:
    """Fails in the database, after which PostgreSQL takes no further statement."""
    return unit.session.execute(sa.text("SELECT nothing FROM missing_table"))


def broken_code(*_: Any) -> Any:
    raise ZeroDivisionError("password=hunter2")


def steady_widget(unit: Any, *_: Any) -> dict[str, Any]:
    one = unit.session.execute(sa.text("SELECT 1")).scalar_one()
    return {"title": f"Steady {one}"}


def follow(event: Shaken, unit: Any) -> None:
    {"refuse": refuse, "break": broken_code, "sql": broken_statement}.get(
        event.how, lambda _: None
    )(unit)


def refuse(_unit: Any) -> None:
    raise Conflict("Not while it shakes.")


def hear_later(event: Shaken, _unit: Any) -> None:
    if event.how == "later":
        raise Unavailable("The other side is away.")
    if event.how == "never":
        raise ZeroDivisionError


def show_panels(request: Any) -> Response:
    """Writes something, draws the panels in the same transaction, and says what is on them."""
    if not request.reads:
        request.unit.audit("steadied", "thing")
    cards = panels_of(request, SLOT, "the subject")
    if not request.reads:
        request.unit.audit("drawn", "thing")
    return Response(json.dumps([card["title"] for card in cards]))


def publish(request: Any) -> None:
    request.unit.audit("published", "thing")
    request.unit.publish(Shaken(request.environ["HTTP_X_HOW"]))


def configure(config: Any) -> None:
    config.add_route("steady.page", "/steady")
    config.add_view(show_panels, route_name="steady.page", permission=SIGNED_IN)
    config.add_api_view(
        publish, "shakes", "create", path="shakes/", permission=SIGNED_IN, summary="Shakes.",
        status=204, idempotent=False,
    )  # fmt: skip


def widgets(plugin: str, *calls: Callable[..., Any]) -> list[declare.DashboardWidget]:
    return [
        declare.DashboardWidget(f"{plugin}.w{number}", "main", "", call, SIGNED_IN, number)
        for number, call in enumerate(calls)
    ]


SHAKY = made(
    "shaky",
    "calibrify-steady",
    dashboard_widgets=[
        *widgets("shaky", broken_code, broken_statement),
        declare.DashboardWidget(
            "shaky.template", "side", "shaky/missing.html", lambda _: {}, SIGNED_IN
        ),
    ],
    panels=[
        declare.Panel(SLOT, f"shaky.p{number}", "", call, SIGNED_IN, number)
        for number, call in enumerate((broken_code, broken_statement))
    ],
    navigation=[
        declare.NavigationEntry("Shaky", "steady.page", "gauge", SIGNED_IN, badge=broken_statement)
    ],
    search_sources=[declare.SearchSource("shaky.s", SIGNED_IN, broken_statement)],
    summary_figures=[
        declare.SummaryFigures("shaky.f", broken_statement, {"shaken": {"type": "integer"}})
    ],
    subscribers=[
        declare.Subscriber(Shaken, follow, when="within"),
        declare.Subscriber(Shaken, hear_later),
    ],
)
STEADY = made(
    "steady",
    configure=configure,
    page_slots=[declare.PageSlot(SLOT, "For this test.")],
    dashboard_widgets=widgets("steady", steady_widget),
    panels=[declare.Panel(SLOT, "steady.last", "", steady_widget, SIGNED_IN, 900)],
    summary_figures=[
        declare.SummaryFigures("steady.f", lambda _: {"steady": 1}, {"steady": {"type": "integer"}})
    ],
    search_sources=[
        declare.SearchSource(
            "steady.s",
            SIGNED_IN,
            lambda *_: [declare.SearchHit("thing", "Found", "", "/steady", "gauge")],
        )
    ],
)


@pytest.fixture(scope="module")
def house(make_settings: Callable[..., Settings]) -> Iterator[House]:
    """The core with a plugin that works and one that fails wherever it can."""
    plugins = Plugins(contributions, {"steady": STEADY, "shaky": SHAKY})
    platform = root.make_platform(make_settings(), plugins)
    configure_logs(platform.settings)
    try:
        yield House(platform, build(platform))
    finally:
        structlog.reset_defaults()
        platform.database.dispose()


@pytest.fixture(scope="module")
def browser(house: House) -> TestApp:
    return house.browser(None)


def entries(house: House, action: str) -> int:
    """Counts what was written."""
    statement = sa.text("SELECT count(*) FROM core_audit_entry WHERE action = :action")
    with house.platform.database.reader.connect() as connection:
        return int(connection.execute(statement, {"action": action}).scalar_one())


def failures(what: str) -> float:
    """Returns how often something of the plugin failed."""
    labels = {"plugin": "shaky", "what": what}
    found = METRICS.registry.get_sample_value("calibrify_plugin_call_failures_total", labels)
    return found or 0


def test_widgets_and_badges_that_fail_leave_the_page_whole(house: House, browser: TestApp) -> None:
    page = browser.get("/", status=200)
    assert page.text.count("shaky: not available") == 3
    assert "Steady 1" in page.text
    assert page.html.select_one("nav a[href='/steady']") is not None
    assert failures("shaky.w0") >= 1
    assert failures("badge of Shaky") >= 1


def test_a_panel_that_breaks_the_database_leaves_it_to_the_others(browser: TestApp) -> None:
    broken = "shaky: not available"
    assert json.loads(browser.get("/steady").text) == [broken, broken, "Steady 1"]


def test_the_transaction_of_a_page_that_writes_stays_sound(house: House, browser: TestApp) -> None:
    page = browser.post("/steady", status=200)
    assert json.loads(page.text)[-1] == "Steady 1"
    assert (entries(house, "steadied"), entries(house, "drawn")) == (1, 1)


def test_search_and_summary_go_on_without_a_source_that_fails(house: House) -> None:
    api = house.somebody()
    assert [one["title"] for one in api.get("/api/v1/search/?q=x").json["results"]] == ["Found"]
    assert api.get("/api/v1/dashboard/summary/").json == {"steady": 1}


@pytest.mark.parametrize("how", ["break", "sql"])
def test_a_subscriber_within_undoes_everything_and_is_named(house: House, how: str) -> None:
    before = entries(house, "published")
    answer = house.somebody().post("/api/v1/shakes/", headers={"X-How": how}, status=500).json
    assert answer["code"] == "plugin_failed"
    assert answer["detail"] == (
        "The plugin shaky failed while it followed Shaken; nothing was changed."
    )
    assert entries(house, "published") == before
    assert failures("follow of Shaken") >= 1


def test_a_refusal_of_the_trade_by_a_subscriber_is_told_as_it_is(house: House) -> None:
    answer = house.somebody().post("/api/v1/shakes/", headers={"X-How": "refuse"}, status=409)
    assert answer.json["detail"] == "Not while it shakes."


def test_a_subscriber_after_is_tried_again_or_parked(house: House) -> None:
    api = house.somebody()
    api.post("/api/v1/shakes/", headers={"X-How": "later"}, status=204)
    api.post("/api/v1/shakes/", headers={"X-How": "never"}, status=204)
    make_runner(house.platform).drain()
    with house.platform.session(write=False) as session:
        rows = session.scalars(sa.select(OutboxRow).where(OutboxRow.task == "core.deliver_event"))
        found = {row.payload["event"]["how"]: row for row in rows}
    assert found["later"].state == "open"
    assert found["later"].not_before > datetime.now(UTC) - timedelta(seconds=30)
    assert found["later"].error == "The other side is away."
    assert found["never"].state == "parked"
    assert failures("hear_later of Shaken") >= 2


def test_the_last_fault_is_remembered_without_its_secrets(browser: TestApp) -> None:
    browser.get("/", status=200)
    faults = {fault.what: fault for fault in FAULTS.of("shaky")}
    assert faults["shaky.w0"].error == "ZeroDivisionError: password=********"
    assert faults["shaky.w0"].place.startswith("test_isolation.py:")
    assert faults["shaky.w0"].at <= datetime.now(UTC)
    last = FAULTS.last("shaky")
    assert last is not None
    assert last.what == "badge of Shaky"
    for _ in range(30):
        browser.get("/", status=200)
    assert len(FAULTS.of("shaky")) == 20
    assert FAULTS.last("steady") is None
