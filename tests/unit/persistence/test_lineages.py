"""Lineages go up and down on their own, and stop at the last whole revision."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from calibrify_core.kernel.errors import ConfigurationError
from calibrify_core.persistence.engine import Database, open_database
from calibrify_core.persistence.lineages import (
    Lineage,
    differences,
    downgrade,
    states,
    upgrade,
)

if TYPE_CHECKING:
    from tests.unit.persistence.conftest import LineageWriter

PARENTS = """
op.create_table(
    "alpha_parent",
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("name", sa.String(20)),
)
"""
CHILDREN = """
op.create_table(
    "beta_child",
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column(
        "parent_id",
        sa.Integer,
        sa.ForeignKey("alpha_parent.id", name="fk_beta_child_parent", ondelete="CASCADE"),
        nullable=False,
    ),
)
"""
WIDER = """
with op.batch_alter_table("alpha_parent") as batch:
    batch.alter_column("name", existing_type=sa.String(20), type_=sa.Text(), nullable=False)
    batch.add_column(sa.Column("note", sa.Text))
"""


@pytest.fixture
def alpha(writer: LineageWriter) -> Lineage:
    made = writer.lineage("alpha")
    writer.revision(made, "alpha0001", None, PARENTS, 'op.drop_table("alpha_parent")')
    return made


@pytest.fixture
def beta(writer: LineageWriter) -> Lineage:
    made = writer.lineage("beta")
    writer.revision(made, "beta0001", None, CHILDREN, 'op.drop_table("beta_child")')
    return made


def tables(database: Database) -> set[str]:
    with database.reader.connect() as connection:
        return set(sa.inspect(connection).get_table_names())


def run(database: Database, *statements: str) -> None:
    with database.writer.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


def count(database: Database, table: str) -> int:
    with database.reader.connect() as connection:
        return connection.execute(sa.text(f"SELECT count(*) FROM {table}")).scalar_one()


def fill(database: Database) -> None:
    run(
        database,
        "INSERT INTO alpha_parent (id, name) VALUES (1, 'one'), (2, 'two')",
        "INSERT INTO beta_child (id, parent_id) VALUES (1, 1), (2, 1), (3, 2)",
    )


def test_up_once_and_only_once(database: Database, alpha: Lineage, beta: Lineage) -> None:
    assert upgrade(database, [alpha, beta]) == [
        "alpha: alpha0001 Makes alpha0001.",
        "beta: beta0001 Makes beta0001.",
    ]
    assert upgrade(database, [alpha, beta]) == []
    assert tables(database) == {
        "alpha_parent",
        "alpha_schema_version",
        "beta_child",
        "beta_schema_version",
    }


def test_where_each_lineage_stands(
    database: Database, alpha: Lineage, beta: Lineage, writer: LineageWriter
) -> None:
    upgrade(database, [alpha])
    writer.revision(alpha, "alpha0002", "alpha0001", WIDER)

    first, second = states(database, [alpha, beta])

    assert (first.current, first.head, first.up_to_date) == ("alpha0001", "alpha0002", False)
    assert (second.current, second.head, second.up_to_date) == (None, "beta0001", False)
    upgrade(database, [alpha, beta])
    assert all(state.up_to_date for state in states(database, [alpha, beta]))


def test_one_lineage_goes_down_and_the_other_stays(
    database: Database, alpha: Lineage, beta: Lineage
) -> None:
    upgrade(database, [alpha, beta])

    assert downgrade(database, beta) == ["beta: beta0001 Makes beta0001."]
    assert "beta_child" not in tables(database)
    assert "alpha_parent" in tables(database)
    assert downgrade(database, beta) == []


def test_down_to_a_named_revision(
    database: Database, alpha: Lineage, writer: LineageWriter
) -> None:
    writer.revision(
        alpha,
        "alpha0002",
        "alpha0001",
        'op.create_table("alpha_more", sa.Column("n", sa.Integer))',
        'op.drop_table("alpha_more")',
    )
    upgrade(database, [alpha])

    downgrade(database, alpha, "alpha0001")

    assert "alpha_more" not in tables(database)
    assert states(database, [alpha])[0].current == "alpha0001"


def test_a_lineage_that_is_removed_and_brought_back_keeps_its_data(
    database: Database, alpha: Lineage, beta: Lineage, writer: LineageWriter
) -> None:
    upgrade(database, [alpha, beta])
    fill(database)
    away = writer.folder / "away"
    shutil.move(writer.folder / beta.package, away)
    writer.revision(alpha, "alpha0002", "alpha0001", WIDER)

    assert upgrade(database, [alpha]) == ["alpha: alpha0002 Makes alpha0002."]
    assert [state.current for state in states(database, [alpha])] == ["alpha0002"]
    assert count(database, "beta_child") == 3

    shutil.move(away, writer.folder / beta.package)
    assert upgrade(database, [alpha, beta]) == []
    assert count(database, "beta_child") == 3


def test_a_rebuilt_parent_keeps_its_children(
    database: Database, alpha: Lineage, beta: Lineage, writer: LineageWriter
) -> None:
    upgrade(database, [alpha, beta])
    fill(database)
    writer.revision(alpha, "alpha0002", "alpha0001", WIDER)

    upgrade(database, [alpha, beta])

    assert (count(database, "alpha_parent"), count(database, "beta_child")) == (2, 3)
    run(database, "DELETE FROM alpha_parent WHERE id = 1")
    assert count(database, "beta_child") == 1, "the children still know their parent"
    with pytest.raises(sa.exc.IntegrityError):
        run(database, "INSERT INTO beta_child (id, parent_id) VALUES (9, 99)")


def test_a_failing_migration_stays_at_the_last_whole_revision(
    database: Database, alpha: Lineage, beta: Lineage, writer: LineageWriter
) -> None:
    broken = (
        'op.create_table("alpha_half", sa.Column("n", sa.Integer))\nraise RuntimeError("boom.")'
    )
    writer.revision(alpha, "alpha0002", "alpha0001", WIDER)
    writer.revision(alpha, "alpha0003", "alpha0002", broken)

    with pytest.raises(ConfigurationError) as caught:
        upgrade(database, [alpha, beta])

    assert caught.value.detail == (
        "A migration of alpha failed: boom. The database stays at revision alpha0002 of alpha."
    )
    assert tables(database) == {"alpha_parent", "alpha_schema_version"}
    assert states(database, [alpha])[0].current == "alpha0002"

    writer.revision(
        alpha,
        "alpha0003",
        "alpha0002",
        'op.create_table("alpha_whole", sa.Column("n", sa.Integer))',
    )
    assert upgrade(database, [alpha, beta]) == [
        "alpha: alpha0003 Makes alpha0003.",
        "beta: beta0001 Makes beta0001.",
    ]
    assert {"alpha_whole", "beta_child"} <= tables(database)


def test_the_first_migration_may_fail_and_the_next_try_works(
    database: Database, writer: LineageWriter
) -> None:
    gamma = writer.lineage("gamma")
    writer.revision(gamma, "gamma0001", None, "raise RuntimeError")

    with pytest.raises(ConfigurationError) as caught:
        upgrade(database, [gamma])

    assert caught.value.detail == (
        "A migration of gamma failed: RuntimeError. The database stays at revision none of gamma."
    )
    writer.revision(gamma, "gamma0001", None, "pass")
    assert upgrade(database, [gamma]) == ["gamma: gamma0001 Makes gamma0001."]


def test_a_failed_statement_is_told_in_one_sentence(
    database: Database, alpha: Lineage, writer: LineageWriter
) -> None:
    writer.revision(alpha, "alpha0002", "alpha0001", 'op.execute("DROP TABLE missing_table")')

    with pytest.raises(ConfigurationError) as caught:
        upgrade(database, [alpha])

    assert caught.value.detail.count("\n") == 0
    assert "missing_table" in caught.value.detail
    assert caught.value.detail.endswith("The database stays at revision alpha0001 of alpha.")


def test_a_database_that_is_ahead_is_told_so(
    database: Database, alpha: Lineage, writer: LineageWriter
) -> None:
    writer.revision(alpha, "alpha0002", "alpha0001", "pass")
    upgrade(database, [alpha])
    (writer.folder / alpha.package / "versions" / "alpha0002.py").unlink()

    with pytest.raises(ConfigurationError) as caught:
        upgrade(database, [alpha])

    assert caught.value.detail == (
        "The database is at revision alpha0002 of alpha, which the installed version does not "
        "know: install the version that wrote it, or a newer one."
    )


def test_an_unknown_target_is_refused(database: Database, alpha: Lineage) -> None:
    upgrade(database, [alpha])

    with pytest.raises(ConfigurationError, match="The database stays at revision alpha0001"):
        downgrade(database, alpha, "nowhere")
    assert "alpha_parent" in tables(database)


def test_a_child_left_without_its_parent_undoes_the_migration(
    writer: LineageWriter, alpha: Lineage, beta: Lineage, tmp_path: object
) -> None:
    database = open_database(f"sqlite:///{tmp_path}/orphans.sqlite3")
    try:
        upgrade(database, [alpha, beta])
        fill(database)
        writer.revision(
            alpha, "alpha0002", "alpha0001", 'op.execute("DELETE FROM alpha_parent WHERE id = 1")'
        )
        with pytest.raises(ConfigurationError) as caught:
            upgrade(database, [alpha])

        assert caught.value.detail == (
            "A migration of alpha failed: rows of beta_child point to rows of alpha_parent that "
            "do not exist. The database stays at revision alpha0001 of alpha."
        )
        assert count(database, "alpha_parent") == 2
    finally:
        database.dispose()


SEEN = """
op.create_table("alpha_seen", sa.Column("id", sa.Integer))
op.execute(
    "CREATE TRIGGER alpha_parent_seen AFTER INSERT ON alpha_parent "
    "BEGIN INSERT INTO alpha_seen VALUES (new.id); END"
)
op.execute(
    "CREATE TRIGGER alpha_parent_given_up AFTER INSERT ON alpha_parent "
    "BEGIN SELECT RAISE(ABORT, 'given up'); END"
)
"""


def test_triggers_of_a_rebuilt_table_are_made_again(
    writer: LineageWriter, alpha: Lineage, tmp_path: object
) -> None:
    database = open_database(f"sqlite:///{tmp_path}/triggers.sqlite3")
    drop = '\nop.execute("DROP TRIGGER IF EXISTS alpha_parent_given_up")'
    writer.revision(alpha, "alpha0002", "alpha0001", SEEN)
    writer.revision(alpha, "alpha0003", "alpha0002", WIDER + drop)
    try:
        upgrade(database, [alpha])
        run(database, "INSERT INTO alpha_parent (id, name) VALUES (5, 'five')")
        assert count(database, "alpha_seen") == 1

        writer.revision(
            alpha,
            "alpha0004",
            "alpha0003",
            'op.drop_table("alpha_seen")\nop.execute("DROP TRIGGER alpha_parent_seen")',
        )
        upgrade(database, [alpha])
        run(database, "INSERT INTO alpha_parent (id, name) VALUES (6, 'six')")
        downgrade(database, alpha, "alpha0003")
        downgrade(database, alpha)
        assert "alpha_parent" not in tables(database)
    finally:
        database.dispose()


def test_foreign_keys_are_on_again_after_a_run(
    database: Database, alpha: Lineage, beta: Lineage
) -> None:
    upgrade(database, [alpha, beta])

    with pytest.raises(sa.exc.IntegrityError):
        run(database, "INSERT INTO beta_child (id, parent_id) VALUES (9, 99)")


def test_many_may_call_for_it_at_once(
    database_url: str, alpha: Lineage, writer: LineageWriter
) -> None:
    for number in range(2, 12):
        body = f'op.create_table("alpha_t{number}", sa.Column("n", sa.Integer))'
        writer.revision(alpha, f"alpha{number:04}", f"alpha{number - 1:04}", body)

    def migrate(_: int) -> list[str]:
        database = open_database(database_url)
        try:
            return upgrade(database, [alpha])
        finally:
            database.dispose()

    # Alembic's `op` belongs to the process: in one process the calls come one after the other.
    with ThreadPoolExecutor(4) as pool:
        applied = [line for lines in pool.map(migrate, range(4)) for line in lines]

    assert len(applied) == 11


def test_a_missing_table_and_a_stray_one_are_differences(
    database: Database, writer: LineageWriter
) -> None:
    core = writer.lineage("unitdiff")
    writer.revision(core, "unitdiff0001", None, "pass")
    upgrade(database, [core])
    assert differences(database, [core]) == []

    run(database, "CREATE TABLE unitdiff_stray (n INTEGER)", "CREATE TABLE other_stray (n INTEGER)")

    found = differences(database, [core])
    assert len(found) == 1
    assert "remove_table" in found[0]
    assert "unitdiff_stray" in found[0]
