"""Two people changed the same record: both versions beside each other, and the choice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from pyramid.response import Response

from calibrify_core.kernel.dates import in_words
from calibrify_core.web.forms import Form, FormField
from calibrify_core.web.kit import page_response
from calibrify_core.web.page import formats_of

NOBODY = "somebody else"
MASKED = "password"
RETYPED = "Not kept: type it again once it is saved"


@dataclass(frozen=True, slots=True)
class Saved:
    """What was saved meanwhile.

    Attributes:
        what: the record, as the sentence names it.
        version: the number that a further change has to name.
        when: the moment of the change, in words.
        href: address of the record.
        who: who saved it.
    """

    what: str
    version: int
    when: str
    href: str
    who: str = NOBODY

    @classmethod
    def of(cls, request: Any, what: str, row: Any, href: str) -> Saved:
        """Returns what was saved of a row; nobody knows by whom.

        Args:
            request: the request.
            what: the record, as the sentence names it.
            row: has ``version`` and ``updated_at``.
            href: address of the record.
        """
        return cls(what, row.version, formats_of(request).datetime(row.updated_at), href)


def show_conflict(
    request: Any,
    form: Form,
    mine: Mapping[str, Any],
    theirs: Mapping[str, Any],
    saved: Saved,
    *,
    crumbs: Sequence[tuple[str, str | None]] = (),
    rows: Sequence[Mapping[str, Any]] = (),
    hidden: Sequence[tuple[str, str]] = (),
) -> Response:
    """Returns the page that shows what was typed beside what is saved.

    A password is not shown and not sent again: where one was typed the page asks for it anew.

    Args:
        request: the request.
        form: what was filled in; sent again, it saves mine over theirs.
        mine: what was typed, by field.
        theirs: what is saved, by field.
        saved: whose version stands.
        crumbs: the way to the page.
        rows: of what the form holds beside its fields, from `compared`.
        hidden: what such rows send.

    Returns:
        A page with status 412.
    """
    fields = {item.name: item for item in form.fields()}
    shown = [
        compared(item.label, _text(item, mine.get(name)), _text(item, theirs.get(name)))
        for name, item in fields.items()
    ]
    secret = {name for name, item in fields.items() if item.kind == MASKED}
    sent = [
        (name, "true" if one is True else str(one))
        for name, value in mine.items()
        if name not in secret
        for one in (value if isinstance(value, list) else [value])
        if one not in (None, False, "")
    ]
    values = {
        "title": "Changed by somebody else meanwhile",
        "crumbs": list(crumbs),
        "conflict": {
            "sentence": f"{saved.what} was changed by {saved.who} while you were typing. "
            "Nothing of yours is kept yet.",
            "who": saved.who,
            "when": saved.when,
            "rows": [row for row in (*shown, *rows) if row["mine"] or row["theirs"]],
            "action": form.action,
            "hidden": [*sent, *hidden, ("version", str(saved.version))],
            "theirs_href": saved.href,
        },
    }
    response = page_response(request, "calibrify/conflict.html", values)
    response.status_int = 412
    return response


def compared(label: str, mine: str, theirs: str) -> dict[str, Any]:
    """Returns a row of both versions.

    >>> compared("Due on", "5 Mar 2026", "")["differs"]
    True
    """
    return {"label": label, "mine": mine, "theirs": theirs, "differs": mine != theirs}


def _text(item: FormField, value: Any) -> str:
    """Returns the value of a field as people read it."""
    if value is None or value == "":
        return ""
    if item.kind == MASKED:
        return RETYPED
    if isinstance(value, list):
        return ", ".join(_text(item, one) for one in value)
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if item.kind == "date":
        return _day(value)
    return str(dict(item.options).get(str(value), value))


def _day(value: date | str) -> str:
    """Returns a day as other pages show it, and as it is what is none.

    >>> _day("2026-03-05"), _day(date(2026, 3, 5)), _day("soon")
    ('5 Mar 2026', '5 Mar 2026', 'soon')
    """
    try:
        return in_words(date.fromisoformat(value) if isinstance(value, str) else value)
    except ValueError:
        return str(value)
