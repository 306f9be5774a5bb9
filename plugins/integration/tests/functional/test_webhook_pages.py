"""The pages of webhooks, as a browser without scripts would meet them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from standardwebhooks import Webhook as Verifier
from webtest import TestApp

from calibrify_integration.services import courier
from calibrify_integration.services.sequence import draw_positions
from plugins.integration.tests.plant import API, Plant
from plugins.integration.tests.receiver import Receiver, answer, receiving

LIST = "/admin/webhooks"
NEW = f"{LIST}/new"


@pytest.fixture(scope="module")
def administrator(connected: Plant) -> TestApp:
    return connected.browser("administrator")


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with receiving() as made:
        yield made


def form_of(page: Any, action: str) -> Any:
    return next(form for form in page.forms.values() if (form.action or "").endswith(action))


def set_up(administrator: TestApp, **values: str) -> Any:
    form = form_of(administrator.get(NEW), NEW)
    for name, value in {"event_types": "equipment.*", **values}.items():
        form[name] = value
    return form.submit(expect_errors=True)


@pytest.fixture
def hook(administrator: TestApp, receiver: Receiver, connected: Plant) -> Iterator[str]:
    """The address of a webhook's page; it is removed in the end."""
    receiver.behaviour = answer()
    made = set_up(administrator, url=receiver.url(), description=connected.unique("Hook"))
    found = made.html.find("a", string="Done")["href"]
    yield found
    form_of(administrator.get(f"{found}/remove"), "/remove").submit(status=303)
    administrator.get(found, status=404)


def test_who_may_not_see_them_finds_none(connected: Plant, hook: str) -> None:
    manager = connected.browser("metrology_manager")
    assert not manager.get("/").html.select(f"a[href='{LIST}']")
    for address in (LIST, NEW, hook):
        manager.get(address, status=403)


def test_the_secret_is_shown_once_and_signs_and_a_new_one_too(
    connected: Plant, administrator: TestApp, receiver: Receiver, hook: str
) -> None:
    assert administrator.get("/").html.select(f"a[href='{LIST}']")
    assert "whsec_" not in administrator.get(hook)
    asked = administrator.get(f"{hook}/rotate")
    assert asked.html.select_one("form[action$='/rotate'][data-turbo=false]")
    made = form_of(asked, "/rotate").submit(status=200)
    secret = made.html.select_one("#f-secret")["value"]
    for address in (LIST, hook, f"{hook}/edit", "/audit"):
        assert secret not in administrator.get(address)
    assert "signs too until" in administrator.get(hook)

    receiver.heard.clear()
    shown = form_of(administrator.get(hook), "/test").submit(status=303).follow()
    assert "Not tried yet" in shown
    courier.deliver_due(connected.platform)
    (heard,) = receiver.heard
    assert Verifier(secret).verify(heard.body, heard.headers)["type"] == "integration.test"
    assert "Delivered" in administrator.get(shown.request.path)


def test_a_failed_delivery_is_found_by_its_state_and_what_came_back_is_text(
    connected: Plant, administrator: TestApp, receiver: Receiver, hook: str
) -> None:
    receiver.behaviour = answer(410, b"<script>alert(1)</script> moved away")
    first = form_of(administrator.get(hook), "/test").submit(status=303)
    courier.deliver_due(connected.platform)
    shown = first.follow()
    assert "It answered 410." in shown
    assert "webhook-timestamp: " in shown
    assert "&lt;script&gt;alert(1)&lt;/script&gt; moved away" in shown
    assert "<script>alert(1)" not in shown

    page = administrator.get(hook)
    assert "The receiver said that it is gone (410)." in page
    assert not page.html.select("form[action$='/test']")
    waiting = administrator.get(f"{hook}?state=pending")
    assert len(waiting.html.select("tbody tr")) == 1
    assert "No delivery is in this state." in administrator.get(f"{hook}?state=dead")
    listed = administrator.get(LIST).html.select_one(f"tr:has(a[href='{hook}'])")
    assert "Switched off" in listed.text
    assert "Waiting: 1" in " ".join(listed.text.split())

    on = form_of(page, "/switch").submit("active", status=303).follow()
    assert "Failing" not in on.html.select_one(".facts").text
    assert "Switch off" in on
    assert (
        form_of(on, "/switch")
        .submit("active", status=303)
        .follow()
        .html.find(string="Switched off")
    )
    administrator.post(
        f"{hook}/test", {"csrf_token": form_of(on, "/switch")["csrf_token"].value}, status=409
    )


