"""One request, one transaction: tried again when the database says so, and once for each key."""

import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg2
import pytest
import sqlalchemy as sa
from sqlalchemy import event

from calibrify_core.api.idempotency import TABLE, forget_old
from calibrify_core.testing.client import ApiClient
from calibrify_core.testing.house import House
from tests.functional.kit import widget

BASE = "/api/v1/"


@pytest.fixture(autouse=True)
def no_faults_left() -> Iterator[None]:
    yield
    widget.FAULTS.clear()
    widget.RETRIES.clear()


def count(client: ApiClient, name: str) -> int:
    found: int = client.get(f"{BASE}widgets/", {"name": name, "count": "true"}).json["count"]
    return found


def serialisation_failure(session: Any) -> None:
    """Lets the server itself refuse the transaction, with its code 40001."""
    session.execute(sa.text("DO $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '40001'; END $$"))


@pytest.fixture
def only_postgres(house: House) -> bool:
    return house.platform.database.dialect == "postgresql"


class TestRetries:
    def test_a_serialisation_failure_is_tried_again(
        self, house: House, editor: ApiClient, only_postgres: bool
    ) -> None:
        if not only_postgres:
            return
        name = house.unique()
        widget.FAULTS += [serialisation_failure, serialisation_failure]
        editor.post_json(f"{BASE}widgets/stumble/", {"name": name, "size": "1"}, status=201)
        assert widget.FAULTS == []
        assert count(editor, name) == 1

    def test_the_third_failure_is_the_last(
        self, house: House, editor: ApiClient, only_postgres: bool
    ) -> None:
        if not only_postgres:
            return
        name = house.unique()
        widget.FAULTS += [serialisation_failure] * 4
        answer = editor.post_json(
            f"{BASE}widgets/stumble/", {"name": name, "size": "1"}, status=503
        )
        assert int(answer.headers["Retry-After"]) > 0
        assert len(widget.FAULTS) == 1
        assert count(editor, name) == 0

    def test_two_that_lock_each_other_both_succeed(
        self, house: House, editor: ApiClient, only_postgres: bool
    ) -> None:
        """A deadlock: PostgreSQL ends one of the two, which is then tried again."""
        if not only_postgres:
            return
        names = [house.unique(), house.unique()]
        for name in names:
            editor.post_json(f"{BASE}widgets/", {"name": name, "size": "1"})
        together = threading.Barrier(2, timeout=20)
        once = threading.local()

        def lock(first: str, second: str) -> Any:
            def fault(session: Any) -> None:
                touch = sa.text("UPDATE widget_widget SET note = 'x' WHERE name = :name")
                session.execute(touch, {"name": first})
                if not getattr(once, "met", False):
                    once.met = True
                    together.wait()
                session.execute(touch, {"name": second})

            return fault

        widget.FAULTS += [lock(*names), lock(*reversed(names)), lock(*names)]
        with ThreadPoolExecutor(2) as pool:
            bodies = [{"name": house.unique(), "size": "1"} for _ in range(2)]
            clients = [editor.signed_in(editor.token) for _ in bodies]
            answers = [
                pool.submit(client.post_json, f"{BASE}widgets/stumble/", body)
                for client, body in zip(clients, bodies, strict=True)
            ]
            assert [answer.result().status_int for answer in answers] == [201, 201]
        assert len(widget.FAULTS) == 0

    def test_a_busy_sqlite_is_tried_again(self, house: House, editor: ApiClient) -> None:
        if house.platform.database.dialect != "sqlite":
            return
        engine = house.platform.database.writer

        def do_not_wait(connection: Any, *_: Any) -> None:
            connection.execute("PRAGMA busy_timeout=0")

        other = sqlite3.connect(engine.url.database or "", check_same_thread=False)
        other.isolation_level = None
        event.listen(engine, "checkout", do_not_wait)
        try:
            name = house.unique()
            body = {"name": name, "size": "1"}
            other.execute("BEGIN IMMEDIATE")
            assert editor.post_json(f"{BASE}widgets/", body, status=503).headers["Retry-After"]
            widget.RETRIES.append(lambda: other.execute("ROLLBACK") if other.in_transaction else 0)
            editor.post_json(f"{BASE}widgets/", body, status=201)
            assert count(editor, name) == 1
        finally:
            event.remove(engine, "checkout", do_not_wait)
            other.close()
            engine.dispose()


def test_a_database_that_was_restarted_is_found_again(house: House, editor: ApiClient) -> None:
    """Every pooled connection is cut; neither reading nor writing notices."""
    if house.platform.database.dialect != "postgresql":
        return
    place = editor.post_json(f"{BASE}widgets/", {"name": house.unique(), "size": "1"}).headers
    url = house.platform.settings.database_url.replace("+psycopg2", "")
    other = psycopg2.connect(url)
    other.autocommit = True
    try:
        for send in (
            lambda: editor.get(place["Location"]),
            lambda: editor.post_json(f"{BASE}widgets/", {"name": house.unique(), "size": "1"}),
            lambda: editor.get(f"{BASE}widgets/"),
        ):
            with other.cursor() as cursor:
                cursor.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
                assert cursor.rowcount >= 1
            assert send().status_int < 300
    finally:
        other.close()


