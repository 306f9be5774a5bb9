"""May an instrument be used today? The gravest answer of all checks decides."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from calibrify_core.work.unit import UnitOfWork
from calibrify_equipment.domain.lifecycle import SUSPENDED, WORDS, Status
from calibrify_equipment.domain.usability import Usability

CHECKS = "calibrify_equipment_usability_checks"

_STATES: Mapping[str, tuple[int, str, str, str, str]] = {
    # state: (grave, look, key, icon, headline); word comes from the lifecycle
    Status.DRAFT: (50, "out", "draft", "pencil", "Not released yet"),
    Status.IN_CALIBRATION: (60, "incal", "in_calibration", "flask-conical", "In calibration"),
    Status.IN_MAINTENANCE: (70, "out", "in_maintenance", "wrench", "Do not use: in maintenance"),
    Status.OUT_OF_SERVICE: (80, "out", "out_of_service", "ban", "Out of service"),
    Status.QUARANTINED: (90, "oot", "quarantined", "ban", "Do not use: quarantined"),
    Status.LOST: (95, "out", "lost", "ban", "Lost"),
    Status.RETIRED: (99, "out", "retired", "ban", "Retired"),
}
_EVIDENCE: Mapping[str, str] = {
    Status.DRAFT: "It was entered and has not been put in service.",
    Status.IN_CALIBRATION: "It is on the bench or at a laboratory.",
    Status.IN_MAINTENANCE: "It is being repaired or serviced.",
    Status.OUT_OF_SERVICE: "It was put aside; its schedules rest.",
    Status.QUARANTINED: "It is held back, whatever the dates say.",
    Status.LOST: "Nobody knows where it is; its schedules rest.",
    Status.RETIRED: "It is gone for good; its history stays.",
}
FIT = Usability(
    usable=True,
    grave=0,
    state="ok",
    key="in_service",
    word="In service",
    icon="circle-check",
    headline="In service",
    evidence="Nothing is known that speaks against its use.",
)


def judge_status(_unit: Any, record: Mapping[str, Any]) -> Usability | None:
    """Answers from the lifecycle: only what is in service may be used."""
    status = record["status"]
    if status not in _STATES:
        return None
    grave, look, key, icon, headline = _STATES[status]
    word = "Quarantined, do not use" if key == "quarantined" else WORDS[Status(status)]
    return Usability(
        usable=False,
        grave=grave,
        state=look,
        key=key,
        word=word,
        icon=icon,
        headline=headline,
        evidence=_EVIDENCE[status],
    )


def verdict(unit: UnitOfWork, record: Mapping[str, Any]) -> Usability:
    """Returns the gravest answer about a record of the list; `FIT` if nobody answers.

    What the lifecycle holds back is not asked further: its schedules may rest, and a date says
    nothing about what is on the bench.
    """
    answers = judgements(unit, record)
    return max(answers, key=lambda answer: answer.grave) if answers else FIT


def judgements(unit: UnitOfWork, record: Mapping[str, Any]) -> list[Usability]:
    """Returns all answers about a record of the list.

    A check that fails counts as an answer against the use, and names its plugin: what cannot be
    judged is not fit, and the page goes on without it.
    """
    answers = []
    for contribution in unit.platform.plugins.collect(CHECKS):
        check = contribution.value
        outcome = unit.guarded(contribution.plugin, check.name, partial(check.judge, unit, record))
        if not outcome.ok:
            answers.append(_unjudged(contribution.plugin))
        elif outcome.value is not None:
            answers.append(outcome.value)
    return answers


def _unjudged(plugin: str) -> Usability:
    """Returns the answer in place of a check that failed."""
    return Usability(
        usable=False,
        grave=40,
        state="out",
        key="not_judged",
        word="Cannot be judged",
        icon="circle-question-mark",
        headline="Do not use: it cannot be judged",
        evidence=f"A check of the plugin {plugin} failed; its log says why.",
    )


def reasons_against(unit: UnitOfWork, record: Mapping[str, Any], status: str) -> list[Usability]:
    """Returns what would speak against the use of an instrument in a state."""
    supposed = {**record, "status": status}
    return [answer for answer in judgements(unit, supposed) if not answer.usable]


def rests(record: Mapping[str, Any]) -> bool:
    """Tells whether the schedules of an instrument rest in its present state."""
    return record["status"] in SUSPENDED
