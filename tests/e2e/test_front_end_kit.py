"""The kit in a real browser, under a strict policy: modules, accessibility, weight."""

import json
import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jinja2
import pytest
from playwright.sync_api import Browser, Page, expect

from calibrify_core.web import charts
from calibrify_core.web.chart_data import Bar, Forecast, Part

ROOT = Path(__file__).parents[2]
GALLERY = Path(__file__).parent / "gallery"
AXE = Path(__file__).parent / "vendor" / "axe.min.js"
POLICY = (
    "default-src 'none'; script-src 'self' 'nonce-n'; style-src 'self' 'nonce-n'; "
    "img-src 'self' data:; font-src 'self'; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
BARS = Forecast(
    (Bar("W1", (Part("soon", 3, "due"),)), Bar("W2", (Part("late", 1, "late"),))), "Work"
)
PAGES = ["list", "grid", "dashboard", "form", "job-done", "sign-in", "error"]


def page(title: str) -> SimpleNamespace:
    def entry(label: str, href: str, icon: str) -> dict[str, Any]:
        return {"label": label, "href": href, "icon": icon, "current": label == title}

    entries = [
        {**entry("Dashboard", "/dashboard.html", "layout-dashboard"), "hotkey": "g d"},
        entry("Equipment", "/list.html", "gauge"),
    ]
    return SimpleNamespace(
        title=title,
        crumbs=[(title, None)],
        nav=[{"title": None, "entries": entries}],
        tabbar=[*entries, entry("Menu", "#nav", "menu")],
        csrf_token="t",
        nonce="n",
        theme=None,
        user={"name": "Mira Kovač", "initials": "MK", "role": "Lead", "account_href": "/"},
        flashes=[],
        clock_banner="The clock is fixed.",
        organisation="Lab",
        locale="en",
        dir="ltr",
        importmap={},
        stylesheets=[],
        sign_out_href="/",
        search_href="/search.json",
    )


def documents() -> dict[str, str]:
    """The pages of the gallery by file name."""
    loader = jinja2.ChoiceLoader(
        [
            jinja2.FileSystemLoader(ROOT / "calibrify_core" / "web" / "templates"),
            jinja2.FileSystemLoader(GALLERY),
        ]
    )
    listing = json.loads((GALLERY / "listing.json").read_text(encoding="utf-8"))
    engine = jinja2.Environment(loader=loader, autoescape=True)
    shared = {"static": "/static/{}".format, "_": str, "charts": charts}
    macros: Any = engine.get_template("calibrify/ui.html").make_module({**shared, "page": None})
    fields = [
        {"kind": "decimal", "name": "limit", "label": "Limit", "value": "-1", "error": "Low"},
        {"kind": "select", "name": "kind", "label": "Kind", "options": [("a", "A")]},
    ]
    values: dict[str, tuple[str, str, dict[str, Any]]] = {
        "list": ("calibrify/list.html", "Equipment", {"listing": listing}),
        "grid": ("grid.html", "Readings", {}),
        "dashboard": (
            "calibrify/dashboard.html",
            "Dashboard",
            {
                "dashboard": {
                    "lead": "One is overdue.",
                    "kpis": [
                        {
                            "label": "Overdue",
                            "value": 1,
                            "href": "/list.html",
                            "icon": "triangle-alert",
                            "tone": "late",
                        }
                    ],
                    "main": [{"id": "w", "title": "Work", "body": macros.forecast(BARS)}],
                    "side": [
                        {
                            "id": "s",
                            "title": "Share",
                            "body": charts.stacked_bar(BARS.bars[0].parts),
                        }
                    ],
                }
            },
        ),
        "form": (
            "calibrify/form.html",
            "New equipment",
            {
                "form": {
                    "action": "/form.html",
                    "submit_label": "Save",
                    "cancel_href": "/list.html",
                    "problems": [{"name": "limit", "text": "Low"}],
                    "sections": [{"title": "Metrology", "fields": fields}],
                }
            },
        ),
        "job": (
            "calibrify/job.html",
            "Import",
            {
                "job": {
                    "title": "Import",
                    "state": {"tone": "incal", "icon": "activity", "word": "Running"},
                    "going": True,
                    "done": 1,
                    "total": 3,
                    "sentence": "1 of 3",
                    "poll_href": "/job-done.html",
                }
            },
        ),
        "job-done": (
            "calibrify/job.html",
            "Import",
            {
                "job": {
                    "title": "Import",
                    "state": {"tone": "ok", "icon": "circle-check", "word": "Done"},
                    "going": False,
                    "done": 3,
                    "total": 3,
                    "sentence": "3 of 3",
                    "poll_href": "/job-done.html",
                }
            },
        ),
        "sign-in": ("calibrify/sign_in.html", "Sign in", {"form": {"action": "/sign-in.html"}}),
        "error": (
            "calibrify/error.html",
            "Not found",
            {"problem": {"status": 404, "title": "Not found", "sentence": "Nothing is here."}},
        ),
    }
    return {
        f"{name}.html": engine.get_template(template).render(**shared, page=page(title), **own)
        for name, (template, title, own) in values.items()
    }


class Handler(SimpleHTTPRequestHandler):
    """Serves the gallery with the policy, without a word."""

    def end_headers(self) -> None:
        self.send_header("Content-Security-Policy", POLICY)
        super().end_headers()

    def log_message(self, *args: object) -> None:
        del args


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("gallery")
    (folder / "static").symlink_to(ROOT / "static")
    for name, text in documents().items():
        (folder / name).write_text(text, encoding="utf-8")
    found = '{"results": [{"label": "EQ-7", "href": "/list.html", "icon": "gauge", "detail": "x"}]}'
    (folder / "search.json").write_text(found, encoding="utf-8")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def visit(browser: Browser, site: str) -> Iterator[Callable[..., Page]]:
    """Opens a page of the gallery; a message in the console fails the test."""
    said: list[str] = []
    contexts = []

    def open_page(name: str, width: int = 1440, **options: Any) -> Page:
        context = browser.new_context(viewport={"width": width, "height": 900}, **options)
        contexts.append(context)
        opened = context.new_page()
        opened.on("console", lambda message: said.append(message.text))
        opened.on("pageerror", lambda error: said.append(str(error)))
        opened.goto(f"{site}/{name}.html", wait_until="networkidle")
        return opened

    yield open_page
    for context in contexts:
        context.close()
    assert said == []


@pytest.mark.e2e
@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize(
    ("width", "scheme"), [(1440, "light"), (1440, "dark"), (390, "light"), (320, "dark")]
)
def test_pages_are_accessible_and_reflow(
    visit: Callable[..., Page], name: str, width: int, scheme: str
):
    opened = visit(name, width, color_scheme=scheme)
    beyond = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert opened.evaluate(beyond) <= 0
    opened.evaluate(AXE.read_text(encoding="utf-8"))
    report = opened.evaluate("rules => axe.run(document, {runOnly: rules})", RULES)
    assert [(item["id"], item["nodes"][0]["html"]) for item in report["violations"]] == []


@pytest.mark.e2e
@pytest.mark.parametrize("name", ["list", "grid", "dashboard", "form"])
def test_a_cold_page_stays_in_the_budget(browser: Browser, site: str, name: str):
    context = browser.new_context()
    opened = context.new_page()
    asked: list[str] = []
    opened.on("request", lambda request: asked.append(request.url))
    opened.goto(f"{site}/{name}.html", wait_until="networkidle")
    context.close()
    assert len(asked) <= 20
    assert all(url.startswith(site) for url in asked)


@pytest.mark.e2e
def test_rows_are_selected_by_page_and_by_range(visit: Callable[..., Page]):
    opened = visit("list")
    rows, bar = opened.locator("td.check input[name=id]"), opened.locator(".bulk")
    expect(bar).to_be_hidden()
    rows.nth(0).check()
    rows.nth(2).click(modifiers=["Shift"])
    expect(bar).to_contain_text("3 selected")
    expect(opened.get_by_label("Select all 9")).to_be_hidden()
    opened.get_by_label("Select all on this page").check()
    expect(bar).to_contain_text("4 selected")
    expect(opened.get_by_label("Select all 9")).to_be_visible()
    opened.keyboard.press("Escape")
    expect(bar).to_be_hidden()


@pytest.mark.e2e
def test_filter_sends_itself_and_keeps_the_caret(visit: Callable[..., Page]):
    opened = visit("list")
    opened.keyboard.press("/")
    opened.keyboard.type("flu")
    opened.wait_for_url(lambda url: url.endswith("?q=flu&state=overdue"))
    expect(opened.locator("#q")).to_be_focused()
    expect(opened.locator("#q")).to_have_value("flu")


@pytest.mark.e2e
def test_keys_walk_the_rows_and_the_pages(visit: Callable[..., Page]):
    opened = visit("list")
    opened.keyboard.press("j")
    opened.keyboard.press("j")
    opened.keyboard.press("x")
    expect(opened.locator("#row-1 input")).to_be_checked()
    opened.keyboard.press("?")
    expect(opened.locator("#keys")).to_be_visible()
    told = opened.locator("#keys dt:visible")
    expect(told).to_contain_text(["g d", "n", "j k", "x"])
    expect(opened.locator("#keys dt[data-where='[data-hotkey=e]']")).to_be_hidden()
    opened.keyboard.press("Escape")
    opened.keyboard.press("g")
    opened.keyboard.press("d")
    opened.wait_for_url("**/dashboard.html")
    opened.keyboard.press("?")
    expect(told).to_have_text(["Ctrl K", "/", "g d", "?"])
    opened = visit("list")
    opened.keyboard.press("n")
    opened.wait_for_url("**/form.html")


@pytest.mark.e2e
def test_palette_finds_pages_and_records(visit: Callable[..., Page]):
    opened = visit("dashboard")
    opened.keyboard.press("Control+k")
    options = opened.locator("#palette [role=option]")
    expect(options).to_have_text(["Dashboard", "Equipment"])
    opened.keyboard.type("equip")
    expect(options.first).to_contain_text("EQ-7")
    opened.keyboard.press("Enter")
    opened.wait_for_url("**/list.html")


@pytest.mark.e2e
def test_readings_are_previewed_on_their_own_side_of_the_tolerance(visit: Callable[..., Page]):
    opened = visit("grid")
    row = opened.locator("tbody tr").first
    for typed, error, verdict in (
        ("10,1", "+50\u202f%", "Pass"),
        ("\u22129.95", "\u221219950\u202f%", "Fail"),
        ("9.95", "\u221250\u202f%", "Pass"),
        ("10.19", "+95\u202f%", "Guard band"),
        ("ten", "", "Not a number"),
    ):
        opened.locator("#f1").fill(typed)
        expect(row.locator("[data-err]")).to_have_text(error)
        expect(row.locator("[data-verdict]")).to_have_text(verdict)
    opened.locator("#f1").fill("10.3")
    opened.locator("#l1").fill("10.0")
    expect(row.locator("[data-verdict]")).to_have_text("Found out")
    expect(opened.locator("[data-cal-progress]")).to_have_text("1 of 3")
    opened.locator("#f1").press("Enter")
    expect(opened.locator("#f2")).to_be_focused()


@pytest.mark.e2e
def test_a_pasted_column_fills_downwards(visit: Callable[..., Page]):
    opened = visit("grid")
    opened.locator("#f2").evaluate(
        """field => {
          const clipboardData = new DataTransfer();
          clipboardData.setData("text", "10.1\\n10.2\\n10.3\\n");
          field.dispatchEvent(new ClipboardEvent("paste", {clipboardData, bubbles: true}));
        }"""
    )
    values = opened.locator("[data-column=found]").evaluate_all("all => all.map(one => one.value)")
    assert values == ["", "10.1", "10.2"]
    expect(opened.locator("[data-cal-progress]")).to_have_text("2 of 3")


@pytest.mark.e2e
def test_typed_readings_are_not_lost_without_a_question(visit: Callable[..., Page]):
    opened = visit("grid")
    opened.locator("#f1").fill("10.1")
    asked: list[str] = []

    def answer(dialog: Any) -> None:
        asked.append(dialog.message)
        dialog.dismiss()

    opened.once("dialog", answer)
    opened.get_by_role("link", name="Equipment").first.click()
    expect(opened.locator("#f1")).to_have_value("10.1")
    assert asked == ["Leave?"]


@pytest.mark.e2e
def test_chart_point_tells_its_values_to_the_keyboard(visit: Callable[..., Page]):
    opened = visit("dashboard")
    opened.locator(".chart.wide [data-tip]").first.focus()
    expect(opened.locator(".tip")).to_have_text("W1: 3\n3 due")


@pytest.mark.e2e
def test_theme_is_switched_and_remembered(visit: Callable[..., Page]):
    opened = visit("dashboard", color_scheme="light")
    opened.get_by_role("button", name="Switch colour theme").click()
    opened.reload(wait_until="networkidle")
    expect(opened.locator("html")).to_have_attribute("data-theme", "dark")


@pytest.mark.e2e
def test_job_page_follows_the_job_to_its_end(visit: Callable[..., Page]):
    opened = visit("job")
    expect(opened.locator("progress")).to_have_attribute("value", "1")
    expect(opened.locator("progress")).to_have_attribute("value", "3", timeout=5000)
    expect(opened.locator("job-progress[data-running]")).to_have_count(0)


@pytest.mark.e2e
def test_error_summary_takes_focus_and_leads_to_the_field(visit: Callable[..., Page]):
    opened = visit("form")
    expect(opened.locator(".problems")).to_be_focused()
    opened.get_by_role("link", name="Low").click()
    expect(opened.locator("#f-limit")).to_be_focused()


@pytest.mark.e2e
def test_menu_and_filter_work_without_scripts(visit: Callable[..., Page]):
    opened = visit("list", 390, java_script_enabled=False)
    expect(opened.locator("#nav")).to_be_hidden()
    opened.locator(".tabbar").get_by_text("Menu").click()
    expect(opened.locator("#nav")).to_be_visible()
    opened.get_by_label("Close menu").click()
    opened.locator("#q").fill("flu")
    opened.get_by_role("button", name="Apply").click()
    opened.wait_for_url(lambda url: url.endswith("?q=flu&state=overdue"))
