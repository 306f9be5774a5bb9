"""Object scope: the one mechanism by which a person sees only what was granted.

A *scoped* class is registered with a rule. Any statement over it must be given its scope by
`restrict` (or be let through by `unscoped`, with the reason said); a guard on the session
raises otherwise, so that a forgotten scope is a loud error in the first test and never a leak.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.orm import ORMExecuteState, Session
from sqlalchemy.sql import visitors

OPTION = "calibrify_scoped"
S = TypeVar("S", bound=sa.Executable)


@dataclass(frozen=True, slots=True)
class Scope:
    """What one permission reaches, as a value.

    Attributes:
        organisation_id: nothing outside of it is ever reached.
        everything: whether the whole organisation is reached.
        limits: otherwise the ids that are reached, by kind of scope (``location``,
            ``category``), each with all that lies below it. Empty: nothing is reached.
    """

    organisation_id: uuid.UUID
    everything: bool = False
    limits: dict[str, tuple[uuid.UUID, ...]] = field(default_factory=dict)


# A rule turns a scope into the condition that a row of the class must meet.
Rule = Callable[[Scope], sa.ColumnElement[bool]]

_rules: dict[type[Any], Rule] = {}
_tables: dict[str, type[Any]] = {}


def scoped(model: type[Any], rule: Rule | None = None) -> None:
    """Registers a mapped class as scoped; without a rule, by its organisation alone.

    Args:
        model: the class; it has an ``organisation_id``.
        rule: the condition within the organisation, for a scope that is not everything.
    """
    _rules[model] = rule or (lambda _scope: sa.true())
    _tables[model.__tablename__] = model


def is_scoped(model: type[Any]) -> bool:
    """Tells whether a mapped class is registered as scoped."""
    return model in _rules


def condition(model: type[Any], scope: Scope) -> sa.ColumnElement[bool]:
    """Returns the condition that rows of a scoped class meet within a scope."""
    own: sa.ColumnElement[bool] = model.organisation_id == scope.organisation_id
    if scope.everything:
        return own
    # A class without a rule asks nothing more; who was granted nothing still sees nothing.
    return sa.and_(own, _rules[model](scope)) if scope.limits else sa.false()


def restrict(statement: S, model: type[Any], scope: Scope) -> S:
    """Returns the statement cut to the scope and marked as such for the guard."""
    cut: S = statement.where(condition(model, scope))  # type: ignore[attr-defined]
    return _marked(cut, model)


def unscoped(statement: S, *models: type[Any], because: str) -> S:
    """Lets a statement of the system itself pass the guard; the reason is for the reader.

    A test lists the places that may do so.
    """
    if not because:
        raise ValueError("say why the scope does not apply")
    for model in models:
        statement = _marked(statement, model)
    return statement


def _marked(statement: S, model: type[Any]) -> S:
    """Adds a class to the mark that the guard looks for."""
    known: frozenset[type[Any]] = statement.get_execution_options().get(OPTION, frozenset())
    return statement.execution_options(**{OPTION: known | {model}})


def install_guard(session: type[Session]) -> None:
    """Puts the guard on a class of sessions."""
    event.listen(session, "do_orm_execute", _guard)


def _guard(state: ORMExecuteState) -> None:
    """Raises on a statement over a scoped class that was not given its scope."""
    if state.is_relationship_load or state.is_column_load:
        return  # reached from an object that was itself read within the scope
    marked: frozenset[type[Any]] = state.execution_options.get(OPTION, frozenset())
    touched = {mapper.class_ for mapper in state.all_mappers if mapper.class_ in _rules}
    if not marked and not touched and not state.is_insert:
        touched = _unmarked(state.statement)
    elif isinstance(state.statement, sa.Select):
        # A column that belongs to no mapped class may still show what a scoped table holds.
        for shown in state.statement.column_descriptions:
            if shown.get("entity") is None:
                touched |= _unmarked(shown["expr"])
    if missing := touched - marked:
        names = ", ".join(sorted(model.__name__ for model in missing))
        raise RuntimeError(f"a statement over {names} was not given its scope")


def _unmarked(element: Any) -> set[type[Any]]:
    """Returns the scoped classes whose tables an expression names without a mark inside it."""
    named: set[type[Any]] = set()
    marked: set[type[Any]] = set()
    for part in visitors.iterate(element):
        table = part.table if isinstance(part, sa.Column) else part
        if isinstance(table, sa.Table) and table.name in _tables:
            named.add(_tables[table.name])
        elif isinstance(part, sa.Select):
            marked |= part.get_execution_options().get(OPTION, frozenset())
    return named - marked
