"""The core's own addresses: audit, jobs, plugins, search, dashboard, health and figures."""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Mapping
from ipaddress import ip_network
from typing import Any

import pytest
import sqlalchemy as sa

from calibrify_core.auth.role import Role
from calibrify_core.auth.roles import Roles
from calibrify_core.hooks.declarations import FileOwner, SearchHit, SearchSource, SummaryFigures
from calibrify_core.hooks.specs import hookimpl
from calibrify_core.testing.client import ApiClient
from calibrify_core.testing.house import House, build
from calibrify_core.testing.plugin import MakePlatform
from tests.functional.kit.core import bare_core

BASE = "/api/v1/"
NOUNS = ("audit", "file", "job", "notification", "plugin", "search", "dashboard", "health")
AUDIT, PLUGIN = "core.audit:view", "core.plugin:view"


@hookimpl
def configure(config: Any) -> None:
    for noun in NOUNS:
        config.include(f"calibrify_core.api.resources.{noun}")


def fails(*_: Any) -> Any:
    raise ZeroDivisionError


def finds(_unit: Any, words: str, limit: int) -> list[SearchHit]:
    hit = SearchHit("widget", words.upper(), "found", "/widgets/1", "gauge", "/api/v1/widgets/1/")
    return [hit] * min(limit, 3)


@hookimpl
def owners() -> list[FileOwner]:
    return [FileOwner("role", Role, "core.role:view", "core.role:manage")]


@hookimpl
def sources() -> list[SearchSource]:
    return [
        SearchSource("core.widgets", AUDIT, finds),
        SearchSource("core.hidden", "core.user:view", fails),
        SearchSource("core.broken", AUDIT, fails),
    ]


@hookimpl
def figures() -> list[SummaryFigures]:
    whole: Mapping[str, Any] = {"type": "integer"}
    return [
        SummaryFigures("core.total", lambda _: {"total": 7}, {"total": whole}),
        SummaryFigures("core.broken", fails, {"broken": whole}),
    ]


@pytest.fixture(scope="module")
def house(make_platform: MakePlatform) -> House:
    core = bare_core()
    core.calibrify_configure = configure  # type: ignore[attr-defined]
    core.calibrify_file_owners = owners  # type: ignore[attr-defined]
    core.calibrify_search_sources = sources  # type: ignore[attr-defined]
    core.calibrify_summary_figures = figures  # type: ignore[attr-defined]
    platform = make_platform(
        core=core,
        names=(),
        metrics_token="m" * 20,
        metrics_networks=(ip_network("10.1.0.0/16"),),
    )
    return House(platform, build(platform))


@pytest.fixture(scope="module")
def auditor(house: House) -> ApiClient:
    return house.somebody(AUDIT, PLUGIN)


class TestAudit:
    def test_what_was_done_is_listed_newest_first(self, auditor: ApiClient) -> None:
        page = auditor.get(f"{BASE}audit/", {"limit": "5"}).json
        moments = [row["at"] for row in page["results"]]
        assert len(moments) == 5
        assert moments == sorted(moments, reverse=True)
        assert auditor.get(page["next"]).json["results"]

    def test_it_is_filtered(self, auditor: ApiClient) -> None:
        rows = auditor.get(f"{BASE}audit/", {"object_type": "user"}).json["results"]
        assert {row["object_type"] for row in rows} == {"user"}
        assert "password_hash" not in str(rows)

    def test_the_seal_is_whole(self, auditor: ApiClient) -> None:
        verdict = auditor.get(f"{BASE}audit/verify/").json
        assert verdict["intact"] is True
        assert verdict["entries"] == verdict["sealed"] > 0

    def test_it_needs_its_permission(self, house: House) -> None:
        stranger = house.somebody()
        for path in ("audit/", "audit/verify/"):
            stranger.get(BASE + path, status=403)
            house.client.get(BASE + path, status=401)

    def test_nobody_writes_it(self, auditor: ApiClient) -> None:
        auditor.post_json(f"{BASE}audit/", {}, status=405)
        auditor.delete(f"{BASE}audit/", status=405)


