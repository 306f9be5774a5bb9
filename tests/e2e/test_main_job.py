"""The main job in a real browser: import, see, calibrate, certify, find it in the trail."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import KINDS, MakeServer, Server, sign_in, violations

REGISTER = Path(__file__).parent / "data" / "register.csv"
CLOCK = "2026-03-02T10:00:00Z"
PASSWORD = "nine purple gauges on a shelf"
MEANINGS = {
    "ACTIVE": "in_service",
    "EXTENDED": "in_service",
    "SERVICE": "in_service",
    "IN-ACTIVE": "out_of_service",
    "DEFECTIVE": "quarantined",
    "FOR REPAIR": "in_maintenance",
    "MISSING": "lost",
}
POINT = {
    "parameter": "Torque",
    "nominal": "100",
    "unit": "N·m",
    "lower_limit": "96.0",
    "upper_limit": "104.0",
    "expanded_uncertainty": "0.5",
    "coverage_factor": "2",
}


@pytest.fixture(scope="module", params=KINDS)
def server(request: pytest.FixtureRequest, make_server: MakeServer) -> Server:
    """An installation as a plant begins it: tables, one account, a fixed clock."""
    made = make_server(request.param, clock=CLOCK)
    made.run("db", "upgrade")
    made.run(
        "user",
        "create",
        "mira@example.com",
        "--username",
        "mira",
        "--name",
        "Mira Kovač",
        "--role",
        "administrator",
        "--password-stdin",
        text=PASSWORD,
    )
    made.start()
    return made


@pytest.fixture(scope="module")
def page(browser: Browser, server: Server) -> Iterator[Page]:
    """A browser in which Mira is signed in; what goes wrong in a script fails the test."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    opened = context.new_page()
    faults: list[str] = []
    opened.on("pageerror", lambda error: faults.append(str(error)))
    sign_in(opened, server, "mira", PASSWORD)
    yield opened
    context.close()
    assert not faults


def choose(page: Page, word: str, value: str) -> None:
    """Chooses a meaning beside a word of the file."""
    row = page.get_by_role("row").filter(has=page.get_by_role("rowheader", name=word, exact=True))
    row.get_by_role("combobox").first.select_option(value)


def test_the_register_is_imported_with_its_problems_named(page: Page, server: Server) -> None:
    page.goto(f"{server.base}/equipment/import")
    page.locator("input[type=file]").set_input_files(REGISTER)
    page.get_by_role("button", name="Upload and go on").click()
    page.wait_for_url("**/columns")
    assert not violations(page)
    choose(page, "Performance", "notes")
    page.get_by_role("button", name="Go on to the values").click()
    page.wait_for_url("**/values")
    for word, status in MEANINGS.items():
        choose(page, word, status)
    row = page.get_by_role("row").filter(
        has=page.get_by_role("rowheader", name="SERVICE", exact=True)
    )
    row.get_by_label("Calibration required: SERVICE").select_option("false")
    assert not violations(page)
    page.get_by_role("button", name="Check the import").click()
    page.wait_for_url("**/check")
    go = page.get_by_role("button", name="Import 9 good rows, skip 1")
    expect(go).to_be_visible(timeout=30_000)
    table = page.get_by_role("table").first
    expect(table).to_contain_text("PR#4711")
    expect(table).to_contain_text("10")
    assert not violations(page)

    page.get_by_label("Status of row 10").fill("IN-ACTIVE")
    page.get_by_role("button", name="Correct and check again").click()
    expect(page.get_by_role("button", name="Import 10 rows")).to_be_visible(timeout=30_000)
    page.get_by_role("button", name="Take corrections back").click()
    expect(go).to_be_visible(timeout=30_000)

    page.get_by_role("link", name="Change the values").click()
    page.wait_for_url("**/values")
    choose(page, "PR#4711", "out_of_service")
    page.get_by_role("button", name="Check the import").click()
    page.wait_for_url("**/check")
    check = page.url
    import_ten_rows(page)

    page.get_by_role("link", name="Undo this import").click()
    page.wait_for_url("**/undo")
    expect(page.locator("main")).to_contain_text("10 instruments that it entered will be deleted")
    assert not violations(page)
    page.get_by_role("button", name="Undo this import").click()
    page.wait_for_url("**/jobs/**")
    page.get_by_role("link", name="Show what was undone").click(timeout=30_000)
    expect(page.locator("main")).to_contain_text("This import was undone by Mira Kovač.")
    assert not violations(page)
    page.goto(check)
    import_ten_rows(page)


def import_ten_rows(page: Page) -> None:
    """Runs the import that was checked, to its end."""
    go = page.get_by_role("button", name="Import 10 rows")
    expect(go).to_be_visible(timeout=30_000)
    go.click()
    page.wait_for_url("**/jobs/**")
    expect(page.get_by_text("Done", exact=True)).to_be_visible(timeout=30_000)


