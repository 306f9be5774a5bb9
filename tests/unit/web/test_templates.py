"""The templates of the kit, rendered without an application."""

from datetime import date
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jinja2
import pytest

from calibrify_core.web import charts
from calibrify_core.web.chart_data import Bar, Drift, DriftPoint, Forecast, Gauge, Part

TEMPLATES = Path(__file__).parents[3] / "calibrify_core" / "web" / "templates"
EVIL = '"><script>alert(1)</script>'
ENGINE = jinja2.Environment(loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True)


def frame(**changes: Any) -> SimpleNamespace:
    entry = {"label": "Equipment", "icon": "gauge", "href": "/equipment", "current": True}
    facts: dict[str, Any] = {
        "title": "Equipment",
        "crumbs": [("Home", "/"), ("Equipment", None)],
        "nav": [{"title": "Quality", "entries": [{**entry, "badge": 5, "alert": True}]}],
        "tabbar": [entry, {**entry, "href": "#nav", "current": False}],
        "user": {"name": EVIL, "initials": "MK", "role": "Lead", "account_href": "/account"},
        "csrf_token": "token-1",
        "nonce": "nonce-1",
        "flashes": [{"kind": "success", "text": "Saved"}, {"kind": "error", "text": "Not saved"}],
        "clock_banner": None,
        "organisation": "Lab",
        "theme": "dark",
        "locale": "de_CH",
        "dir": "ltr",
        "importmap": {"labels/": "/static/labels/"},
        "stylesheets": ["/static/labels.css"],
        "sign_out_href": "/sign-out",
        "search_href": "/search",
    }
    return SimpleNamespace(**{**facts, **changes})


def shared(**values: Any) -> dict[str, Any]:
    fmt = SimpleNamespace(
        date=lambda day: day.isoformat(),
        datetime=lambda moment: moment.isoformat(),
        number=lambda number: str(number).replace("-", "−"),
    )
    functions = {"static": "/static/1/{}".format, "_": str, "charts": charts, "fmt": fmt}
    return {**functions, "page": frame(), "request": SimpleNamespace(path_qs="/jobs/1"), **values}


def draw(template: str, **values: Any) -> str:
    return ENGINE.get_template(f"calibrify/{template}").render(shared(**values))


def macro(call: str, **values: Any) -> str:
    source = '{% import "calibrify/ui.html" as ui with context %}' + call
    return ENGINE.from_string(source).render(shared(**values)).strip()


