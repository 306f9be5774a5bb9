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
from sqlalchemy.orm import Mapper, ORMExecuteState, Session
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
    _rules[model] = rule or (lambda scope: sa.true())
    _tables[model.__tablename__] = model


def condition(model: type[Any], scope: Scope) -> sa.ColumnElement[bool]:
    """Returns the condition that rows of a scoped class meet within a scope."""
    own = model.organisation_id == scope.organisation_id
    return own if scope.everything else sa.and_(own, _rules[model](scope))


def restrict(statement: S, model: type[Any], scope: Scope) -> S:
    """Returns the statement cut to the scope and marked as such for the guard."""
    cut = statement.where(condition(model, scope))  # type: ignore[attr-defined]
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


def install_guard(session: Session) -> None:
    """Puts the guard on a session."""
    event.listen(session, "do_orm_execute", _guard)


def _guard(state: ORMExecuteState) -> None:
    """Raises on a statement over a scoped class that was not given its scope."""
    if state.is_relationship_load or state.is_column_load:
        return  # reached from an object that was itself read within the scope
    marked: frozenset[type[Any]] = state.execution_options.get(OPTION, frozenset())
    mappers: set[Mapper[Any]] = set(state.all_mappers)
    touched = {mapper.class_ for mapper in mappers if mapper.class_ in _rules}
    if not marked and not touched and not state.is_insert:
        touched = {
            _tables[element.name]
            for element in visitors.iterate(state.statement)
            if isinstance(element, sa.Table) and element.name in _tables
        }
    if missing := touched - marked:
        names = ", ".join(sorted(model.__name__ for model in missing))
        raise RuntimeError(f"a statement over {names} was not given its scope")