def test_what_may_be_used_is_seen_at_once(page: Page, server: Server) -> None:
    page.goto(f"{server.base}/")
    expect(page.locator(".kpi", has_text="Overdue").locator(".v")).to_have_text("1")
    expect(page.locator(".kpi", has_text="Due in 30 days").locator(".v")).to_have_text("1")
    assert not violations(page)
    page.locator(".kpi", has_text="Overdue").click()
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.locator("tbody")).to_contain_text("TORQUE WRENCH")
    page.goto(f"{server.base}/equipment?q=0099")
    expect(page.locator("tbody tr")).to_have_count(2)
    page.goto(f"{server.base}/equipment?status=in_service&ordering=-due_on")
    expect(page.locator("tbody tr").first).to_contain_text("CALIPER")
    page.goto(f"{server.base}/due")
    expect(page.locator("main")).to_contain_text("TORQUE WRENCH")
    expect(page.locator("main")).to_contain_text("PRESSURE GAUGE")
    assert not violations(page)


def open_equipment(page: Page, server: Server, tag: str) -> None:
    """Opens the page of an instrument by its tag."""
    page.goto(f"{server.base}/equipment?q={tag}")
    page.locator("tbody a.rowlink").first.click()
    page.wait_for_url("**/equipment/*-*")


def sign(page: Page, password: str) -> None:
    """Signs the approval that the page restates."""
    page.get_by_label("Your password").fill(password)
    page.get_by_role("button", name="Sign and approve").click()


def test_a_calibration_is_recorded_judged_approved_and_certified(
    page: Page, server: Server
) -> None:
    open_equipment(page, server, "N-002")
    expect(page.locator(".verdict")).to_contain_text("Do not use")
    page.get_by_role("link", name="Record calibration").click()
    page.wait_for_url("**/calibrations/new**")
    for column, text in POINT.items():
        page.locator(f"input[name$={column}]").first.fill(text)
    page.locator("input[data-column=found]").first.fill("105.2")
    page.locator("input[data-column=left]").first.fill("100.10")
    page.get_by_label("It was adjusted between as found and as left").check()
    page.get_by_role("button", name="Judge").click()
    expect(page.locator("main")).to_contain_text("Found out, adjusted")
    page.get_by_role("button", name="Submit").click()
    page.wait_for_url("**/calibrations/*-*")
    expect(page.locator("main")).to_contain_text("100.10")
    assert not violations(page)
    page.get_by_role("link", name="Approve").click()
    sign(page, "wrong password indeed")
    expect(page.get_by_role("alert")).to_contain_text("not your password")
    assert not violations(page)
    sign(page, PASSWORD)
    expect(page.locator("main")).to_contain_text("Approved")
    page.get_by_role("link", name="Certificate").first.click()
    assert not violations(page)
    with page.expect_download() as waiting:
        page.get_by_role("link", name="Download PDF").click()
    assert Path(waiting.value.path()).read_bytes().startswith(b"%PDF-")


def test_an_outside_certificate_is_recorded(page: Page, server: Server, tmp_path: Path) -> None:
    paper = tmp_path / "certificate.pdf"
    paper.write_bytes(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n")
    open_equipment(page, server, "N-001")
    page.get_by_role("link", name="Record certificate").click()
    page.wait_for_url("**/calibrations/external**")
    assert not violations(page)
    page.locator("input[name=new_supplier]").fill("Westhaven Metrology")
    page.get_by_label("Certificate number").fill("WM-26-0815")
    page.get_by_label("Dated").fill("2026-02-27")
    page.get_by_label("Calibrated on").fill("2026-02-26")
    page.get_by_label("Pass: in tolerance").check()
    page.locator("input[type=file]").set_input_files(paper)
    page.get_by_role("button", name="Record and approve").click()
    sign(page, PASSWORD)
    expect(page.locator("main")).to_contain_text("WM-26-0815")


def test_state_and_due_date_are_the_same_everywhere(page: Page, server: Server) -> None:
    open_equipment(page, server, "N-002")
    expect(page.locator(".verdict")).to_contain_text("Fit for use")
    expect(page.locator(".verdict")).to_contain_text("2 Mar 2027")
    assert not violations(page)
    page.goto(f"{server.base}/")
    expect(page.locator(".kpi", has_text="Overdue").locator(".v")).to_have_text("0")
    page.goto(f"{server.base}/equipment?calibration_status=overdue&status=in_service")
    expect(page.locator(".empty")).to_be_visible()
    page.goto(f"{server.base}/due")
    expect(page.locator("main")).not_to_contain_text("TORQUE WRENCH")


def test_every_step_is_in_the_audit_trail(page: Page, server: Server) -> None:
    page.goto(f"{server.base}/audit?q=CAL-")
    expect(page.locator("tbody tr").first).to_be_visible()
    assert not violations(page)
    page.goto(f"{server.base}/audit?q=N-002")
    expect(page.locator("tbody tr").first).to_be_visible()
    assert "intact" in server.run("audit", "verify")
