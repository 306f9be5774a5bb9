"""A plant for tests: a laboratory with work orders and plans to send."""

from __future__ import annotations

from typing import Any

from calibrify_core.testing.client import ApiClient
from calibrify_core.testing.house import PASSWORD
from plugins.calibration.tests.laboratory import API, Lab

M = f"{API}maintenance/"
PLANS = f"{API}maintenance-plans/"


class Plant(Lab):
    """A running application, people in it, and verbs of maintenance."""

    def order(self, equipment_id: str, status: int = 201, **values: Any) -> Any:
        """Opens a work order by the technician."""
        body = {"equipment_id": equipment_id, "title": "Look at it", **values}
        return self.technician.post_json(M, body, status=status).json

    def step(
        self,
        order_id: str,
        verb: str,
        status: int = 200,
        by: ApiClient | None = None,
        **values: Any,
    ) -> Any:
        """Takes a step with a work order, by the technician unless somebody else is named."""
        client = by or self.technician
        return client.post_json(f"{M}{order_id}/{verb}/", values, status=status).json

    def done(self, equipment_id: str, **values: Any) -> Any:
        """Opens, starts and completes a work order."""
        made = self.order(equipment_id, **values)
        self.step(made["id"], "start")
        return self.step(made["id"], "complete")

    def show(self, order_id: str) -> Any:
        """Returns a work order as the API shows it."""
        return self.manager.get(f"{M}{order_id}/").json

    def place(self, name: str, parent_id: str | None = None) -> str:
        """Makes a location; its id."""
        body = {"name": name, "kind": "site", "parent_id": parent_id}
        return str(self.manager.post_json(f"{API}locations/", body).json["id"])

    def category(self, name: str, **values: Any) -> str:
        """Makes a category; its id."""
        body = {"name": name, **values}
        return str(self.manager.post_json(f"{API}categories/", body).json["id"])


SIGNED = {"password": PASSWORD, "meaning": "performed"}
