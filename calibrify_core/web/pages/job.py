"""Background work of who asks: the list, and how far one is and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from calibrify_core.auth.policy import SIGNED_IN
from calibrify_core.records.jobs import cancel_job, find_job, job_list, shape_job
from calibrify_core.tasks.job import Job
from calibrify_core.web.kit import see_other
from calibrify_core.web.lists import Column, Facet, ListPage, show_list
from calibrify_core.web.panels import JOB_ACTIONS, panels_of

STATES = {
    "queued": {"tone": "out", "icon": "clock-alert", "word": "Waiting"},
    "running": {"tone": "incal", "icon": "activity", "word": "Running"},
    "succeeded": {"tone": "ok", "icon": "circle-check", "word": "Done"},
    "failed": {"tone": "late", "icon": "triangle-alert", "word": "Failed"},
    "cancelled": {"tone": "out", "icon": "ban", "word": "Cancelled"},
}
COUNTS = ("rows", "created", "updated", "unchanged", "failed", "removed", "restored", "left")
_JOBS = job_list(SIGNED_IN)
JOBS = replace(
    _JOBS,
    columns=(*_JOBS.columns, Job.payload),
    shape=lambda row, _: {**shape_job(row), "title": title_of(row), "asked_at": row.created_at},
)


def title_of(job: Any) -> str:
    """Returns what a job does, in words."""
    title = job.payload.get("title")
    return str(title or job.kind.rpartition(".")[2].replace("_", " ").capitalize())


def show_all(request: Any) -> dict[str, Any]:
    """Shows the jobs of who asks, newest first."""

    def cells(record: Mapping[str, Any]) -> dict[str, Any]:
        href = request.route_path("core.job.show", id=record["id"])
        progress, result = record["progress"], record["result"] or {}
        told = [f"{name.capitalize()}: {result[name]}" for name in COUNTS if result.get(name)]
        values = {
            "job": {"title": record["title"], "href": href},
            "state": STATES[record["state"]],
            "created_at": record["asked_at"],
            "came": " · ".join(told) or progress["message"],
        }
        return {"id": record["id"], "label": record["title"], "href": href, "cells": values}

    page = ListPage(
        route="core.job.list",
        label="Your jobs",
        lead="Imports, exports and what else runs in the background for you.",
        columns=(
            Column("job", "Job", "name", "name"),
            Column("state", "State", "chip", "state shrink"),
            Column("created_at", "Asked for", "datetime", "meta", order="created_at"),
            Column("came", "What came of it", cls="meta"),
        ),
        cells=cells,
        search_label="",
        facets=(Facet("state", "State", [(key, state["word"]) for key, state in STATES.items()]),),
        empty={
            "icon": "activity",
            "title": "No job matches" if request.GET else "No job yet",
            "text": "Nothing has these filters together."
            if request.GET
            else "What you import or take back stands here, while it runs and afterwards.",
        },
    )
    listing, _ = show_list(request, JOBS, page)
    return {"title": "Your jobs", "listing": listing}


def show(request: Any) -> dict[str, Any]:
    """Shows a job of who asks."""
    job = find_job(request.unit, request.matchdict["id"])
    title = title_of(job)
    crumbs = [("Your jobs", request.route_path("core.job.list"))]
    return {"title": title, "crumbs": crumbs, "job": _shown(request, job, title)}


def _shown(request: Any, job: Job, title: str) -> dict[str, Any]:
    """Returns a job as its template needs it."""
    result = job.result or {}
    facts = [(name.capitalize(), result[name]) for name in COUNTS if name in result]
    problem = job.errors[0]["detail"] if job.errors else None
    if job.state == "cancelled":
        problem = "Cancelled. What was finished until then stays."
    href = job.payload.get("result_href")
    return {
        "id": str(job.id),
        "title": title,
        "state": STATES[job.state],
        "going": not job.finished,
        "done": job.done,
        "total": job.total,
        "sentence": job.message or ("Waiting for its turn" if job.state == "queued" else ""),
        "facts": facts,
        "problem": problem,
        "errors": result.get("errors", ())[:50],
        "warnings": result.get("warnings", ())[:50],
        "report_href": job.payload.get("report_href") if result.get("errors") else None,
        "result_href": href if job.state == "succeeded" else None,
        "result_label": job.payload.get("result_label", "Show the result"),
        "actions": panels_of(request, JOB_ACTIONS, job) if job.finished else [],
        "cancel_href": None if job.finished else request.route_path("core.job.cancel", id=job.id),
        "poll_href": request.path_qs,
    }


def cancel(request: Any) -> Any:
    """Asks a job to stop after the batch at hand."""
    job = cancel_job(request.unit, request.matchdict["id"])
    return see_other(request, "core.job.show", id=job.id)


def includeme(config: Any) -> None:
    """Adds the pages."""
    config.add_page(
        "core.job.list", "/jobs", show_all, permission=SIGNED_IN, template="calibrify/list.html"
    )
    config.add_page(
        "core.job.show",
        "/jobs/{id:uuid}",
        show,
        permission=SIGNED_IN,
        template="calibrify/job.html",
    )
    config.add_page(
        "core.job.cancel",
        "/jobs/{id:uuid}/cancel",
        show,
        permission=SIGNED_IN,
        template="calibrify/job.html",
        post=cancel,
    )
