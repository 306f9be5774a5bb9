"""One entry of the audit log: what changed, as people read such values on other pages."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from calibrify_core.audit.entry import AuditEntry
from calibrify_core.audit.trail import in_words, typed
from calibrify_core.auth.people import People
from calibrify_core.auth.user import User
from calibrify_core.kernel.errors import NotFound
from calibrify_core.persistence.base import Base
from calibrify_core.records.audit_trail import AUDIT_VIEW
from calibrify_core.web.formats import Formats
from calibrify_core.web.page import formats_of
from calibrify_core.web.pages.audit import action_in_words

NOTHING = "–"
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", re.ASCII)
DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)

Names = Mapping[uuid.UUID, str]


def show(request: Any) -> dict[str, Any]:
    """Shows one entry field by field.

    Raises:
        NotFound: there is none in this organisation.
    """
    unit = request.unit
    statement = unit.select(AuditEntry, AUDIT_VIEW).where(AuditEntry.id == request.matchdict["id"])
    found = unit.session.scalars(statement).one_or_none()
    if found is None:
        raise NotFound("There is no such entry.")
    return {
        "title": found.label or found.object_type.replace("_", " "),
        "crumbs": [("Audit log", request.route_path("core.audit.list"))],
        "entry": found,
        "action": action_in_words(found.action),
        "changes": _changes(unit, found, formats_of(request)),
        "author_href": request.route_path(
            "core.audit.list", _query={"actor_id": str(found.actor_id)}
        )
        if found.actor_id
        else "",
    }


def _changes(unit: Any, entry: AuditEntry, fmt: Formats) -> list[tuple[str, str, str]]:
    """Returns what each field is called, and its old and new value as people read them."""
    kind = _class_of("__audit_type__", entry.object_type)
    columns = sa.inspect(kind, raiseerr=True).columns if kind else {}
    found: list[tuple[str, str, str]] = []
    for name, values in entry.changes.items():
        pair = values if isinstance(values, list) and len(values) == 2 else [None, values]
        column = columns.get(name)
        old, new = (read(column, value) for value in pair)
        names = _names(unit, column, {one for one in (old, new) if isinstance(one, uuid.UUID)})
        word = kind.audit_word(name) if kind else in_words(name)
        found.append((word, shown(old, fmt, names), shown(new, fmt, names)))
    return found


def _class_of(attribute: str, name: str) -> type[Any] | None:
    """Returns the mapped class with an attribute of this value; None for what is no such row."""
    classes = (mapper.class_ for mapper in Base.registry.mappers)
    return next((one for one in classes if getattr(one, attribute, None) == name), None)


def _names(unit: Any, column: Any, ids: set[uuid.UUID]) -> Names:
    """Returns the names of what a column refers to, as far as the trail itself tells them."""
    target = next((key.target_fullname for key in column.foreign_keys), "") if ids else ""
    kind = _class_of("__tablename__", target.rpartition(".")[0])
    if kind is User:
        return People(unit).names(ids)
    if kind is None or not hasattr(kind, "__audit_type__"):
        return {}
    found: dict[uuid.UUID, str] = {}
    for identifier in ids:
        statement = unit.select(AuditEntry, AUDIT_VIEW).where(
            AuditEntry.object_type == kind.__audit_type__, AuditEntry.object_id == identifier
        )
        last = unit.session.scalars(statement.order_by(AuditEntry.id.desc()).limit(1)).first()
        if last is not None and last.label:
            found[identifier] = last.label
    return found


def read(column: Any, value: Any) -> Any:
    """Returns a value of the trail as the object had it.

    Args:
        column: of the object; None where no class knows the member. Texts then count as days and
            moments if they look exactly like them, and so do those within lists and objects.
        value: JSON, as the entry has it.
    """
    if isinstance(value, list):
        return [read(None, one) for one in value]
    if isinstance(value, dict):
        return {name: read(None, one) for name, one in value.items()}
    if not isinstance(value, str):
        return value
    parse: Callable[[str], Any] = str
    if column is not None:
        return _parsed(lambda text: typed(column, text), value)
    if MOMENT.fullmatch(value):
        parse = datetime.fromisoformat
    elif DAY.fullmatch(value):
        parse = date.fromisoformat
    return _parsed(parse, value)


def _parsed(parse: Callable[[str], Any], text: str) -> Any:
    """Returns what a text denotes; the text itself if it denotes nothing."""
    try:
        return parse(text)
    except (ArithmeticError, ValueError):
        return text


def shown(value: Any, fmt: Formats, names: Names) -> str:
    """Returns a value as pages show it.

    Args:
        value: see `read`.
        fmt: how days, moments and numbers are written.
        names: of what ids refer to.
    """
    if value is None or value in ("", [], {}):
        return NOTHING
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if isinstance(value, list):
        return ", ".join(shown(one, fmt, names) for one in value)
    if isinstance(value, dict):
        pairs = value.items()
        return " · ".join(f"{in_words(name)}: {shown(one, fmt, names)}" for name, one in pairs)
    if isinstance(value, datetime):
        return fmt.datetime(value)
    if isinstance(value, date):
        return fmt.date(value)
    if isinstance(value, Decimal | int | float):
        return fmt.number(value)
    return names.get(value, str(value))


def includeme(config: Any) -> None:
    """Adds the page."""
    config.add_page(
        "core.audit.show",
        "/audit/{id:uuid}",
        show,
        permission=AUDIT_VIEW,
        template="calibrify/audit_entry.html",
    )
