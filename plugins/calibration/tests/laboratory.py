"""A laboratory for tests: the application, people in it, and calibrations to send."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from webtest import TestApp

from calibrify_core.auth.grants import Grants
from calibrify_core.auth.roles import Roles
from calibrify_core.auth.users import Users
from calibrify_core.testing.client import HTTPS, ApiClient
from calibrify_core.testing.house import PASSWORD, House

API = "/api/v1/"


@dataclass
class Lab(House):
    """A running application at a fixed moment, and people in it.

    Attributes:
        manager: may do everything with calibrations.
        technician: may record and submit.
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


def browser(lab: Lab, role: str) -> TestApp:
    """Returns a browser without scripts in which a new account is signed in."""
    name = lab.unique(role)
    with lab.platform.unit() as unit:
        user = Users(unit).create(username=name, password=PASSWORD, name=name.title())
        found = Roles(unit).named(role)
        assert found is not None
        Grants(unit).give(found.id, user_id=user.id)
    made = TestApp(lab.app, extra_environ=dict(HTTPS))
    form = made.get("/login").forms[0]
    form["email"], form["password"] = name, PASSWORD
    form.submit(status=303)
    return made


def form_of(page: Any, action: str = "") -> Any:
    """Returns the form of a page that changes something."""
    forms = [
        form
        for form in page.forms.values()
        if form.method.upper() == "POST" and "logout" not in (form.action or "")
    ]
    return next(form for form in forms if action in (form.action or ""))


def chips(page: Any, where: str = "main") -> list[str]:
    """Returns the words of the chips of a part of a page."""
    return [chip.text.strip() for chip in page.html.select(f"{where} .chip")]
