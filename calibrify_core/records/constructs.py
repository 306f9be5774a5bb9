"""SQL that lists need and that each database writes differently."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement


class sort_text(FunctionElement[str]):  # noqa: N801 - it reads as an SQL function
    """Text as lists order it: by code point, upper and lower case alike, on every database."""

    inherit_cache = True
    type = sa.Text()
    name = "sort_text"


@compiles(sort_text, "postgresql")
def _sort_text_postgresql(element: Any, compiler: SQLCompiler, **options: Any) -> str:
    return f'(lower({compiler.process(element.clauses, **options)}) COLLATE "C")'


@compiles(sort_text)
def _sort_text_default(element: Any, compiler: SQLCompiler, **options: Any) -> str:
    return f"lower({compiler.process(element.clauses, **options)})"


class id_text(FunctionElement[str]):  # noqa: N801 - it reads as an SQL function
    """An id as JSON has it: lists are read as text, which spares making objects of ids."""

    inherit_cache = True
    type = sa.Text()
    name = "id_text"


@compiles(id_text, "postgresql")
def _id_text_postgresql(element: Any, compiler: SQLCompiler, **options: Any) -> str:
    return f"CAST({compiler.process(element.clauses, **options)} AS TEXT)"


@compiles(id_text)
def _id_text_default(element: Any, compiler: SQLCompiler, **options: Any) -> str:
    hexadecimal = compiler.process(element.clauses, **options)
    parts = ((1, 8), (9, 4), (13, 4), (17, 4), (21, 12))
    return "||'-'||".join(f"substr({hexadecimal},{start},{size})" for start, size in parts)


class one_of(FunctionElement[bool]):  # noqa: N801 - it reads as an SQL operator
    """Whether a key is one of a few that a subquery finds first, before anything is joined."""

    inherit_cache = True
    type = sa.Boolean()
    name = "one_of"


@compiles(one_of, "postgresql")
def _one_of_postgresql(element: Any, compiler: SQLCompiler, **options: Any) -> str:
    key, found = (compiler.process(clause, **options) for clause in element.clauses)
    return f"{key} = ANY (ARRAY{found})"


@compiles(one_of)
def _one_of_default(element: Any, compiler: SQLCompiler, **options: Any) -> str:
    key, found = (compiler.process(clause, **options) for clause in element.clauses)
    return f"{key} IN {found}"
