"""Tables to which rows are only added: the database itself refuses to change or delete one."""

from typing import Any

import sqlalchemy as sa

FUNCTION = "maintenance_refuse"
MESSAGE = "this table is append-only"


def append_only(dialect: str, table: str) -> list[str]:
    """Returns the statements that make a table append-only, for migrations and tests."""
    if dialect == "sqlite":
        return [
            f"CREATE TRIGGER {table}_no_{verb} BEFORE {verb.upper()} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{MESSAGE}'); END"
            for verb in ("update", "delete")
        ]
    function = (
        f"CREATE OR REPLACE FUNCTION {FUNCTION}() RETURNS trigger LANGUAGE plpgsql AS "
        f"$body$ BEGIN RAISE EXCEPTION '{MESSAGE}'; END $body$"
    )
    trigger = (
        f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
        f"FOR EACH ROW EXECUTE FUNCTION {FUNCTION}()"
    )
    return [function, trigger]


def protect(model: type[Any]) -> None:
    """Sees to it that the table of a class is append-only wherever it is made."""

    def guard(table: sa.Table, connection: sa.Connection, **_: Any) -> None:
        for statement in append_only(connection.dialect.name, table.name):
            connection.exec_driver_sql(statement)

    sa.event.listen(model.__table__, "after_create", guard)
