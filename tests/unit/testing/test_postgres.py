"""The private PostgreSQL server: it starts, copies databases, and leaves nothing behind."""

import os
import time
from collections.abc import Iterator

import psycopg2
import pytest

from calibrify_core.testing.postgres import PostgresServer, running_postgres

pytestmark = pytest.mark.postgres


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with running_postgres() as running:
        yield running


def execute(server: PostgresServer, database: str, statement: str) -> list[tuple[object, ...]]:
    connection = psycopg2.connect(server.url(database).replace("+psycopg2", ""))
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []
    finally:
        connection.close()


def test_a_copy_holds_what_its_template_holds_and_is_independent(server: PostgresServer) -> None:
    template = server.create_database("template_of_test")
    execute(server, template, "CREATE TABLE gauge (tag text); INSERT INTO gauge VALUES ('G-1')")
    copy = server.create_database(template=template)
    execute(server, copy, "INSERT INTO gauge VALUES ('G-2')")
    assert execute(server, copy, "SELECT tag FROM gauge ORDER BY tag") == [("G-1",), ("G-2",)]
    assert execute(server, template, "SELECT tag FROM gauge") == [("G-1",)]


def test_a_dropped_database_is_gone_even_while_somebody_is_connected(
    server: PostgresServer,
) -> None:
    name = server.create_database()
    connection = psycopg2.connect(server.url(name).replace("+psycopg2", ""))
    try:
        server.drop_database(name)
    finally:
        connection.close()
    listed = execute(server, "postgres", f"SELECT 1 FROM pg_database WHERE datname = '{name}'")
    assert listed == []
    server.drop_database(name)


def test_the_server_refuses_a_wrong_password(server: PostgresServer) -> None:
    url = server.url("postgres").replace("+psycopg2", "").replace(server.password, "guess")
    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        psycopg2.connect(url)


def test_the_server_and_its_folder_end_with_the_context() -> None:
    started = time.monotonic()
    with running_postgres() as running:
        assert running.folder.is_dir()
        os.kill(running.pid, 0)
    assert time.monotonic() - started < 20
    assert not running.folder.exists()
    with pytest.raises(ProcessLookupError):
        os.kill(running.pid, 0)