def test_a_page_says_until_when_the_receiver_asked_for_time(
    connected: Plant, administrator: TestApp, receiver: Receiver, hook: str
) -> None:
    receiver.behaviour = answer(429, headers={"Retry-After": "86400"})
    for _ in range(2):
        form_of(administrator.get(hook), "/test").submit(status=303)
    courier.deliver_due(connected.platform)
    page = administrator.get(hook)
    note = page.html.select_one(".note").text
    assert "The receiver asked for time: nothing is sent before" in note
    tomorrow = note.strip().rpartition("before ")[2].rstrip(".")
    assert [row.select("td")[-1].time.text for row in page.html("tr")[1:]] == [tomorrow] * 2


def test_what_was_delivered_is_sent_again(
    connected: Plant, administrator: TestApp, receiver: Receiver, hook: str
) -> None:
    sent = form_of(administrator.get(hook), "/test").submit(status=303)
    assert not sent.follow().html.select("form[action$='/replay']")
    courier.deliver_due(connected.platform)
    form_of(sent.follow(), "/replay").submit(status=303)
    receiver.heard.clear()
    courier.deliver_due(connected.platform)
    tries = [title.text for title in sent.follow().html.select("h2[id*=try]")]
    assert len(receiver.heard) == 1
    assert tries == ["Try 2", "Try 1"]


def test_what_is_sent_is_shown_as_text_to_who_may_see_it(
    connected: Plant, administrator: TestApp, receiver: Receiver, hook: str
) -> None:
    receiver.heard.clear()
    connected.instrument(name="<i>Caliper</i>")
    draw_positions(connected.platform)
    courier.deliver_due(connected.platform)
    row = administrator.get(hook).html.select_one("tbody a[href*='/deliveries/']")
    page = administrator.get(row["href"])
    shown = page.html.select_one("details:not([open]) pre")
    assert json.loads(shown.text) == json.loads(receiver.heard[0].body)
    assert "<i>Caliper" not in page
    assert receiver.heard[0].headers["webhook-signature"] not in page
    (headers,) = page.html.select("details:not([open]) .pre")
    assert "webhook-id: " in headers.text


def test_the_form_keeps_boxes_and_patterns(administrator: TestApp, hook: str) -> None:
    form = form_of(administrator.get(f"{hook}/edit"), "/edit")
    assert form["event_types"].value == "equipment.*"
    assert not form["everything"].checked
    form["everything"] = True
    box = next(item for item in form.fields["events.equipment"] if "registered" in item._value)
    box.checked = True
    form["description"] = "Everything to the hub"
    saved = form.submit(status=303).follow()
    assert saved.html.h1.text.strip() == "Everything to the hub"
    again = form_of(administrator.get(f"{hook}/edit"), "/edit")
    assert again["everything"].checked
    assert again["event_types"].value == "equipment.*"
    ticked = [item._value for item in again.fields["events.equipment"] if item.checked]
    assert ticked == ["equipment.registered"]


def test_who_comes_second_sees_both_versions_and_may_still_save(
    administrator: TestApp, hook: str
) -> None:
    first = form_of(administrator.get(f"{hook}/edit"), "/edit")
    second = form_of(administrator.get(f"{hook}/edit"), "/edit")
    first["description"] = "Theirs"
    first.submit(status=303)
    boxes = second.fields["events.equipment"]
    for box in boxes:
        box.checked = box._value in {"equipment.registered", "equipment.transitioned"}
    second["description"] = "Mine"
    asked = second.submit(status=412)
    rows = {row.th.text: [cell.text for cell in row("td")] for row in asked.html("tr")[1:]}
    assert rows["Description differs"] == ["Mine", "Theirs"]
    assert rows["Equipment differs"][0].count(", ") == 1
    form_of(asked, "/edit").submit(status=303)
    again = form_of(administrator.get(f"{hook}/edit"), "/edit")
    assert again["description"].value == "Mine"
    assert sum(box.checked for box in again.fields["events.equipment"]) == 2


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ({"url": ""}, "url"),
        ({"url": "http://10.0.0.1/in"}, "url"),
        ({"url": "ftp://example.org"}, "url"),
        ({"event_types": ""}, "event_types"),
        ({"event_types": "equipment.*\nno.such"}, "event_types"),
        ({"description": "x" * 201}, "description"),
    ],
)
def test_what_is_wrong_stands_beside_its_field(
    administrator: TestApp, receiver: Receiver, values: dict[str, str], name: str
) -> None:
    answered = set_up(administrator, **{"url": receiver.url(), **values})
    assert answered.status_int == 422
    assert answered.html.find(id=f"f-{name}-error")
    assert answered.html.select_one(f".problems a[href='#f-{name}']")


def test_what_is_out_of_reach_is_not_there(administrator: TestApp, connected: Plant) -> None:
    missing = "0192f6d2-0000-7000-8000-000000000000"
    for path in ("", "/edit", "/rotate", "/remove"):
        administrator.get(f"{LIST}/{missing}{path}", status=404)
    administrator.get(f"{LIST}/deliveries/{missing}", status=404)
    assert connected.administrator.get(f"{API}webhooks/").json["results"] == []
