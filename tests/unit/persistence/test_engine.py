"""A database met as a writer and as a reader, by many threads at once."""

from __future__ import annotations

import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError, OperationalError

from calibrify_core.kernel.errors import ConfigurationError
from calibrify_core.persistence.engine import REST_SECONDS, Database, open_database
from calibrify_core.persistence.prepared import Prepared
from calibrify_core.testing.postgres import PostgresServer

metadata = sa.MetaData()
counter = sa.Table(
    "unit_counter",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("n", sa.Integer),
)
entry = sa.Table(
    "unit_entry",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("counter_id", sa.ForeignKey("unit_counter.id")),
    sa.Column("secret", sa.Text),
)


@pytest.fixture
def filled(database: Database) -> Database:
    metadata.create_all(database.writer)
    with database.writer.begin() as connection:
        connection.execute(counter.insert().values(id=1, n=0))
    return database


def count_up(database: Database, times: int) -> None:
    """Reads, then writes what it read plus one: the pattern that loses writes."""
    locked = sa.select(counter.c.n).where(counter.c.id == 1).with_for_update()
    for _ in range(times):
        with database.writer.begin() as connection:
            n = connection.execute(locked).scalar_one()
            connection.execute(counter.update().values(n=n + 1))


def test_sixteen_threads_lose_no_write(filled: Database) -> None:
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda _: count_up(filled, 25), range(16)))

    with filled.reader.connect() as connection:
        assert connection.execute(sa.select(counter.c.n)).scalar_one() == 16 * 25


def test_sixteen_threads_may_open_a_new_sqlite_file_at_once(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path / 'new' / 'calibrify.sqlite3'}")
    start = threading.Barrier(16)

    def enter(number: int) -> None:
        start.wait()
        with database.writer.begin() as connection:
            connection.execute(sa.text("CREATE TABLE IF NOT EXISTS unit_seen (n INTEGER)"))
            connection.execute(sa.text("INSERT INTO unit_seen VALUES (:n)"), {"n": number})

    try:
        with ThreadPoolExecutor(16) as pool:
            list(pool.map(enter, range(16)))
        with database.reader.connect() as connection:
            assert connection.execute(sa.text("SELECT count(*) FROM unit_seen")).scalar() == 16
    finally:
        database.dispose()


def test_a_reader_reads_while_a_writer_holds_its_lock(filled: Database) -> None:
    with filled.writer.begin() as writing:
        writing.execute(counter.update().values(n=7))
        with filled.reader.connect() as reading:
            assert reading.execute(sa.select(counter.c.n)).scalar_one() == 0


def test_a_writer_writes_while_a_reader_is_open(filled: Database) -> None:
    with filled.reader.connect() as reading:
        assert reading.execute(sa.select(counter.c.n)).scalar_one() == 0
        before = time.monotonic()
        with filled.writer.begin() as writing:
            writing.execute(counter.update().values(n=7))
        assert time.monotonic() - before < 5

    with filled.reader.connect() as reading:
        assert reading.execute(sa.select(counter.c.n)).scalar_one() == 7


def test_the_reader_takes_no_write_lock_and_the_writer_does(tmp_path: Path) -> None:
    path = tmp_path / "calibrify.sqlite3"
    database = open_database(f"sqlite:///{path}")
    stranger = sqlite3.connect(path, timeout=0, isolation_level=None)
    try:
        metadata.create_all(database.writer)
        with database.reader.begin():
            stranger.execute("BEGIN IMMEDIATE")
            stranger.execute("ROLLBACK")
        with database.writer.begin(), pytest.raises(sqlite3.OperationalError, match="locked"):
            stranger.execute("BEGIN IMMEDIATE")
    finally:
        stranger.close()
        database.dispose()


def test_what_is_rolled_back_is_gone(filled: Database) -> None:
    with filled.writer.connect() as connection:
        connection.execute(counter.update().values(n=7))
        connection.rollback()

    with filled.reader.connect() as connection:
        assert connection.execute(sa.select(counter.c.n)).scalar_one() == 0


def test_a_savepoint_rolls_back_alone(filled: Database) -> None:
    with filled.writer.begin() as connection:
        connection.execute(counter.insert().values(id=2, n=2))
        with pytest.raises(IntegrityError), connection.begin_nested():
            connection.execute(counter.insert().values(id=1, n=1))

    with filled.reader.connect() as connection:
        assert sorted(connection.execute(sa.select(counter.c.id)).scalars()) == [1, 2]


def test_a_child_needs_its_parent(filled: Database) -> None:
    with pytest.raises(IntegrityError), filled.writer.begin() as connection:
        connection.execute(entry.insert().values(counter_id=99))


