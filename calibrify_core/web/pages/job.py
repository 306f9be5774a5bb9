"""A job's page: how far the work is, and what came of it."""

from __future__ import annotations

from typing import Any

from calibrify_core.auth.policy import SIGNED_IN
from calibrify_core.records.jobs import cancel_job, find_job
from calibrify_core.tasks.job import Job
from calibrify_core.web.kit import see_other
from calibrify_core.web.panels import JOB_ACTIONS, panels_of

STATES = {
    "queued": "waiting",
    "running": "running",
    "succeeded": "done",
    "failed": "failed",
    "cancelled": "failed",
}
COUNTS = ("rows", "created", "updated", "unchanged", "failed", "removed", "restored", "left")


def show(request: Any) -> dict[str, Any]:
    """Shows a job of who asks."""
    job = find_job(request.unit, request.matchdict["id"])
    title = job.payload.get("title") or job.kind.rpartition(".")[2].replace("_", " ").capitalize()
    return {"title": title, "job": _shown(request, job, title)}


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
