"""What is asked of both servers, and how many times the limit each answer may cost."""

from __future__ import annotations

import itertools
import random
import re
from collections.abc import Callable
from typing import Any

from tests.benchmarks.measure import Ask, Client

E = "/api/v1/equipment/"
WORDS = ("mitutoyo", "fluke caliper", "EQ-00001", "torque", "sn0001", "zeiss balance", "m37")
SAMPLE = 500
# Times the limit: what performance is judged by.
PAGE, SEARCH, ONE, CREATE = 2.25, 1.65, 3.0, 3.75
Asks = Callable[[int], Ask]


class Workload:
    """The requests of one run.

    Args:
        client: of Calibrify, signed in.
        size: how many instruments there are.
    """

    def __init__(self, client: Client, size: int) -> None:
        self.client, self.size = client, size
        self.random = random.Random(7)
        self.serial = itertools.count(1)
        first = client.read(f"{E}?limit={SAMPLE}")["results"]
        self.ids = [row["id"] for row in first]
        self.categories = [row["id"] for row in client.read("/api/v1/categories/")["results"]]
        self.rooms = [row["id"] for row in client.read("/api/v1/locations/")["results"]]
        self.deep = self.tag = self.version = ""

    def look_around(self) -> None:
        """Walks to the page at nine tenths of the list, as a person would."""
        path = f"{E}?limit=500&fields=asset_tag"
        for _ in range(max(1, self.size * 9 // 10 // 500)):
            page = self.client.read(path)
            path = re.sub(r"^https?://[^/]+", "", page["next"])
        self.tag = page["results"][-1]["asset_tag"].lower()
        self.deep = path.replace("limit=500", "limit=50").replace("&fields=asset_tag", "")
        _, headers = self.client.send(Ask(f"{E}{self.ids[0]}/"))
        self.version = headers["ETag"]

    def model(self) -> Ask:
        """Returns the request for the calibration that all others are copied from."""
        return self._calibration(0)

    def all(self) -> dict[str, tuple[Asks, Asks, float]]:
        """Returns name → (request to Calibrify, request to the limit, most times the limit)."""
        alike = {
            "list": (f"{E}?limit=50", PAGE),
            "sort by due": (f"{E}?ordering=due_on&limit=50", PAGE),
            "due list": ("/api/v1/calibrations/due/?within_days=30&limit=50", PAGE),
            "summary": ("/api/v1/dashboard/summary/", PAGE),
        }
        found: dict[str, tuple[Asks, Asks, float]] = {
            name: (self._fixed(path), self._fixed(path), ratio)
            for name, (path, ratio) in alike.items()
        }
        deep, least = self._fixed(self.deep), self._fixed(f"{E}?limit=50&after={self.tag}")
        again = (("If-None-Match", self.version),)
        same = Ask(f"{E}{self.ids[0]}/", headers=again, status=304)
        return found | {
            "filter": (self._filtered, self._filtered, PAGE),
            "search": (self._searched, self._searched, SEARCH),
            "deep page": (deep, least, PAGE),
            "one": (self._one(""), self._one(""), ONE),
            "calibrations": (self._one("calibrations/"), self._one("calibrations/"), ONE),
            "not modified": (lambda _: same, lambda _: same, ONE),
            "create": (self._instrument, self._instrument, CREATE),
            "calibrate": (self._calibration, self._calibration, CREATE),
        }

    @staticmethod
    def _fixed(path: str) -> Asks:
        ask = Ask(path)
        return lambda _: ask

    def _filtered(self, index: int) -> Ask:
        category = self.categories[index % len(self.categories)]
        return Ask(f"{E}?status=in_service&category={category}&limit=50")

    @staticmethod
    def _searched(index: int) -> Ask:
        return Ask(f"{E}?q={WORDS[index % len(WORDS)].replace(' ', '+')}&limit=50")

    def _one(self, rest: str) -> Asks:
        return lambda _: Ask(f"{E}{self.random.choice(self.ids)}/{rest}")

    def _instrument(self, index: int) -> Ask:
        number = next(self.serial)
        body = {
            "asset_tag": f"NEW-{number:07d}",
            "name": "Fluke 87V multimeter",
            "serial_number": f"N{number}",
            "manufacturer": "Fluke",
            "model": "87V",
            "category_id": self.categories[index % len(self.categories)],
            "location_id": self.rooms[index % len(self.rooms)],
            "status": "in_service",
            "criticality": "normal",
        }
        return Ask(E, body, status=201)

    def _calibration(self, index: int) -> Ask:
        points: list[dict[str, Any]] = [
            {
                "parameter": "DC voltage",
                "unit": "V",
                "nominal": str(step),
                "reference_value": str(step),
                "lower_limit": f"{step - 0.02:.3f}",
                "upper_limit": f"{step + 0.02:.3f}",
                "expanded_uncertainty": "0.004",
                "coverage_factor": "2",
                "as_found": [f"{step + 0.003:.3f}"],
            }
            for step in range(1, 11)
        ]
        body = {
            "equipment_id": self.ids[index % len(self.ids)],
            "kind": "periodic",
            "performed_at": "2026-01-15T09:00:00Z",
            "decision_rule": "simple_acceptance",
            "adjusted": False,
            "submit": True,
            "environment": {"temperature_c": "20.0", "relative_humidity_pct": "45"},
            "standards": [],
            "points": points,
        }
        return Ask("/api/v1/calibrations/", body, status=201)
