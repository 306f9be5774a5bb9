"""Pages of the store, of meters and of the figures, as a browser without scripts uses them."""

from __future__ import annotations

import uuid
from decimal import Decimal
from typing import Any

from plugins.maintenance.tests.workshop import API, Workshop


def form(page: Any, field: str) -> Any:
    """Returns the form of a page that holds a field."""
    return next(found for found in page.forms.values() if field in found.fields)


def test_a_part_is_added_moved_changed_and_given_up(shop: Workshop) -> None:
    browser = shop.browser("metrology_manager")
    new = form(browser.get("/parts/new"), "opening_stock")
    new["name"], new["opening_stock"], new["minimum"] = "Belt 12", "4", "3"
    page = new.submit(status=303).follow()
    assert "Belt 12 is added." in page
    order = shop.order(title="Belt squeaks")
    page = browser.get(page.request.path)
    issue = form(page, "issue.order_id")
    issue["issue.order_id"], issue["issue.quantity"] = order, "9"
    refused = issue.submit(status=422)
    assert "There are 4 pcs in stock, 9 were asked for." in refused
    assert refused.html.select_one("[id='f-issue.quantity']")["value"] == "9"
    issue["issue.quantity"] = "2"
    page = issue.submit(status=303).follow()
    assert "2 issued." in page
    assert "Below minimum" in page
    correct = form(page, "correct.counted")
    correct["correct.counted"] = "3"
    wrong = correct.submit(status=422)
    assert wrong.html.select_one("[id='f-correct.reason']")["aria-invalid"] == "true"
    correct["correct.reason"] = "One was behind the shelf"
    page = correct.submit(status=303).follow()
    edit = form(browser.get(f"{page.request.path}/edit"), "price")
    assert (edit["minimum"].value, edit["price"].value) == ("3", "")
    edit["price"] = "12.50"
    assert "12.50 EUR" in edit.submit(status=303).follow()
    edit["price"] = "13.00"
    both = edit.submit(status=412)
    assert "12.50" in both
    assert "13.00" in both
    again = form(browser.get(f"{page.request.path}/edit"), "price")
    assert "in stock" in again.submit("do", value="delete", status=422)


def test_amounts_are_in_the_currency_of_the_organisation(shop: Workshop) -> None:
    part = shop.part(name="Bearing", opening_stock="2", price="7.20")["id"]
    order = shop.order(cost=Decimal("40.00"))
    taken = {"order_id": order, "quantity": 1}
    shop.technician.post_json(f"{API}parts/{part}/issue/", taken, status=200)
    browser, me = shop.browser("metrology_manager"), f"{API}users/me/"
    assert shop.viewer.get(me).json["organisation"]["currency"] == "EUR"
    shop.policy(currency="CHF")
    try:
        assert "7.20 CHF" in browser.get(f"/parts/{part}")
        assert "Price, CHF" in browser.get("/parts")
        page = browser.get(f"/maintenance/orders/{order}")
        for text in ("Cost, CHF", "40.00 CHF", "47.20 CHF"):
            assert text in page
        assert "CHF" in form(browser.get("/parts/new"), "price").text
        assert shop.viewer.get(me).json["organisation"]["currency"] == "CHF"
    finally:
        shop.policy(currency="EUR")


def test_the_list_shows_what_runs_short(shop: Workshop) -> None:
    shop.part(name="Fuse 10 A", minimum="5")
    shop.part(name="Fuse 16 A", minimum="5", opening_stock="9")
    browser = shop.browser("viewer")
    short = browser.get("/parts?below_minimum=true")
    assert "Fuse 10 A" in short
    assert "Fuse 16 A" not in short
    assert "Add part" not in short
    assert "Fuse 10 A" in browser.get("/")
    one = browser.get(short.html.select_one("tbody a.rowlink")["href"])
    assert not one.html.select("form.stack")
    browser.get("/parts/new", status=403)


def test_a_meter_is_added_and_read_on_the_instruments_page(shop: Workshop) -> None:
    instrument = shop.instrument()
    browser = shop.browser("metrology_manager")
    page = browser.get(f"/equipment/{instrument}")
    assert "Nothing counts on this instrument." in page
    new = form(page.click("Add a meter"), "unit")
    new["name"], new["unit"] = "Strokes", "cycles"
    page = new.submit(status=303).follow()
    reading = form(page, "reset")
    reading["value"] = "abc"
    assert reading.submit(status=422).html.select_one("#f-value")["aria-invalid"] == "true"
    reading["value"], reading["read_at"] = "120", "2026-03-01T08:30"
    page = reading.submit(status=303).follow()
    assert "120 is entered." in page
    assert "1 Mar 2026, 08:30" in page
    reading = form(page, "reset")
    reading["value"], reading["reset"] = "3", True
    assert "Say why the meter was set back." in reading.submit(status=422)
    assert "120 cycles" in browser.get(f"/equipment/{instrument}")


def test_the_figures_say_what_cannot_be_said(shop: Workshop) -> None:
    instrument = shop.instrument()
    browser = shop.browser("viewer")
    page = browser.get(f"/maintenance/figures?equipment={instrument}&from=2026-01-01&to=2026-02-28")
    values = [found.get_text(" ", strip=True) for found in page.html.select(".kpi .v")]
    assert values == ["n/a", "n/a", "100.000 %", "n/a", "0 orders"]
    table = browser.get(page.html.select_one("a[href*='export']")["href"])
    assert table.content_type == "text/csv"
    assert table.text.splitlines()[1] == "2026-01,1,0,0.0,,,100.000"
    wrong = browser.get("/maintenance/figures?from=2030-01-01&to=x")
    assert "There are" in wrong or "There is a problem" in wrong
    browser.get("/maintenance/figures/export?from=x", status=422)


def test_pages_of_another_site_are_not_there(shop: Workshop) -> None:
    here, there = shop.place(shop.unique("A")), shop.place(shop.unique("B"))
    instrument = shop.instrument(location_id=here)
    body = {"equipment_id": instrument, "name": "Hours", "unit": "h"}
    meter = shop.manager.post_json(f"{API}meters/", body).json["id"]
    far = shop.browser("metrology_manager", "location", uuid.UUID(there))
    far.get(f"/meters/{meter}", status=404)
    far.get(f"/equipment/{instrument}/meters/new", status=404)
    assert "There is a problem" in far.get(f"/maintenance/figures?equipment={instrument}")
    shop.order(instrument, title="Hidden away")
    part = shop.part(opening_stock="1")["id"]
    assert "Hidden away" not in far.get(f"/parts/{part}")
