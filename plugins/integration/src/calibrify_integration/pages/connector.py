"""Connectors: a list, a page with the runs, and what changes them."""

from __future__ import annotations

from typing import Any

from calibrify_core.auth.people import People
from calibrify_core.kernel.errors import CalibrifyError
from calibrify_core.records.keyset import run_list
from calibrify_core.records.listing import read_request
from calibrify_core.web.conflict import Saved, show_conflict
from calibrify_core.web.flash import flash
from calibrify_core.web.forms import posted
from calibrify_core.web.kit import problems_of, see_other
from calibrify_integration.pages import connector_form
from calibrify_integration.permissions import CONNECTOR_CHANGE, CONNECTOR_RUN, CONNECTOR_VIEW
from calibrify_integration.services import connectors
from calibrify_integration.services.connector_lists import CONNECTORS, RUNS, connector_shape

MOST = "500"
SHOWN_RUNS = "25"
LIST = "integration.connector.list"
ONE = "integration.connector.show"
COUNTS = ("files", "known", "created", "updated", "unchanged", "failed")
# Of a run: tone, icon and word of its chip.
STATES = {
    "queued": ("out", "circle-dot", "Waiting"),
    "running": ("incal", "play", "Running"),
    "succeeded": ("ok", "circle-check", "Done"),
    "failed": ("late", "triangle-alert", "Failed"),
    "cancelled": ("out", "ban", "Cancelled"),
}


def show_list(request: Any) -> dict[str, Any]:
    """Shows the connectors that the person may see."""
    unit = request.unit
    rows = run_list(unit, CONNECTORS, read_request(CONNECTORS, [("limit", MOST)])).rows
    names = People(unit).names({row["owner_id"] for row in rows})
    return {
        "title": "Connectors",
        "connectors": [_row(request, row, names) for row in rows],
        "kinds": _kinds(request) if unit.access.permits(CONNECTOR_CHANGE) else [],
    }


def _kinds(request: Any) -> list[dict[str, str]]:
    """Returns the kinds of which one can be set up."""
    route = "integration.connector.create"
    return [
        {
            "title": kind.title,
            "href": request.route_path(route, _query={"kind": kind.name}),
        }
        for kind in request.platform.plugins.values(connectors.HOOK)
    ]


def _row(request: Any, row: dict[str, Any], names: dict[Any, str]) -> dict[str, Any]:
    """Returns a connector as a row, with its state in a word."""
    plugins = request.platform.plugins
    kind = plugins.named(connectors.HOOK).get(row["kind"])
    importer = plugins.named("calibrify_importers").get(row["importer"])
    return {
        **row,
        "href": request.route_path(ONE, id=row["id"]),
        "kind_title": kind.title if kind else row["kind"],
        "importer_title": importer.title if importer else row["importer"],
        "owner": names.get(row["owner_id"], "–"),
        "state": state_of(row),
        "rhythm": rhythm_of(row["every_minutes"]),
    }


def state_of(row: dict[str, Any]) -> tuple[str, str, str]:
    """Returns tone, icon and word of a connector's state.

    >>> state_of({"enabled": True, "failures": 2})
    ('late', 'triangle-alert', 'Failing')
    """
    if not row["enabled"]:
        return "out", "ban", "Off"
    if row["failures"]:
        return "late", "triangle-alert", "Failing"
    return "ok", "circle-check", "On"


def rhythm_of(minutes: int | None) -> str:
    """Returns how often a connector runs, in words.

    >>> rhythm_of(None), rhythm_of(1), rhythm_of(90), rhythm_of(120), rhythm_of(1440)
    ('By hand', 'Every minute', 'Every 90 minutes', 'Every 2 hours', 'Every 24 hours')
    """
    if minutes is None:
        return "By hand"
    if minutes % 60 == 0:
        hours = minutes // 60
        return "Every hour" if hours == 1 else f"Every {hours} hours"
    return "Every minute" if minutes == 1 else f"Every {minutes} minutes"


def outcome_of(run: dict[str, Any]) -> str:
    """Returns what came of a run, in one line.

    >>> outcome_of(dict.fromkeys(COUNTS, 0) | {"files": 1, "created": 1200})
    '1 file, 1,200 created'
    """
    noun = "file" if run["files"] == 1 else "files"
    words = [f"{run['files']:,} {noun}"] if run["files"] else []
    words += [f"{run[name]:,} {name}" for name in COUNTS[1:] if run[name]]
    return ", ".join(words) or "Nothing new"


def _chip(run: dict[str, Any]) -> tuple[str, str, str]:
    """Returns the chip of a run; one that could not read each row says so."""
    if run["state"] == "succeeded" and run["failed"]:
        return ("soon", "circle-alert", "Done in part")
    return STATES[run["state"]]


def show(request: Any) -> dict[str, Any]:
    """Shows a connector with its latest runs."""
    unit = request.unit
    found = connectors.find_connector(unit, request.matchdict["id"])
    row = _row(request, connector_shape(found), People(unit).names([found.owner_id]))
    asked = [("connector_id", str(found.id)), ("limit", SHOWN_RUNS)]
    runs = run_list(unit, RUNS, read_request(RUNS, asked)).rows
    return {
        "title": found.name,
        "crumbs": _crumbs(request)[:1],
        "connector": row,
        "settings": [
            (label, value if isinstance(value, str) else str(value))
            for label, value in connector_form.described(request, found)
        ],
        "runs": [{**run, "chip": _chip(run), "outcome": outcome_of(run)} for run in runs],
        "may_change": unit.access.permits(CONNECTOR_CHANGE),
        "may_run": unit.access.permits(CONNECTOR_RUN),
        "run_href": request.route_path("integration.connector.run", id=found.id),
        "edit_href": request.route_path("integration.connector.edit", id=found.id),
        "remove_href": request.route_path("integration.connector.remove", id=found.id),
    }


