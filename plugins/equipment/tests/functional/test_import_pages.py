"""The import wizard as a person without scripts meets it, and the files beside it."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from webtest import TestApp, Upload

from calibrify_core.audit.entry import AuditEntry
from calibrify_core.persistence.scoping import unscoped
from calibrify_core.worker import make_runner

REGISTER = Path(__file__).parents[1] / "data" / "plant_like_register.csv"


@pytest.fixture
def browser(lab: Any) -> TestApp:
    return lab.browser("metrology_manager")


def form_of(page: Any) -> Any:
    return next(form for form in page.forms.values() if form.method == "post" and _is_ours(form))


def _is_ours(form: Any) -> bool:
    return "sign-out" not in form.action and "logout" not in form.action


def upload(browser: TestApp, content: bytes, name: str = "register.csv") -> Any:
    form = form_of(browser.get("/equipment/import"))
    form["file"] = Upload(name, content)
    return form.submit(expect_errors=True)


def select(form: Any, page: Any, text: str, value: str) -> None:
    """Chooses a meaning beside a word, or a field beside a column."""
    headers = page.html.select("tbody th")
    header = next(th for th in headers if (th.span or th).get_text(strip=True) == text)
    control = header.find_parent("tr").find("select")
    form[control["name"]] = value


def test_the_four_pages_lead_to_a_register(lab: Any, browser: TestApp) -> None:
    columns = upload(browser, REGISTER.read_bytes()).follow()
    assert columns.request.path.endswith("/columns")
    assert "Windows-1252" in columns
    form = form_of(columns)
    select(form, columns, "Performance", "notes")
    values = form.submit().follow()
    assert values.request.path.endswith("/values")
    form = form_of(values)
    for word, state in (
        ("SERVICE", "in_service"), ("BROKEN", "quarantined"), ("AT REPAIR", "in_maintenance"),
        ("GONE", "lost"),
    ):  # fmt: skip
        select(form, values, word, state)
    form["nulls"] = "N/A"
    waiting = form.submit().follow()
    assert waiting.request.path.endswith("/check")
    assert 'http-equiv="refresh"' in waiting
    make_runner(lab.platform).drain()
    check = browser.get(waiting.request.path)
    assert "Import 58 good rows, skip 2" in check
    reasons = [row.get_text(" ", strip=True) for row in check.html.select("tbody tr")]
    assert any("T-17" in text and "is no status" in text for text in reasons)

    back = browser.get(waiting.request.path.replace("/check", "/values"))
    form = form_of(back)
    for word in ("T-17", "T-18"):
        select(form, back, word, "out_of_service")
    waiting = form.submit().follow()
    make_runner(lab.platform).drain()
    check = browser.get(waiting.request.path)
    assert "Import 60 rows" in check
    running = form_of(check).submit()
    assert running.status_int == 303
    once_more = form_of(check).submit()
    assert once_more.location == running.location
    make_runner(lab.platform).drain()
    job = browser.get(running.location)
    assert "60" in job
    assert "/equipment" in job
    listed = browser.get(job.html.select_one(".crumbs a, nav a[href='/jobs']")["href"])
    assert listed.html.select_one(f"tbody a.rowlink[href='{job.request.path}']") is not None
    assert "Created: 60" in " ".join(listed.html.select_one("tbody tr").text.split())
    assert job.request.path not in lab.browser("metrology_manager").get("/jobs")
    listing = browser.get("/equipment?q=torque")
    assert "TORQUE WRENCH" in listing


def test_a_job_is_cancelled_on_its_page_and_says_so(lab: Any, browser: TestApp) -> None:
    content = f"asset_tag,name\n{lab.unique('CA')},Gauge\n".encode()
    values = form_of(upload(browser, content).follow()).submit().follow()
    check = checked(lab, browser, form_of(values).submit().follow())
    job = form_of(check).submit().follow()
    assert job.html.select_one("#job .chip").get_text(strip=True) == "Waiting"
    stopped = form_of(job).submit().follow()
    assert stopped.html.select_one("#job .chip").get_text(strip=True) == "Cancelled"
    assert not stopped.html.select("#job .st-late, #job form")
    listed = browser.get("/jobs?state=cancelled").html.select_one("tbody .chip")
    assert listed.get_text(strip=True) == "Cancelled"


def test_errors_can_be_downloaded_and_files_are_ones_own(lab: Any, browser: TestApp) -> None:
    tag = lab.unique("DL")
    content = f"asset_tag,name,status\n{tag},Gauge,melted\n".encode()
    values = form_of(upload(browser, content).follow()).submit().follow()
    waiting = form_of(values).submit().follow()
    make_runner(lab.platform).drain()
    check = browser.get(waiting.request.path)
    link = next(a["href"] for a in check.html.select("a") if a["href"].endswith("errors.csv"))
    (row,) = csv.DictReader(io.StringIO(browser.get(link).body.decode("utf-8-sig")))
    assert row["asset_tag"] == tag
    stranger = lab.browser("metrology_manager")
    stranger.get(link, status=404)
    stranger.get(waiting.request.path, status=404)
    lab.browser("viewer").get("/equipment/import", status=403)


def checked(lab: Any, browser: TestApp, waiting: Any) -> Any:
    make_runner(lab.platform).drain()
    return browser.get(waiting.request.path)


def correcting(page: Any) -> Any:
    """Returns the form of the errors, and its first control."""
    form = next(
        f for f in page.forms.values() if any((n or "").startswith("cell-") for n in f.fields)
    )
    return form, next(name for name in form.fields if (name or "").startswith("cell-"))


def test_a_cell_is_corrected_in_its_place(lab: Any, browser: TestApp) -> None:
    good, bad = lab.unique("CO"), lab.unique("CO")
    lines = ("asset_tag,name,status", f"{good},Gauge,in_service", f"{bad},Scale,melted")
    values = form_of(upload(browser, "\n".join(lines).encode()).follow()).submit().follow()
    check = checked(lab, browser, form_of(values).submit().follow())
    assert "skip 1" in check
    form, control = correcting(check)
    assert form[control].value == "melted"
    assert form[control].attrs["aria-label"] == "status of row 2"
    assert form[control].attrs["maxlength"] == "2000"
    unchanged = form.submit("do", value="correct", expect_errors=True)
    assert unchanged.status_int == 422
    assert "No value is changed." in unchanged

    form[control] = "lost"
    check = checked(lab, browser, form.submit("do", value="correct").follow())
    assert "Import 2 rows" in check
    assert "1 cell is corrected for this import" in check
    back = checked(lab, browser, form_of(check).submit("do", value="take_back").follow())
    assert "skip 1" in back
    # The good row is imported; what is corrected after that is one more import.
    first = form_of(back).submit().location
    make_runner(lab.platform).drain()

    form[control] = "draft"
    late = form.submit("do", value="correct", expect_errors=True)
    assert late.status_int == 422
    assert "checked again meanwhile" in late

    form, control = correcting(back)
    form[control] = "molten"
    worse = checked(lab, browser, form.submit("do", value="correct").follow())
    form, control = correcting(worse)
    assert form[control].value == "molten"
    form[control] = "lost"
    check = checked(lab, browser, form.submit("do", value="correct").follow())
    assert form_of(check).submit().location != first
    make_runner(lab.platform).drain()
    with lab.unit() as unit:
        told = sa.select(AuditEntry).where(AuditEntry.action == "import")
        told = unscoped(told.order_by(AuditEntry.id.desc()), AuditEntry, because="test")
        entry = unit.session.scalars(told).first()
        assert entry.changes["corrections"] == {"2": {"status": "lost"}}
    assert "Lost" in browser.get(f"/equipment?q={bad}")


def test_what_is_no_table_is_told_on_the_page(lab: Any, browser: TestApp) -> None:
    for content in (b"", b"\x89PNG\r\n\x1a\n\0\0", b"1,2\n3,4\n"):
        page = upload(browser, content)
        assert page.status_int == 422
        assert "There is a problem" in page
    empty = form_of(browser.get("/equipment/import")).submit(expect_errors=True)
    assert empty.status_int == 422
    assert "Choose a file" in empty


def test_mistakes_in_the_mapping_are_told_beside_the_column(lab: Any, browser: TestApp) -> None:
    page = upload(browser, b"one,two\na,b\n").follow()
    form = form_of(page)
    select(form, page, "one", "name")
    select(form, page, "two", "name")
    answer = form.submit(expect_errors=True)
    assert answer.status_int == 422
    assert "both mapped to name" in answer
    assert answer.html.select("select[aria-invalid]")


def test_a_file_can_be_read_in_another_way(lab: Any, browser: TestApp) -> None:
    page = upload(browser, "Name,Ort\nWaage,Köln\n".encode("cp850")).follow()
    form = form_of(page)
    form["encoding"] = "cp850"
    again = form.submit().follow()
    assert "Köln" in again


def test_templates_and_exports_are_files(lab: Any, browser: TestApp) -> None:
    template = browser.get("/equipment/import/template?format=csv")
    header = template.body.decode("utf-8-sig").splitlines()[0]
    assert header.startswith("Asset tag,Name,Manufacturer")
    assert browser.get("/equipment/import/template?format=xlsx").body.startswith(b"PK")
    values = upload(browser, template.body, "template.csv").follow()
    assert all(option.get("selected") is None for option in values.html.select("option[value='']"))
    export = browser.get("/equipment/export?format=csv&status=in_service&page=3")
    assert export.body.decode("utf-8-sig").startswith("asset_tag,name,")
    assert "attachment" in export.headers["Content-Disposition"]