class Tags(HTMLParser):
    """Collects the attributes of every start tag."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def by_id(markup: str, name: str) -> dict[str, str | None]:
    """Attributes of the element with an id."""
    tags = Tags()
    tags.feed(markup)
    return next(attributes for _, attributes in tags.found if attributes.get("id") == name)


@pytest.mark.parametrize("path", sorted(TEMPLATES.rglob("*.html")), ids=lambda path: path.name)
def test_every_template_compiles(path: Path):
    ENGINE.get_template(path.relative_to(TEMPLATES).as_posix())


def test_frame_names_language_theme_and_where_we_are():
    html = draw("base.html")
    assert '<html lang="de-CH" dir="ltr" data-theme="dark">' in " ".join(html.split())
    assert html.count('aria-current="page"') == 3
    assert '<span class="n alert">5</span>' in html
    assert '<a class="skip" href="#main">' in html


def test_frame_escapes_what_people_typed():
    assert "<script>alert" not in draw("base.html")


def test_frame_has_one_import_map_with_a_nonce_and_the_plugins_modules():
    html = draw("base.html")
    assert html.count('type="importmap"') == 1
    assert '"labels/": "/static/labels/"' in html
    assert '"calibrify/": "/static/1/js/"' in html
    assert html.count('nonce="nonce-1"') == 3
    assert html.index("css/data.css") < html.index("/static/labels.css")


def test_only_good_news_goes_into_toasts():
    html = draw("base.html")
    toasts = html[html.index('id="toasts"') :]
    assert "Saved" in toasts
    assert "Not saved" not in toasts
    assert 'role="alert"' in html[: html.index('id="toasts"')]


def test_an_aside_makes_two_columns():
    source = '{% extends "calibrify/base.html" %}{% block main %}M{% endblock %}'
    alone = ENGINE.from_string(source).render(shared())
    beside = ENGINE.from_string(source + "{% block aside %}A{% endblock %}").render(shared())
    assert 'class="cols"' not in alone
    assert '<div class="cols">' in beside
    assert beside.count(">M<") == 1


def test_sign_out_and_forms_carry_the_token():
    assert '<input type="hidden" name="csrf_token" value="token-1">' in draw("base.html")


def test_field_ties_label_hint_and_error_together():
    html = macro(
        '{{ ui.text("serial", "Serial", value, "On the back", "Used twice") }}', value=EVIL
    )
    control = by_id(html, "f-serial")
    assert control.get("aria-describedby") == "f-serial-hint f-serial-error"
    assert control.get("aria-invalid") == "true"
    assert control.get("value") == EVIL
    assert '<label for="f-serial">Serial</label>' in html
    assert 'id="f-serial-error"' in html


@pytest.mark.parametrize(
    ("description", "expected"),
    [
        ({"kind": "decimal", "value": "1,50", "unit": "µV"}, 'inputmode="decimal"'),
        ({"kind": "date", "value": date(2026, 1, 2)}, 'value="2026-01-02"'),
        ({"kind": "email", "value": None}, 'type="email"'),
        ({"kind": "select", "options": [(1, "A"), (2, "B")], "value": "2"}, '"2" selected'),
        ({"kind": "checkbox", "value": True}, " checked"),
        ({"kind": "radio", "options": [("a", "A")], "value": "a"}, 'type="radio"'),
        ({"kind": "checkboxes", "options": [("a", "A")], "value": ["a"]}, " checked"),
        ({"kind": "textarea", "value": "<b>"}, "&lt;b&gt;</textarea>"),
        ({"kind": "file", "accept": "text/csv"}, 'accept="text/csv"'),
        ({"kind": "hidden", "value": 3}, '<input type="hidden" name="x" value="3">'),
        ({"kind": "text", "required": False}, "(optional)"),
        ({"kind": "evil", "value": ""}, 'type="text"'),
    ],
    ids=lambda value: value["kind"] if isinstance(value, dict) else "",
)
def test_field_by_kind(description: dict[str, Any], expected: str):
    html = macro("{{ ui.field(f) }}", f={"name": "x", "label": "X", **description})
    assert expected in html


def test_form_summarises_its_problems_and_keeps_what_was_typed():
    fields = [{"kind": "text", "name": "tag", "label": "Tag", "value": "A 1", "error": "Taken"}]
    form = {
        "action": "/new",
        "submit_label": "Save",
        "cancel_href": "/",
        "hidden": [("version", 3)],
        "problems": [{"name": "tag", "text": "Taken"}, {"name": "", "text": "Expired"}],
        "sections": [{"title": "Identity", "fields": fields}],
    }
    html = draw("form.html", form=form)
    assert "There are 2 problems" in html
    assert '<a href="#f-tag" data-turbo="false">Taken</a>' in html
    assert "<li>Expired</li>" in html
    assert "<title>Error: Equipment · Calibrify</title>" in html
    assert 'value="A 1"' in html
    assert 'name="version" value="3"' in html


def listing(**changes: Any) -> dict[str, Any]:
    columns = [
        {
            "key": "name",
            "label": "Name",
            "kind": "name",
            "cls": "name",
            "sort_href": "?ordering=-name",
            "sorted": "ascending",
        },
        {"key": "state", "label": "State", "kind": "state"},
        {"key": "due", "label": "Due", "kind": "due"},
        {"key": "last", "label": "Last", "kind": "gauge"},
    ]
    cells = {
        "name": {"href": "/equipment/1", "title": EVIL, "tag": "EQ-1", "detail": "Fluke"},
        "state": "overdue",
        "due": {"on": date(2026, 1, 2), "relative": "7 d late", "tone": "late", "used": 140},
        "last": Gauge(Decimal("0.5")),
    }
    return {
        "action": "/equipment",
        "search_label": "Filter",
        "label": "Equipment",
        "columns": columns,
        "facets": [
            {
                "name": "state",
                "label": "State",
                "options": [{"value": "overdue", "label": "Overdue", "checked": True, "count": 4}],
            }
        ],
        "hidden": [("ordering", "name")],
        "summary": "1–1 of 1",
        "next_href": "?after=x",
        "applied": [{"label": "Overdue", "remove_href": "/equipment"}],
        "clear_href": "/equipment",
        "rows": [{"id": "1", "label": "EQ-1", "cells": cells}],
        "bulk": [{"label": "Move", "value": "move", "icon": "move"}],
        "empty": {
            "icon": "search",
            "title": "Nothing",
            "text": "Try less.",
            "action_label": "Clear",
            "action_href": "/equipment",
        },
        **changes,
    }


def test_list_draws_cells_by_kind():
    html = draw("list.html", listing=listing())
    assert "<script>alert" not in html
    assert 'aria-sort="ascending"' in html
    assert '<span class="chip st-late">' in html
    assert '<rect width="100" height="4"/>' in html
    assert 'aria-label="As found +50\u202f% of tolerance"' in html
    assert 'rel="next" href="?after=x"' in html
    assert 'rel="prev"' not in html
    assert 'name="state" value="overdue" checked' in html
    assert 'name="do" value="move"' in html


def test_empty_list_says_what_to_do():
    html = draw("list.html", listing=listing(rows=[], next_href=""))
    assert "<h2>Nothing</h2>" in html
    assert "<table" not in html
    assert 'class="bulk"' not in html


def test_a_plugin_may_draw_cells_of_its_own():
    source = (
        '{% extends "calibrify/list.html" %}'
        "{% block cell scoped %}[{{ column.key }} {{ row.id }}]{% endblock %}"
    )
    html = ENGINE.from_string(source).render(shared(listing=listing()))
    assert "[name 1]" in html
    assert "[last 1]" in html


@pytest.mark.parametrize("going", [True, False])
def test_job_refreshes_itself_only_while_it_runs(going: bool):
    state = {"tone": "incal", "icon": "activity", "word": "Running"}
    job = {"title": "Import", "state": state, "done": 3, "total": 9, "sentence": "3 of 9 rows"}
    html = draw("job.html", job={**job, "going": going})
    assert ('http-equiv="refresh"' in html) == going
    assert ("data-running" in html) == going
    assert '<progress id="progress" max="9" value="3">' in html
    assert 'data-href="/jobs/1"' in html


def test_charts_come_with_their_values_as_a_table():
    point = DriftPoint(date(2026, 1, 2), Decimal("-2.10"), None, Decimal("0.5"))
    html = macro("{{ ui.drift(chart) }}", chart=Drift((point,), "µV", "Drift"))
    assert '<td class="num mono">−2.10</td>' in html
    bars = Forecast((Bar("W1", (Part("soon", 3, "due"),)),), "Work")
    html = macro("{{ ui.forecast(chart) }}", chart=bars)
    assert '<td class="num">3</td>' in html
    assert macro("{{ ui.forecast(chart) }}", chart=Forecast((), "Work")) == ""


def test_error_page_shows_the_request_only_when_told():
    problem = {"status": 500, "title": "Broken", "sentence": "Try later.", "request_id": "r-1"}
    assert "r-1" in draw("error.html", problem=problem)
    assert "quote request" not in draw("error.html", problem={**problem, "request_id": ""})


def test_conflict_shows_both_versions():
    conflict = {
        "sentence": "Changed.",
        "who": "Ana",
        "when": "10:42",
        "action": "/x",
        "theirs_href": "/y",
        "rows": [{"label": "Place", "mine": "A", "theirs": "B", "differs": True}],
        "hidden": [("version", 4), ("place", "A")],
    }
    html = draw("conflict.html", conflict=conflict)
    assert "Saved by Ana, 10:42" in html
    assert 'name="version" value="4"' in html
    assert html.count("differs") == 1


def test_sign_in_remembers_the_way_and_never_the_password():
    form = {
        "action": "/sign-in",
        "next": "/equipment?q=a&b=c",
        "email": "a@b.org",
        "problems": [{"name": "email", "text": "Not right"}],
    }
    html = draw("sign_in.html", form=form, page=frame(title="Sign in"))
    assert 'name="next" value="/equipment?q=a&amp;b=c"' in html
    assert 'autocomplete="current-password"' in html
    assert by_id(html, "f-password")["value"] == ""