def test_a_failed_statement_does_not_tell_its_values(filled: Database) -> None:
    with pytest.raises(IntegrityError) as caught, filled.writer.begin() as connection:
        connection.execute(entry.insert().values(counter_id=99, secret="open sesame"))

    assert "open sesame" not in str(caught.value)


def test_postgres_speaks_utc_and_is_reached_by_its_plain_address(database_url: str) -> None:
    database = open_database(database_url.replace("postgresql+psycopg2", "postgresql"))
    try:
        with database.reader.connect() as connection:
            if database.dialect == "postgresql":
                assert connection.execute(sa.text("SHOW timezone")).scalar().upper() == "UTC"
            assert connection.execute(sa.text("SELECT 1")).scalar() == 1
    finally:
        database.dispose()


def read(connection: sa.Connection) -> int | None:
    return connection.execute(sa.select(counter.c.n)).scalar()


def test_a_lent_connection_sees_what_was_written_since_it_was_lent_before(
    filled: Database,
) -> None:
    first = filled.lend(write=False)
    assert read(first) == 0
    filled.take_back(first, write=False)
    with filled.writer.begin() as connection:
        connection.execute(counter.update().values(n=7))

    again = filled.lend(write=False)

    assert read(again) == 7
    assert (again is first) == (filled.dialect == "postgresql")
    filled.take_back(again, write=False)


def test_no_two_borrowers_share_a_connection(filled: Database) -> None:
    filled.take_back(filled.lend(write=False), write=False)

    first, second = filled.lend(write=False), filled.lend(write=False)

    assert first is not second
    assert (read(first), read(second)) == (0, 0)
    for connection in (first, second):
        filled.take_back(connection, write=False)


@pytest.mark.parametrize(("rest", "lost"), [(0, 1), (REST_SECONDS, 0)])
def test_lost_connections_cost_one_statement_and_after_a_rest_none(
    postgres_server: PostgresServer, rest: float, lost: int
) -> None:
    database = open_database(postgres_server.url(postgres_server.create_database()))
    try:
        for connection in [database.lend(write=False) for _ in range(3)]:
            database.take_back(connection, write=False)
        with database.snapshot.connect() as stranger:
            stranger.execute(
                sa.text(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
            )

        time.sleep(rest)

        failures = 0
        for _ in range(3):
            connection = database.lend(write=False)
            try:
                connection.execute(sa.text("SELECT 1"))
            except OperationalError:
                failures += 1
            finally:
                database.take_back(connection, write=False)
        assert failures == lost
    finally:
        database.dispose()


def test_a_server_that_is_away_is_an_operational_error() -> None:
    database = open_database("postgresql://nobody@127.0.0.1:9/none")

    with pytest.raises(OperationalError), database.reader.connect():
        pass


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("not a url", "CALIBRIFY_DATABASE_URL is not a database URL."),
        (
            "mysql://localhost/calibrify",
            "CALIBRIFY_DATABASE_URL names mysql; Calibrify runs on postgresql and sqlite.",
        ),
    ],
)
def test_another_kind_of_database_is_refused(url: str, sentence: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        open_database(url)

    assert caught.value.detail == sentence


def test_nothing_stays_open_on_a_connection_that_was_forgotten(
    postgres_server: PostgresServer,
) -> None:
    database = open_database(postgres_server.url(postgres_server.create_database()))
    try:
        raw = database.writer.raw_connection()
        raw.cursor().execute("BEGIN; CREATE TABLE half (n int)")
        raw.close()
        with database.writer.connect() as connection:
            assert connection.scalar(sa.text("SELECT to_regclass('half')")) is None
    finally:
        database.dispose()


def test_a_transaction_is_committed_undone_or_never_begun(filled: Database) -> None:
    with filled.writer.connect() as connection:
        connection.begin()
        connection.commit()  # nothing was asked
        connection.execute(counter.update().values(n=1))
        connection.commit()
        connection.execute(counter.update().values(n=2))
        with connection.begin_nested() as part:
            connection.execute(counter.update().values(n=3))
            part.rollback()
        connection.rollback()
        assert read(connection) == 1
        connection.rollback()
    with filled.reader.connect() as connection:
        assert read(connection) == 1


def test_a_connection_whose_commit_failed_is_as_good_as_new(filled: Database) -> None:
    refused = Prepared(sa.insert(entry).inline(), columns=["counter_id"])

    def write(connection: sa.Connection) -> None:
        refused.later(connection, {"counter_id": 99})
        connection.commit()

    for _ in range(2):
        connection = filled.lend(write=True)
        connection.begin()
        with pytest.raises(IntegrityError):
            write(connection)
        filled.take_back(connection, write=True)
    connection = filled.lend(write=True)
    connection.begin()
    connection.execute(counter.update().values(n=5))
    connection.commit()
    filled.take_back(connection, write=True)
    lent = filled.lend(write=False)
    assert read(lent) == 5
    filled.take_back(lent, write=False)
