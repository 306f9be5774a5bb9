"""Plans and work orders of the demonstration laboratory: some months, ending today."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import cycle
from typing import Any

from calibrify_core.kernel.clock import Clock
from calibrify_core.work.unit import UnitOfWork
from calibrify_maintenance.models.work_order import WorkOrder
from calibrify_maintenance.services import due_orders, plans, steps, work_orders

CHECKLIST = [
    {"kind": "pass_fail", "label": "Housing and leads undamaged"},
    {"kind": "number", "label": "Battery voltage", "unit": "V", "lower_limit": "8.4"},
    {"kind": "text", "label": "Remarks", "required": False},
]
# Each with the kind of instrument that it is for.
PLANS: tuple[tuple[str, dict[str, Any]], ...] = (
    (
        "EL-DMM",
        {
            "title": "Check leads, fuses and battery",
            "type": "inspection",
            "rrule": "FREQ=MONTHLY;INTERVAL=6",
            "description": "Look at housing and leads, measure the battery, replace what is worn.",
            "checklist": CHECKLIST,
            "lead_days": 14,
        },
    ),
    (
        "TQ-WRN",
        {
            "title": "Grease ratchet and clean head",
            "type": "preventive",
            "rrule": "FREQ=MONTHLY;INTERVAL=12",
            "anchor": "completed",
            "lead_days": 30,
        },
    ),
    (
        "DM-CAL",
        {
            "title": "Clean jaws and faces",
            "type": "cleaning",
            "rrule": "FREQ=WEEKLY;INTERVAL=2",
        },
    ),
)


@dataclass(frozen=True, slots=True)
class Story:
    """A work order, and how far it came.

    Attributes:
        kind: of the instrument, as the demonstration codes it.
        title: what is to be done.
        opened: days before today.
        due: days from today.
        path: the steps that were taken.
        values: further members.
    """

    kind: str
    title: str
    opened: int
    due: int
    path: tuple[str, ...]
    values: dict[str, Any]


STORIES: tuple[Story, ...] = (
    Story("EL-OSC", "Display flickers", 2, 5, (), {"priority": "high"}),
    Story("EL-CLP", "Knob is loose", 1, 12, (), {}),
    Story("EL-DMM", "Handle is cracked", 9, -3, (), {"priority": "urgent"}),
    Story("EL-DMM", "Replace the test leads", 6, 3, ("schedule",), {}),
    Story("PR-GAU", "Renew the gasket", 12, 9, ("schedule",), {"type": "preventive"}),
    Story("PR-GAU", "Replace the zero spring", 8, -1, ("start",), {"affects_calibration": True}),
    Story("TM-IR", "Clean the optics", 4, 6, ("start",), {"type": "cleaning"}),
    Story("EL-DMMB", "New input fuse", 15, -6, ("start", "hold"), {"priority": "high"}),
    Story("DM-DIA", "Stuck pointer", 60, -52, ("start", "complete"), {"failure_code": "MECH-01"}),
    Story("VL-PIP", "Broken clip", 95, -90, ("start", "complete"), {"failure_code": "MECH-04"}),
    Story("MS-BAL", "Firmware update", 41, -35, ("start", "complete"), {"type": "preventive"}),
    Story("CH-PH", "Wobbly stand", 30, -20, ("cancel",), {"priority": "low"}),
)


def load_maintenance(unit: UnitOfWork, memory: dict[str, Any]) -> None:
    """Fills plans and work orders; dates are relative to the clock.

    Args:
        unit: of the system itself.
        memory: what the equipment plugin left there: ``equipment``, ``people``.
    """
    served: dict[str, list[uuid.UUID]] = defaultdict(list)
    for one in memory.get("equipment", ()):
        if one["status"] == "in_service":
            served[one["code"]].append(one["id"])
    if not served:
        return
    person = memory.get("people", {}).get("technician")
    _Loader(unit, getattr(person, "id", person)).load(served)


class _Loader:
    """Writes work orders as if they had been entered on their day."""

    def __init__(self, unit: UnitOfWork, person: uuid.UUID | None) -> None:
        self.unit = unit
        self.person = person
        self.platform = unit.platform
        self.today = unit.today()

    def now(self, day: date | None) -> None:
        """Turns the trade's clock to the afternoon of a day, None for today."""
        clock = self.platform.clock
        if day is not None:
            moment = datetime.combine(day, time(14, 30), self.unit.organisation.zone)
            clock = Clock(moment.astimezone(UTC))
        self.unit.platform = replace(self.platform, clock=clock)

    def load(self, served: Mapping[str, list[uuid.UUID]]) -> None:
        """Writes everything.

        Args:
            served: instruments in service by kind; the orders of one kind take turns.
        """
        turns = {kind: cycle(found) for kind, found in served.items()}
        for story in STORIES:
            self._tell(story, next(turns[story.kind]))
        self.now(None)
        for place, (kind, values) in enumerate(PLANS):
            starts_on = self.today + timedelta(days=6 - 5 * place)
            plan = plans.create(
                self.unit,
                {
                    **values,
                    "equipment_id": next(turns[kind]),
                    "starts_on": starts_on,
                    "assigned_to_id": self.person,
                    "checklist": [
                        {"required": True, "unit": "", "lower_limit": None, "upper_limit": None,
                         **item}
                        for item in values.get("checklist", ())
                    ],
                },
            )  # fmt: skip
            due_orders.open_plan(self.unit, plan.id)

    def _tell(self, story: Story, equipment_id: uuid.UUID) -> None:
        """Writes one work order with its steps."""
        self.now(self.today - timedelta(days=story.opened))
        order = work_orders.request(
            self.unit,
            {
                "equipment_id": equipment_id,
                "title": story.title,
                "due_on": self.today + timedelta(days=story.due),
                "assigned_to_id": self.person if story.path else None,
                **story.values,
            },
        )
        for back, step in enumerate(story.path):
            self.now(self.today - timedelta(days=max(0, story.opened - 1 - 3 * back)))
            self._step(order, step, story)

    def _step(self, order: WorkOrder, step: str, story: Story) -> None:
        """Takes one step."""
        match step:
            case "schedule":
                day = self.today + timedelta(days=max(0, story.due))
                steps.schedule(self.unit, order.id, {"scheduled_date": day})
            case "start":
                steps.start(self.unit, order.id)
            case "hold":
                steps.hold(self.unit, order.id, "Waiting for the fuse, ordered from the maker.")
            case "cancel":
                steps.cancel(self.unit, order.id, "The stand was replaced with the bench.")
            case _:
                results = {
                    "work_done": "Found, mended and tried out.",
                    "labour_minutes": 35 + story.opened,
                    "downtime_minutes": 24 * 60,
                }
                steps.complete(self.unit, order.id, results)
