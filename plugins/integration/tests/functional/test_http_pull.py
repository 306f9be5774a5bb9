from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import sqlalchemy as sa

from calibrify_core.persistence.scoping import unscoped
from calibrify_integration.models.connector import Connector
from plugins.integration.tests.plant import CONNECTORS, KEYED, Plant, run, table_pull, tags
from plugins.integration.tests.receiver import Heard, answer, receiving


class Remote(ThreadingHTTPServer):
    """Another system: pages of records, and how it was asked."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answers)
        self.records: list[dict[str, Any]] = []
        self.status = 200
        self.elsewhere = ""
        self.asked: list[tuple[dict[str, list[str]], dict[str, str]]] = []
        self.pages = 0
        self.fail_at = 0

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/items"


class Answers(BaseHTTPRequestHandler):
    server: Remote

    def do_GET(self) -> None:
        remote, query = self.server, parse_qs(urlsplit(self.path).query)
        remote.asked.append((query, dict(self.headers)))
        remote.pages += 1
        if remote.status != 200 or remote.pages == remote.fail_at:
            self.send_response(remote.status if remote.status != 200 else 500)
            self.end_headers()
            return
        since = query.get("since", [""])[0]
        start = int(query.get("start", ["0"])[0])
        found = [record for record in remote.records if record["changed"] > since]
        body = json.dumps(
            {
                "data": {"items": found[start : start + 2]},
                "next": remote.elsewhere
                or (f"/items?since={since}&start={start + 2}" if start + 2 < len(found) else None),
            }
        ).encode()
        tag = f'"{hash(body)}"'
        if self.headers.get("If-None-Match") == tag:
            self.send_response(304)
            self.end_headers()
            return
        self.send_response(200)
        self.send_header("ETag", tag)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        return


@pytest.fixture
def remote() -> Iterator[Remote]:
    server = Remote()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def pull(connected: Plant, remote: Remote, status: int = 201, **settings: Any) -> Any:
    body = {
        "name": "ERP",
        "kind": "integration.http",
        "importer": "equipment.equipment",
        "settings": {
            "url": remote.address,
            "records": "data.items",
            "next": "next",
            "cursor": "changed",
            "since": "since",
            **settings,
        },
        "mapping": {"tag": "asset_tag", "what.name": "name", "changed": None},
        "options": KEYED,
        "secret": "Bearer hush-hush",
        "every_minutes": 60,
    }
    return connected.manager.post_json(CONNECTORS, body, status=status).json


def fill(connected: Plant, remote: Remote, count: int) -> str:
    word = connected.unique("HP")
    remote.records = [
        {"tag": f"{word}.{n}", "what": {"name": "Gauge"}, "changed": f"2026-01-0{n + 1}"}
        for n in range(count)
    ]
    return word


def test_records_are_pulled_page_by_page_and_next_time_only_what_is_new(
    connected: Plant, remote: Remote
) -> None:
    word = fill(connected, remote, 5)
    made = pull(connected, remote)
    first = run(connected, made)
    assert (first["state"], first["files"], first["created"]) == ("succeeded", 3, 5)
    assert remote.asked[0][1]["Authorization"] == "Bearer hush-hush"
    assert len(tags(connected.manager, word)) == 5

    fresh = {"tag": f"{word}.new", "what": {"name": "Gauge"}, "changed": "2026-02-01"}
    remote.records.append(fresh)
    second = run(connected, made)
    assert remote.asked[-1][0]["since"] == ["2026-01-05"]
    assert (second["created"], second["unchanged"]) == (1, 0)


def test_a_pull_that_broke_off_goes_on_at_the_page_where_it_was(
    connected: Plant, remote: Remote
) -> None:
    fill(connected, remote, 5)
    made = pull(connected, remote)
    remote.fail_at = 2
    broken = run(connected, made)
    assert (broken["state"], broken["created"]) == ("failed", 2)
    assert "answered 500" in broken["log"][-1]["text"]
    whole = run(connected, made)
    assert (whole["state"], whole["created"], whole["unchanged"]) == ("succeeded", 3, 0)
    assert remote.asked[2][0]["start"] == ["2"]


def test_what_did_not_change_is_not_sent_again(connected: Plant, remote: Remote) -> None:
    fill(connected, remote, 1)
    made = pull(connected, remote, since="", cursor="")
    run(connected, made)
    again = run(connected, made)
    assert again["files"] == 0
    assert "Nothing has changed" in again["log"][-1]["text"]


def test_a_connector_that_fails_rests_longer_and_longer(connected: Plant, remote: Remote) -> None:
    made = pull(connected, remote)
    connected.manager.patch_json(f"{CONNECTORS}{made['id']}/", {"every_minutes": 1})
    remote.status = 503
    pauses = []
    for _ in range(4):
        run(connected, made)
        shown = connected.manager.get(f"{CONNECTORS}{made['id']}/").json
        pauses.append(shown["next_run_at"])
    assert shown["failures"] == 4
    assert pauses == sorted(set(pauses))
    remote.status = 200
    run(connected, made)
    shown = connected.manager.get(f"{CONNECTORS}{made['id']}/").json
    assert (shown["failures"], shown["last_failure"]) == (0, "")


def test_the_next_page_is_not_asked_for_at_another_host(connected: Plant, remote: Remote) -> None:
    fill(connected, remote, 1)
    made = pull(connected, remote)
    remote.elsewhere = "http://127.0.0.2/items"
    found = run(connected, made)
    assert found["state"] == "failed"
    assert "another host" in found["log"][-1]["text"]


@pytest.mark.parametrize(
    "address", ["http://169.254.169.254/latest", "ftp://lab.example/x", "http://10.0.0.1/"]
)
def test_a_forbidden_address_is_refused_when_it_is_saved(
    connected: Plant, remote: Remote, address: str
) -> None:
    answer = pull(connected, remote, 422, url=address)
    assert answer["errors"][0]["pointer"] == "/settings/url"


def test_a_secret_never_comes_out_and_stays_with_its_address(
    connected: Plant, remote: Remote
) -> None:
    made = pull(connected, remote)
    assert made["has_secret"]
    assert "hush" not in json.dumps(made)
    with connected.platform.session(write=False) as session:
        statement = sa.select(Connector.secret).where(Connector.secret.is_not(None))
        marked = unscoped(statement, Connector, because="a test looks for the secret")
        assert all("hush" not in secret for secret in session.scalars(marked))
    place = f"{CONNECTORS}{made['id']}/"
    named = {name: made[name] for name in ("name", "settings", "options")}
    replaced = connected.manager.put_json(place, named).json
    assert (replaced["has_secret"], replaced["mapping"]) == (True, None)
    assert not connected.manager.put_json(place, {**named, "secret": None}).json["has_secret"]
    connected.manager.put_json(place, {**named, "secret": "hush"})
    other = {"settings": {"url": f"http://127.0.0.1:{remote.server_port}/other"}}
    answer = connected.manager.patch_json(f"{CONNECTORS}{made['id']}/", other, status=422).json
    assert answer["errors"][0]["pointer"] == "/secret"


def test_records_that_come_again_need_a_key(connected: Plant, remote: Remote) -> None:
    made = pull(connected, remote)
    answer = connected.manager.patch_json(
        f"{CONNECTORS}{made['id']}/", {"options": {}}, status=422
    ).json
    assert answer["errors"][0]["pointer"] == "/options/match_on"


def test_tables_are_pulled_along_their_links(connected: Plant) -> None:
    word = connected.unique("CT")

    def pages(handler: Any, heard: Heard) -> None:
        second = heard.path.endswith("page=2")
        text = f"tag,name\n{word}.{'2' if second else '1'},Gauge\n".encode()
        link = {} if second else {"Link": '</table?page=2>; rel="next"'}
        answer(200, text, {"Content-Type": "text/csv", **link})(handler, heard)

    with receiving() as receiver:
        receiver.behaviour = pages
        connector = table_pull(connected, receiver.url("/table"))
        assert run(connected, connector)["created"] == 2
        assert tags(connected.manager, word) == [f"{word}.1", f"{word}.2"]
        assert [heard.path for heard in receiver.heard] == ["/table", "/table?page=2"]
        assert {heard.headers["accept"] for heard in receiver.heard} == {"text/csv"}
        assert run(connected, connector)["created"] == 0


def test_an_answer_that_is_too_large_fails_the_run_and_is_not_imported(connected: Plant) -> None:
    with receiving() as receiver:
        receiver.behaviour = answer(200, b"tag,name\n" + b"x" * (17 << 20))
        connector = table_pull(connected, receiver.url("/table"))
        ended = run(connected, connector)
        assert (ended["state"], ended["created"]) == ("failed", 0)
        shown = connected.manager.get(f"{CONNECTORS}{connector['id']}/").json
        assert shown["last_failure"] == "The answer is larger than 16 MiB."


def test_an_address_that_leads_inside_by_now_is_not_asked(connected: Plant) -> None:
    with receiving() as receiver:
        connector = table_pull(connected, receiver.url("/table"))
        table: Any = Connector.__table__
        with connected.platform.unit() as unit:
            moved = sa.update(table).where(table.c.id == uuid.UUID(connector["id"]))
            settings = {**connector["settings"], "url": "http://192.168.1.1/table"}
            unit.session.connection().execute(moved.values(settings=settings))
        assert run(connected, connector)["state"] == "failed"
        shown = connected.manager.get(f"{CONNECTORS}{connector['id']}/").json
        assert "not public" in shown["last_failure"]
        assert receiver.heard == []