class TestJobs:
    def start(self, house: House, user_id: uuid.UUID) -> str:
        with house.platform.unit(user_id=user_id) as unit:
            return str(unit.start_job("core.count", {}).id)

    def user_of(self, house: House, client: ApiClient) -> uuid.UUID:
        rows = client.get(f"{BASE}audit/", {"object_type": "user", "action": "sign_in"}).json
        return uuid.UUID(rows["results"][0]["object_id"])

    def test_a_job_is_seen_and_cancelled_by_its_owner_alone(self, house: House) -> None:
        owner = house.somebody(AUDIT)
        job = self.start(house, self.user_of(house, owner))
        other = house.somebody(AUDIT)
        place = f"{BASE}jobs/{job}/"
        assert owner.get(place).json["state"] == "queued"
        assert [row["id"] for row in owner.get(f"{BASE}jobs/").json["results"]] == [job]
        assert other.get(f"{BASE}jobs/").json["results"] == []
        other.get(place, status=404)
        other.delete(place, status=404)
        owner.delete(place, status=204)
        assert owner.get(place).json["state"] == "cancelled"
        told = owner.get(f"{BASE}notifications/").json["results"]
        assert [message["title"] for message in told] == ["Count was cancelled"]
        assert other.get(f"{BASE}notifications/").json["results"] == []
        found = owner.get(f"{BASE}jobs/", {"state": "cancelled", "kind": "core.count"}).json
        assert len(found["results"]) == 1
        owner.get(f"{BASE}jobs/", {"state": "nonsense"}, status=422)


PDF = b"%PDF-1.7 " + b"x" * 100_000


@pytest.fixture(scope="module")
def keeper(house: House) -> ApiClient:
    return house.somebody("core.role:view", "core.role:manage")


@pytest.fixture(scope="module")
def record(house: House) -> str:
    with house.platform.unit() as unit:
        viewer = Roles(unit).named("viewer")
        assert viewer is not None
        return str(viewer.id)


class TestFiles:
    def send(self, client: ApiClient, record: str, status: int = 201, **more: Any) -> Any:
        name, content = more.pop("name", "ä b.pdf"), more.pop("content", PDF)
        fields = {"object_type": "role", "object_id": record, **more}
        files = [("file", name, content)]
        return client.post(f"{BASE}files/", fields, upload_files=files, status=status)

    def test_an_upload_sent_again_is_known_by_its_parts(
        self, house: House, keeper: ApiClient, record: str
    ) -> None:
        key = {"Idempotency-Key": house.unique("key")}

        def send(boundary: str, content: str, status: int = 201) -> Any:
            parts = (
                ('name="object_type"', "role"),
                ('name="object_id"', record),
                ('name="file"; filename="a.txt"', content),
            )
            body = "".join(
                f"--{boundary}\r\nContent-Disposition: form-data; {head}\r\n\r\n{text}\r\n"
                for head, text in parts
            )
            return keeper.post(
                f"{BASE}files/",
                f"{body}--{boundary}--\r\n".encode(),
                {"Content-Type": f"multipart/form-data; boundary={boundary}", **key},
                status=status,
            )

        first, again = send("one", "ten"), send("two", "ten")
        assert again.json == first.json
        assert again.headers["Idempotent-Replayed"] == "true"
        send("three", "eleven", 422)

    def test_a_file_is_attached_and_comes_back_byte_for_byte(
        self, keeper: ApiClient, record: str
    ) -> None:
        answer = self.send(keeper, record, kind="certificate")
        place, known = answer.headers["Location"], answer.json
        assert (known["name"], known["content_type"]) == ("ä b.pdf", "application/pdf")
        assert known["sha256"] == hashlib.sha256(PDF).hexdigest()
        assert keeper.get(place).json == known
        sent = keeper.get(f"{place}content/")
        assert sent.body == PDF
        assert sent.headers["Content-Disposition"].startswith('attachment; filename="_ b.pdf"')
        assert "sandbox" in sent.headers["Content-Security-Policy"]
        assert len(sent.headers.getall("Content-Security-Policy")) == 1
        rows = keeper.get(f"{BASE}files/", {"object_id": record, "kind": "certificate"}).json
        assert known["id"] in [row["id"] for row in rows["results"]]

    def test_who_may_not_read_the_record_sees_no_file(
        self, house: House, keeper: ApiClient, record: str
    ) -> None:
        place = self.send(keeper, record).headers["Location"]
        for stranger in (house.somebody(), house.somebody(AUDIT)):
            stranger.get(place, status=404)
            stranger.get(f"{place}content/", status=404)
            assert stranger.get(f"{BASE}files/", {"count": "true"}).json["count"] == 0
        reader = house.somebody("core.role:view")
        assert reader.get(f"{place}content/").body == PDF
        self.send(reader, record, status=403)

    @pytest.mark.parametrize(
        ("more", "pointer"),
        [
            ({"object_type": "planet"}, "/object_type"), ({"object_type": ""}, "/object_type"),
            ({"object_id": "x"}, "/object_id"), ({"object_id": str(uuid.uuid4())}, "/object_id"),
            ({"kind": "spell"}, "/kind"), ({"more": "1"}, "/more"),
        ],
    )  # fmt: skip
    def test_a_wrong_field_is_named(
        self, keeper: ApiClient, record: str, more: dict[str, str], pointer: str
    ) -> None:
        answer = self.send(keeper, record, status=422, **more)
        assert [error["pointer"] for error in answer.json["errors"]] == [pointer]

    @pytest.mark.parametrize(
        ("name", "content"),
        [
            ("x.html", b"<script>alert(1)</script>"), ("x.svg", b"<svg onload='x'/>"),
            ("x.exe", b"MZ\x90\x00"), ("x.csv", b"a,b\x00c"), ("x.zip", b"PK\x03\x04"),
            ("x.pdf", b"no pdf"), ("x", b""),
        ],
    )  # fmt: skip
    def test_what_is_not_taken(
        self, keeper: ApiClient, record: str, name: str, content: bytes
    ) -> None:
        self.send(keeper, record, status=415, name=name, content=content)

    def test_a_file_that_is_too_large(self, keeper: ApiClient, record: str) -> None:
        self.send(keeper, record, status=413, content=b"%PDF-" + bytes(51 << 20))