def offer(request: Any) -> Any:
    """Shows the form of a new connector; which kind it is to be, is chosen in the list."""
    if "kind" not in request.GET:
        return see_other(request, LIST)
    kind = connectors.kind_of(request.platform, request.GET["kind"])
    form = connector_form.make_form(request, kind)
    return _page(request, f"New connector: {kind.title}", form.shown(connector_form.blank(kind)))


def create(request: Any) -> Any:
    """Sets a connector up."""
    kind = connectors.kind_of(request.platform, str(request.POST.get("kind", "")))
    form = connector_form.make_form(request, kind)
    values = posted(form, request.POST)
    try:
        given = connector_form.read_new(kind, values)
        made = connectors.create(request.unit, given)
    except CalibrifyError as error:
        return _page(
            request, f"New connector: {kind.title}", form.shown(values, problems_of(error))
        )
    flash(request, f"{made.name} is set up.")
    return see_other(request, ONE, id=made.id)


def edit(request: Any) -> dict[str, Any]:
    """Shows the form of a connector."""
    found = connectors.find_connector(request.unit, request.matchdict["id"], CONNECTOR_CHANGE)
    kind = connectors.kind_of(request.platform, found.kind)
    form = connector_form.make_form(request, kind, found)
    return _page(request, f"Edit {found.name}", form.shown(connector_form.values_of(found)))


def save(request: Any) -> Any:
    """Changes a connector; who comes second sees both versions."""
    found = connectors.find_connector(request.unit, request.matchdict["id"], CONNECTOR_CHANGE)
    kind = connectors.kind_of(request.platform, found.kind)
    form = connector_form.make_form(request, kind, found)
    values = posted(form, request.POST)
    if request.POST.get("version") != str(found.version):
        one = request.route_path(ONE, id=found.id)
        saved = Saved.of(request, found.name, found, one)
        stored = connector_form.values_of(found)
        return show_conflict(request, form, values, stored, saved, crumbs=_crumbs(request))
    try:
        connectors.change(request.unit, found, connector_form.read_changes(kind, values))
    except CalibrifyError as error:
        title = f"Edit {values['name'] or 'connector'}"
        return _page(request, title, form.shown(values, problems_of(error)))
    flash(request, f"{found.name} is saved.")
    return see_other(request, ONE, id=found.id)


def run(request: Any) -> Any:
    """Starts a run."""
    found = connectors.find_connector(request.unit, request.matchdict["id"], CONNECTOR_RUN)
    connectors.start(request.unit, found)
    flash(request, "The run is started.")
    return see_other(request, ONE, id=found.id)


def confirm_removal(request: Any) -> dict[str, Any]:
    """Asks whether a connector is to go."""
    found = connectors.find_connector(request.unit, request.matchdict["id"], CONNECTOR_CHANGE)
    one = request.route_path(ONE, id=found.id)
    return {
        "title": f"Remove {found.name}",
        "crumbs": [*_crumbs(request), (found.name, one)],
        "confirm": {
            "action": request.route_path("integration.connector.remove", id=found.id),
            "sentence": "It does not run any more, and its runs are forgotten.",
            "consequences": ["What it imported stays."],
            "submit_label": "Remove connector",
            "icon": "trash-2",
            "danger": True,
            "cancel_href": one,
        },
    }


def remove(request: Any) -> Any:
    """Removes a connector; what it imported stays."""
    found = connectors.find_connector(request.unit, request.matchdict["id"], CONNECTOR_CHANGE)
    connectors.remove(request.unit, found)
    flash(request, f"{found.name} is removed. What it imported stays.")
    return see_other(request, LIST)


def back(request: Any) -> Any:
    """Leads back to the connector: the address only takes a form."""
    return see_other(request, ONE, id=request.matchdict["id"])


def _crumbs(request: Any) -> list[tuple[str, str | None]]:
    """Returns the way to the connectors."""
    return [("Connectors", request.route_path(LIST))]


def _page(request: Any, title: str, form: dict[str, Any]) -> dict[str, Any]:
    """Returns a form page."""
    return {"title": title, "crumbs": _crumbs(request), "form": form}


def includeme(config: Any) -> None:
    """Adds the pages."""
    page, form = config.add_page, "calibrify/form.html"
    page(
        LIST,
        "/admin/connectors",
        show_list,
        permission=CONNECTOR_VIEW,
        template="integration/connectors.html",
    )
    page(
        "integration.connector.create",
        "/admin/connectors/new",
        offer,
        permission=CONNECTOR_CHANGE,
        template=form,
        post=create,
    )
    page(
        ONE,
        "/admin/connectors/{id:uuid}",
        show,
        permission=CONNECTOR_VIEW,
        template="integration/connector.html",
    )
    page(
        "integration.connector.edit",
        "/admin/connectors/{id:uuid}/edit",
        edit,
        permission=CONNECTOR_CHANGE,
        template=form,
        post=save,
    )
    page(
        "integration.connector.run",
        "/admin/connectors/{id:uuid}/run",
        back,
        permission=CONNECTOR_RUN,
        post=run,
    )
    page(
        "integration.connector.remove",
        "/admin/connectors/{id:uuid}/remove",
        confirm_removal,
        permission=CONNECTOR_CHANGE,
        template="calibrify/confirm.html",
        post=remove,
    )
