"""Webhooks: whose they are, what is kept secret, and where nothing is sent."""

from __future__ import annotations

import json
import time
import uuid
from typing import Any

import pytest
import sqlalchemy as sa
from standardwebhooks import Webhook as Verifier
from standardwebhooks import WebhookVerificationError

from calibrify_core.auth.grant import Grant
from calibrify_core.auth.grants import Grants
from calibrify_core.auth.permissions import GRANT_VIEW
from calibrify_core.persistence.base import utc_now
from calibrify_integration.models.webhook import Webhook
from calibrify_integration.services import courier
from calibrify_integration.services.sequence import draw_positions
from plugins.integration.tests.line import HOOKS, ONE, Line
from plugins.integration.tests.plant import API, Plant
from plugins.integration.tests.receiver import receiving


def test_while_a_secret_changes_both_sign(line: Line) -> None:
    old = line.hook["secret"]
    new = line.plant.administrator.post_json(f"{line.url}rotate-secret/", {}).json["secret"]
    assert new != old
    line.plant.instrument()
    line.pass_on()
    (request,) = line.receiver.heard
    for secret in (old, new):
        Verifier(secret).verify(request.body, request.headers)

    table: Any = Webhook.__table__
    with line.plant.platform.unit() as unit:
        ended = sa.update(table).values(previous_until=utc_now())
        unit.session.connection().execute(ended)
    line.plant.instrument()
    line.pass_on()
    request = line.receiver.heard[-1]
    Verifier(new).verify(request.body, request.headers)
    with pytest.raises(WebhookVerificationError):
        Verifier(old).verify(request.body, request.headers)


def test_secrets_are_shown_once_and_never_stored_plainly(line: Line) -> None:
    secret = line.hook["secret"]
    assert secret.startswith("whsec_")
    assert secret not in line.plant.administrator.get(line.url).text
    assert secret not in line.plant.administrator.get(HOOKS).text
    with line.plant.platform.unit(write=False) as unit:
        rows = unit.session.connection().execute(sa.text("SELECT * FROM integration_webhook"))
        assert secret not in str(rows.all())
        audit = unit.session.connection().execute(sa.text("SELECT * FROM core_audit_entry"))
        assert secret not in str(audit.all())


@pytest.mark.parametrize(
    "url",
    [
        "http://10.0.0.1/",
        "http://169.254.169.254/latest/meta-data/",
        "http://[::1]/",
        "ftp://example.com/",
        "http://user:password@127.0.0.1/",
        "nonsense",
    ],
)
def test_forbidden_addresses_are_refused_when_they_are_given(line: Line, url: str) -> None:
    client = line.plant.administrator
    refused = client.post_json(HOOKS, {"url": url, **ONE}, status=422)
    assert refused.json["errors"][0]["pointer"] == "/url"
    client.patch_json(line.url, {"url": url}, status=422)


def test_and_when_a_name_leads_elsewhere_by_then(line: Line) -> None:
    table: Any = Webhook.__table__
    with line.plant.platform.unit() as unit:
        moved = sa.update(table).where(table.c.id == uuid.UUID(line.hook["id"]))
        unit.session.connection().execute(moved.values(url="http://10.1.2.3/in"))
    line.plant.instrument()
    started = time.monotonic()
    line.pass_on()
    assert time.monotonic() - started < 5
    (waiting,) = line.deliveries()
    assert waiting["last_status"] is None
    assert "not public" in waiting["last_error"]
    assert line.receiver.heard == []


@pytest.mark.parametrize("types", [[], ["no such*"], ["equipment.never_heard_of"], ["x" * 101]])
def test_types_that_nobody_tells_are_refused(line: Line, types: list[str]) -> None:
    body = {"url": line.receiver.url(), "event_types": types}
    line.plant.administrator.post_json(HOOKS, body, status=422)


def test_what_its_owner_may_not_see_any_more_is_not_sent(connected: Plant) -> None:
    owner = connected.person("administrator")
    with receiving() as receiver:
        body = {"url": receiver.url(), **ONE}
        hook = owner.post_json(HOOKS, body, status=201).json
        connected.instrument()
        draw_positions(connected.platform)
        with connected.platform.unit() as unit:
            held = unit.select(Grant, GRANT_VIEW).where(Grant.user_id == owner.user_id)
            for grant in unit.session.scalars(held).all():
                Grants(unit).take_away(grant)
        courier.deliver_due(connected.platform)
        connected.instrument()
        draw_positions(connected.platform)
        courier.deliver_due(connected.platform)
        assert receiver.heard == []
        listed = connected.administrator.get(f"{HOOKS}{hook['id']}/deliveries/").json["results"]
        (kept,) = listed
        assert kept["state"] == "dead"
        assert "may not see" in kept["last_error"]
        owner.get(f"{HOOKS}{hook['id']}/", status=403)
        connected.administrator.delete(f"{HOOKS}{hook['id']}/", status=204)


def test_who_reaches_one_site_hears_of_that_site_and_sees_their_own_alone(line: Line) -> None:
    plant, site = line.plant, line.plant.site()
    local = plant.person("administrator", "location", site)
    for url in (line.url, f"{line.url}deliveries/"):
        local.get(url, status=404)
    local.patch_json(line.url, {"active": False}, status=404)
    local.post_json(f"{line.url}test/", {}, status=404)
    assert local.get(HOOKS).json["results"] == []

    with receiving() as receiver:
        hook = local.post_json(HOOKS, {"url": receiver.url(), **ONE}, status=201).json
        here, _elsewhere = plant.instrument(location_id=site), plant.instrument()
        line.pass_on()
        assert [json.loads(one.body)["subject"] for one in receiver.heard] == [here["id"]]
        (ours,) = local.get(f"{HOOKS}{hook['id']}/deliveries/").json["results"]
        (theirs, _) = line.deliveries()
        local.get(f"{API}deliveries/{ours['id']}/")
        local.get(f"{API}deliveries/{theirs['id']}/", status=404)
        local.post_json(f"{API}deliveries/{theirs['id']}/replay/", {}, status=404)
        local.delete(f"{HOOKS}{hook['id']}/", status=204)


def test_a_technician_sees_none(line: Line) -> None:
    line.plant.person("technician").get(HOOKS, status=403)
    line.plant.person("technician").get(f"{line.url}deliveries/", status=403)