def test_plugins_say_what_they_bring(auditor: ApiClient, house: House) -> None:
    rows = auditor.get(f"{BASE}plugins/").json["results"]
    assert [row["name"] for row in rows] == ["core"]
    assert rows[0]["contributions"]["permissions"] > 5
    house.somebody().get(f"{BASE}plugins/", status=403)


class TestSearch:
    def test_a_source_that_fails_does_not_take_the_others_along(self, auditor: ApiClient) -> None:
        hits = auditor.get(f"{BASE}search/", {"q": "gauge", "limit": "2"}).json["results"]
        assert [hit["title"] for hit in hits] == ["GAUGE", "GAUGE"]

    def test_a_source_is_asked_for_who_may(self, house: House) -> None:
        assert house.somebody().get(f"{BASE}search/", {"q": "gauge"}).json["results"] == []

    @pytest.mark.parametrize("query", ["", "q=", "q=x&limit=0", "q=x&more=1", "q=" + "x" * 201])
    def test_a_wrong_question(self, auditor: ApiClient, query: str) -> None:
        auditor.get(f"{BASE}search/?{query}", status=422)


def test_the_summary_merges_what_plugins_give(auditor: ApiClient, house: House) -> None:
    assert auditor.get(f"{BASE}dashboard/summary/").json == {"total": 7}
    house.client.get(f"{BASE}dashboard/summary/", status=401)


class TestHealth:
    def test_it_lives_and_is_ready(self, house: House) -> None:
        assert house.client.get("/health/live").json == {"status": "ok", "checks": []}
        answer = house.client.get("/health/ready").json
        assert answer["status"] == "ok"
        assert {check["name"] for check in answer["checks"]} >= {"database", "storage", "schema"}

    def test_a_database_of_another_version_is_not_ready(self, house: House) -> None:
        def move(to: str) -> str:
            with house.platform.unit() as unit:
                connection = unit.session.connection()
                found = connection.execute(sa.text("SELECT version_num FROM core_schema_version"))
                before = str(found.scalar_one())
                change = sa.text("UPDATE core_schema_version SET version_num = :to")
                connection.execute(change, {"to": to})
            return before

        before = move("9999")
        try:
            answer = house.client.get("/health/ready", status=503).json
        finally:
            move(before)
        assert [check["name"] for check in answer["checks"] if not check["ok"]] == ["schema"]

    def test_the_figures_need_their_token_or_network(self, house: House) -> None:
        client = house.client
        client.get("/metrics", status=403)
        client.get("/metrics", headers={"Authorization": "Bearer wrong"}, status=403)
        near = client.get("/metrics", extra_environ={"REMOTE_ADDR": "10.1.2.3"})
        assert "calibrify_request_seconds" in near.text
        assert "calibrify_outbox_depth " in near.text
        sent = {"Authorization": f"Bearer {'m' * 20}"}
        assert client.get("/metrics", headers=sent).content_type == "text/plain"


class TestReference:
    def test_the_pages_are_whole_and_load_nothing_of_others(self, house: House) -> None:
        index = house.client.get("/api/docs")
        assert index.content_type == "text/html"
        nouns = {operation["tags"][0] for operation in self.operations(house)}
        for noun in nouns:
            assert f'href="/api/docs/{noun}/"' in index.text
            page = house.client.get(f"/api/docs/{noun}")
            assert len(page.body) < 150_000
            for shown in (index, page):
                assert "https://" not in shown.text
                assert "http://" not in shown.text
            targets = set(re.findall('href="#([^"]+)"', page.text))
            assert targets <= set(re.findall('id="([^"]+)"', page.text))
        for path in house.client.document["paths"]:
            assert path in index.text
        house.client.get("/api/docs/nothing/", status=404)

    def operations(self, house: House) -> list[dict[str, Any]]:
        paths = house.client.document["paths"].values()
        return [operation for methods in paths for operation in methods.values()]

    def test_the_document_is_not_sent_twice(self, house: House) -> None:
        tag = house.client.get(f"{BASE}openapi.json").headers["ETag"]
        house.client.get(f"{BASE}openapi.json", headers={"If-None-Match": tag}, status=304)