class TestIdempotency:
    def test_the_same_request_has_one_effect_and_one_answer(
        self, house: House, editor: ApiClient
    ) -> None:
        name, key = house.unique(), {"Idempotency-Key": house.unique("key")}
        body = {"name": name, "size": "1.0"}
        first = editor.post_json(f"{BASE}widgets/", body, headers=key, status=201)
        again = editor.post_json(f"{BASE}widgets/", body, headers=key, status=201)
        assert again.headers["Idempotent-Replayed"] == "true"
        assert "Idempotent-Replayed" not in first.headers
        assert again.body == first.body
        for header in ("Location", "ETag", "Content-Type"):
            assert again.headers[header] == first.headers[header]
        assert count(editor, name) == 1

    def test_another_body_is_refused(self, house: House, editor: ApiClient) -> None:
        key = {"Idempotency-Key": house.unique("key")}
        editor.post_json(f"{BASE}widgets/", {"name": house.unique(), "size": "1"}, headers=key)
        other = {"name": house.unique(), "size": "1"}
        refused = editor.post_json(f"{BASE}widgets/", other, headers=key, status=422)
        (problem,) = refused.json["errors"]
        assert problem["pointer"] == "/header/Idempotency-Key"
        assert count(editor, other["name"]) == 0

    def test_keys_of_others_and_of_other_addresses_do_not_meet(
        self, house: House, editor: ApiClient
    ) -> None:
        key = {"Idempotency-Key": house.unique("key")}
        colleague = house.somebody(widget.VIEW, widget.EDIT)
        for client, path in (
            (editor, "widgets/"), (colleague, "widgets/"), (editor, "widgets/stumble/")
        ):  # fmt: skip
            body = {"name": house.unique(), "size": "1"}
            client.post_json(BASE + path, body, headers=key, status=201)

    def test_a_refused_request_may_come_again(self, house: House, editor: ApiClient) -> None:
        key = {"Idempotency-Key": house.unique("key")}
        name = house.unique()
        taken = {"name": name, "size": "1"}
        editor.post_json(f"{BASE}widgets/", taken)
        editor.post_json(f"{BASE}widgets/", taken, headers=key, status=409)
        other = {"name": house.unique(), "size": "1"}
        editor.post_json(f"{BASE}widgets/", other, headers=key, status=201)

    @pytest.mark.parametrize("key", ["", "x" * 256, "tab\there"])
    def test_a_key_that_is_none(self, editor: ApiClient, key: str) -> None:
        body = {"name": "never", "size": "1"}
        headers = {"Idempotency-Key": key}
        editor.post_json(f"{BASE}widgets/", body, headers=headers, status=400)

    @pytest.mark.parametrize("verb", ["note", "answer"])
    def test_a_view_of_own_transactions_that_forgets_the_key_is_found_out(
        self, editor: ApiClient, verb: str
    ) -> None:
        path = f"{BASE}alone/{verb}/"
        editor.post_json(path, {}, status=200)
        editor.post_json(path, {}, headers={"Idempotency-Key": "forgotten"}, status=500)

    def test_a_day_later_the_key_is_forgotten(self, house: House, editor: ApiClient) -> None:
        key = {"Idempotency-Key": house.unique("key")}
        editor.post_json(f"{BASE}widgets/", {"name": house.unique(), "size": "1"}, headers=key)
        with house.platform.unit() as unit:
            old = sa.update(TABLE).where(TABLE.c.key == key["Idempotency-Key"])
            past = unit.clock.now().replace(year=2020)
            unit.session.execute(old.values(created_at=past))
        other = {"name": house.unique(), "size": "1"}
        editor.post_json(f"{BASE}widgets/", other, headers=key, status=201)
        with house.platform.unit() as unit:
            old = sa.update(TABLE).where(TABLE.c.key == key["Idempotency-Key"])
            unit.session.execute(old.values(created_at=past))
            assert forget_old(unit.session, unit.clock.now()) >= 1

    def test_many_at_once_have_one_effect(self, house: House, editor: ApiClient) -> None:
        name, key = house.unique(), {"Idempotency-Key": house.unique("key")}
        body = {"name": name, "size": "1"}

        def send(client: ApiClient) -> bytes:
            answer: bytes = client.post_json(f"{BASE}widgets/", body, headers=key, status=201).body
            return answer

        clients = [editor.signed_in(editor.token) for _ in range(6)]
        with ThreadPoolExecutor(6) as pool:
            bodies = set(pool.map(send, clients))
        assert len(bodies) == 1
        assert count(editor, name) == 1
