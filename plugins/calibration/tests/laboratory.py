"""A laboratory for tests: the application, people in it, and calibrations to send."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from calibrify_core.auth.grants import Grants
from calibrify_core.auth.recognition import Visit
from calibrify_core.auth.roles import Roles
from calibrify_core.auth.tokens import Tokens
from calibrify_core.auth.users import Users
from calibrify_core.testing.client import ApiClient
from calibrify_core.work.organisation import Organisation
from calibrify_core.work.platform import Platform

PASSWORD = "seven blue torque wrenches on a shelf"
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
API = "/api/v1/"


@dataclass
class Lab:
    """A running application at a fixed moment, and people in it.

    Attributes:
        manager: may do everything with calibrations.
        technician: may record and submit.
        viewer: may look.
    """

    platform: Platform
    app: Any
    client: ApiClient
    manager: ApiClient = field(init=False)
    technician: ApiClient = field(init=False)
    viewer: ApiClient = field(init=False)
    _count: Iterator[int] = field(default_factory=itertools.count)

    def __post_init__(self) -> None:
        self.manager = self.api("metrology_manager")
        self.technician = self.api("technician")
        self.viewer = self.api("viewer")

    def unique(self, word: str = "X") -> str:
        """Returns a text that is not in use."""
        return f"{word}-{next(self._count)}"

    def api(self, role: str, *scope: Any) -> ApiClient:
        """Returns an API client of a new account with a role, perhaps for a part only."""
        name = self.unique(role)
        with self.platform.unit() as unit:
            user = Users(unit).create(username=name, password=PASSWORD, name=name.title())
            found = Roles(unit).named(role)
            assert found is not None
            limits = dict(zip(("scope_type", "scope_id"), scope, strict=False))
            Grants(unit).give(found.id, user_id=user.id, **limits)
        pair = Tokens(self.platform).issue(name, PASSWORD, Visit())
        return self.client.signed_in(pair.access_token)

    def policy(self, **values: Any) -> None:
        """Sets policies of the organisation; people notice with their next request."""
        with self.platform.unit() as unit:
            organisation = unit.session.get(Organisation, unit.organisation.id)
            assert organisation is not None
            organisation.policies = {**organisation.policies, **values}

    def instrument(self, **values: Any) -> str:
        """Enters an instrument; its id."""
        body = {"name": "Multimeter", "asset_tag": self.unique("EQ"), **values}
        return str(self.manager.post_json(f"{API}equipment/", body).json["id"])

    def schedule(
        self, equipment_id: str, value: int = 12, unit: str = "months", **more: Any
    ) -> Any:
        """Sets a schedule; as the API shows it."""
        body = {"equipment_id": equipment_id, "interval": {"value": value, "unit": unit}, **more}
        return self.manager.post_json(f"{API}calibration-schedules/", body).json

    def record(self, equipment_id: str, status: int = 201, **values: Any) -> Any:
        """Records a calibration by the technician."""
        body = calibration(equipment_id, **values)
        return self.technician.post_json(f"{API}calibrations/", body, status=status).json

    def approve(self, record_id: str, status: int = 200, by: ApiClient | None = None) -> Any:
        """Approves a record by the manager."""
        client = by or self.manager
        body = {"password": PASSWORD, "meaning": "approved"}
        return client.post_json(f"{API}calibrations/{record_id}/approve/", body, status=status).json

    def approved(self, equipment_id: str, **values: Any) -> Any:
        """Records, submits and approves."""
        made = self.record(equipment_id, submit=True, **values)
        return self.approve(made["id"])

    def equipment(self, equipment_id: str) -> Any:
        """Returns an instrument as the API shows it."""
        return self.manager.get(f"{API}equipment/{equipment_id}/").json


def point(**values: Any) -> dict[str, Any]:
    """Returns a test point that passes."""
    return {
        "parameter": "DC voltage",
        "unit": "V",
        "nominal": "10",
        "lower_limit": "9.9905",
        "upper_limit": "10.0095",
        "expanded_uncertainty": "0.0006",
        "coverage_factor": "2",
        "as_found": ["10.0010"],
        **values,
    }


def calibration(equipment_id: str, **values: Any) -> dict[str, Any]:
    """Returns a calibration as it is sent."""
    return {
        "equipment_id": equipment_id,
        "kind": "periodic",
        "performed_at": "2026-03-01T09:30:00Z",
        "points": [point()],
        **values,
    }
