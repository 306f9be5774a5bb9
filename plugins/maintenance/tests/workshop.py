"""A workshop for tests: the application, people in it, instruments, orders and parts."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import Any

from webtest import TestApp

from calibrify_core.testing.client import HTTPS, ApiClient
from calibrify_core.testing.house import House
from calibrify_maintenance.models.work_order import WorkOrder

API = "/api/v1/"


@dataclass
class Workshop(House):
    """A running application at a fixed moment, and people in it.

    Attributes:
        manager: may do everything with parts and meters.
        technician: may move parts and read meters.
        viewer: may look.
    """

    manager: ApiClient = field(init=False)
    technician: ApiClient = field(init=False)
    viewer: ApiClient = field(init=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.manager = self.api("metrology_manager")
        self.technician = self.api("technician")
        self.viewer = self.api("viewer")

    def stranger(self) -> TestApp:
        """Returns a browser, without scripts, in which nobody is signed in."""
        return TestApp(self.app, extra_environ=dict(HTTPS))

    def place(self, name: str, parent_id: str | None = None) -> str:
        """Makes a location; its id."""
        return str(self.make("locations", name=name, parent_id=parent_id)["id"])

    def instrument(self, **values: Any) -> str:
        """Enters an instrument; its id."""
        body = {"name": "Compressor", "asset_tag": self.unique("EQ"), **values}
        return str(self.manager.post_json(f"{API}equipment/", body).json["id"])

    def order(self, equipment_id: str | None = None, **values: Any) -> str:
        """Opens a work order; its id."""
        instrument = equipment_id or self.instrument()
        with self.platform.unit() as unit:
            made = unit.add(
                WorkOrder(
                    organisation_id=unit.organisation.id,
                    number=self.unique("WO"),
                    equipment_id=uuid.UUID(instrument),
                    **{
                        "type": "corrective",
                        "title": "It leaks",
                        "status": "in_progress",
                        **values,
                    },
                )
            )
            unit.session.flush()
            return str(made.id)

    def part(self, **values: Any) -> Any:
        """Enters a part; as the API shows it."""
        body = {"name": "Seal", "number": self.unique("P"), **values}
        return self.manager.post_json(f"{API}parts/", body).json
