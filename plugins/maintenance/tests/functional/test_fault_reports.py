"""Faults reported by whoever holds an instrument, on both databases."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from typing import Any

import pytest
import sqlalchemy as sa
from webtest import TestApp, Upload

from calibrify_core.auth.throttle import Throttle
from calibrify_core.kernel.errors import TooManyRequests
from calibrify_core.work.organisation import PLUGINS_OFF
from calibrify_equipment.public import equipment_by_id
from calibrify_maintenance.models.work_order import WorkOrder
from calibrify_maintenance.schemas.fault_report import FaultReportIn
from calibrify_maintenance.services import fault_reports
from plugins.maintenance.tests.workshop import API, Workshop

PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 64


@pytest.fixture
def switched_on(shop: Workshop) -> Iterator[None]:
    """The organisation takes reports; nobody has reported anything yet."""
    shop.policy(public_fault_reports=True)
    with shop.platform.unit() as unit:
        unit.session.execute(sa.delete(Throttle))
    yield
    shop.policy(public_fault_reports=False)


def code_of(shop: Workshop, instrument: str) -> str:
    """Returns the code on the label of an instrument."""
    with shop.platform.unit() as unit:
        identifier = uuid.UUID(instrument)
        return equipment_by_id(unit, [identifier])[identifier].label_code


def orders_of(shop: Workshop, instrument: str) -> list[WorkOrder]:
    """Returns the orders of an instrument."""
    with shop.platform.unit() as unit:
        statement = unit.select(WorkOrder, "maintenance.work_order:view").where(
            WorkOrder.equipment_id == uuid.UUID(instrument)
        )
        found = list(unit.session.scalars(statement))
        unit.session.expunge_all()
        return found


def form(browser: TestApp, code: str, **values: Any) -> Any:
    """Returns the form of a label, filled in."""
    found = browser.get(f"/q/{code}/fault").forms[0]
    for name, value in {"title": "It smokes", **values}.items():
        found[name] = value
    return found


def test_a_stranger_reports_a_fault_with_a_photo(shop: Workshop, switched_on: None) -> None:
    instrument = shop.instrument(name="Mitre saw")
    code = code_of(shop, instrument)
    stranger = shop.stranger()
    page = stranger.get(f"/q/{code}", status=303).follow()
    assert "Mitre saw" in page
    page = form(
        stranger,
        code,
        description="Smoke from the motor",
        priority="high",
        reporter="Ina",
        contact="ext. 214",
        photo=Upload("smoke.png", PNG, "text/html"),
    ).submit(status=303)
    assert "passed on" in page.follow()
    (order,) = orders_of(shop, instrument)
    assert (order.title, order.status, order.type) == ("It smokes", "requested", "corrective")
    assert (order.priority, order.requested_by, order.requested_by_id) == ("high", "Ina", None)
    assert order.description == "Smoke from the motor\n\nReported by the label. Contact: ext. 214"
    files = shop.manager.get(f"{API}files/?object_id={order.id}").json["results"]
    assert [(file["content_type"], file["kind"]) for file in files] == [("image/png", "photo")]
    assert files[0]["object_type"] == "work_order"


def test_nothing_is_there_until_the_organisation_switches_it_on(shop: Workshop) -> None:
    code = code_of(shop, shop.instrument())
    stranger = shop.stranger()
    stranger.get(f"/q/{code}/fault", status=404)
    stranger.get(f"/q/{code}/thanks", status=404)
    assert "/login" in stranger.get(f"/q/{code}", status=303).location


def test_nothing_is_there_while_the_organisation_does_without_maintenance(
    shop: Workshop, switched_on: None
) -> None:
    code = code_of(shop, shop.instrument())
    shop.policy(**{PLUGINS_OFF: ["maintenance"]})
    try:
        stranger = shop.stranger()
        stranger.get(f"/q/{code}/fault", status=404)
        assert "/login" in stranger.get(f"/q/{code}", status=303).location
    finally:
        shop.policy(**{PLUGINS_OFF: []})


def test_an_unknown_code_looks_like_one_that_is_switched_off(
    shop: Workshop, switched_on: None
) -> None:
    stranger = shop.stranger()
    retired = shop.instrument(status="retired")
    for code in ("nonsense", "x" * 500, "%F0%9F%94%A7", code_of(shop, retired)):
        stranger.get(f"/q/{code}/fault", status=404)
        assert "/login" in stranger.get(f"/q/{code}", status=303).location


def test_the_page_shows_name_and_tag_and_nothing_else(shop: Workshop, switched_on: None) -> None:
    room = shop.place(shop.unique("Secret room"))
    instrument = shop.instrument(
        name="Lathe", serial_number="SN-SECRET", location_id=room, notes="Confidential"
    )
    page = shop.stranger().get(f"/q/{code_of(shop, instrument)}/fault")
    assert "Lathe" in page
    for hidden in ("SN-SECRET", "Secret room", "Confidential", instrument):
        assert hidden not in page
    assert page.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("title", ""),
        ("title", "x" * 201),
        ("description", "x" * 2_001),
        ("reporter", "x" * 201),
        ("photo", Upload("run.png", b"MZ\x90\x00 no picture", "image/png")),
        ("photo", Upload("page.svg", b"<svg onload='x()'/>", "image/svg+xml")),
        ("photo", Upload("big.png", PNG + b"\x00" * (8 << 20), "image/png")),
    ],
)
def test_what_cannot_be_a_report_is_refused(
    shop: Workshop, switched_on: None, name: str, value: Any
) -> None:
    instrument = shop.instrument()
    page = form(shop.stranger(), code_of(shop, instrument), **{name: value}).submit(status=422)
    assert page.html.select_one(f"#f-{name}")["aria-invalid"] == "true"
    assert page.html.select_one("title").text.startswith("Error:")
    assert orders_of(shop, instrument) == []


def test_nobody_calls_their_own_fault_urgent(shop: Workshop, switched_on: None) -> None:
    instrument = shop.instrument()
    found = form(shop.stranger(), code_of(shop, instrument))
    found["priority"].force_value("urgent")
    found.submit(status=422)
    assert orders_of(shop, instrument) == []


def test_a_program_that_falls_into_the_trap_is_thanked(shop: Workshop, switched_on: None) -> None:
    instrument = shop.instrument()
    form(shop.stranger(), code_of(shop, instrument), website="http://x").submit(status=303)
    assert orders_of(shop, instrument) == []


def test_a_form_from_elsewhere_is_refused(shop: Workshop, switched_on: None) -> None:
    instrument = shop.instrument()
    code = code_of(shop, instrument)
    body = {"title": "It smokes", "priority": "low"}
    shop.stranger().post(f"/q/{code}/fault", body, status=403)
    found = form(shop.stranger(), code)
    found.submit(headers={"Origin": "https://elsewhere.test"}, status=403)
    assert orders_of(shop, instrument) == []


def test_who_is_signed_in_goes_to_the_instrument_and_may_report_too(
    shop: Workshop, switched_on: None
) -> None:
    instrument = shop.instrument()
    code = code_of(shop, instrument)
    browser = shop.browser("viewer")
    assert browser.get(f"/q/{code}", status=303).location.endswith(f"/equipment/{instrument}")
    form(browser, code).submit(status=303)
    (order,) = orders_of(shop, instrument)
    assert order.requested_by == fault_reports.ANONYMOUS


def test_an_instrument_takes_so_many_reports_an_hour(shop: Workshop, switched_on: None) -> None:
    instrument = shop.instrument()
    code, stranger = code_of(shop, instrument), shop.stranger()
    for _ in range(fault_reports.PER_INSTRUMENT):
        form(stranger, code).submit(status=303)
    refused = form(stranger, code).submit(status=429)
    assert int(refused.headers["Retry-After"]) > 0
    assert len(orders_of(shop, instrument)) == fault_reports.PER_INSTRUMENT
    other = shop.instrument()
    form(stranger, code_of(shop, other)).submit(status=303)


def test_an_address_sends_so_many_reports_an_hour(shop: Workshop, switched_on: None) -> None:
    stranger = shop.stranger()
    instruments = [shop.instrument() for _ in range(3)]
    codes = [code_of(shop, instrument) for instrument in instruments]
    for number in range(fault_reports.PER_ADDRESS):
        form(stranger, codes[number // 4]).submit(status=303)
    form(stranger, codes[2]).submit(status=429)


def test_many_at_once_do_not_slip_by(shop: Workshop, switched_on: None) -> None:
    instrument = shop.instrument()
    code = code_of(shop, instrument)
    start = threading.Barrier(12)

    def send(number: int) -> bool:
        start.wait()
        try:
            with shop.platform.session(write=True) as session, session.begin():
                found = fault_reports.find_reportable(shop.platform, session, code)
                fault_reports.report(
                    shop.platform,
                    session,
                    found,
                    FaultReportIn(title="It smokes"),
                    None,
                    address=f"203.0.113.{number}",
                    request_id="x" * 8,
                )
        except TooManyRequests:
            return False
        return True

    with ThreadPoolExecutor(12) as pool:
        assert sum(pool.map(send, range(12))) == fault_reports.PER_INSTRUMENT
    assert len(orders_of(shop, instrument)) == fault_reports.PER_INSTRUMENT


def test_a_photo_is_read_from_its_beginning() -> None:
    stream = BytesIO(PNG)
    fault_reports.check_photo(fault_reports.Photo("x", stream))
    assert stream.tell() == 0
