"""CPU time per request: of the server's processes and of the database's, apart from the client."""

from __future__ import annotations

import http.client
import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Ask:
    """One request.

    Attributes:
        path: with its query.
        body: JSON values of a POST, None for a GET.
        headers: besides the usual ones.
        status: that must be answered.
    """

    path: str
    body: Any = None
    headers: tuple[tuple[str, str], ...] = ()
    status: int = 200


@dataclass(frozen=True, slots=True)
class Cost:
    """What one request costs, in milliseconds.

    Attributes:
        application: CPU time of the server.
        database: CPU time of the database.
        elapsed: from the first byte sent to the last received, the median.
        size: bytes of the answer's body, the last one's.
    """

    application: float
    database: float
    elapsed: float
    size: int

    @property
    def total(self) -> float:
        """CPU time of both."""
        return self.application + self.database


def cpu_seconds(root: int) -> float:
    """Returns the CPU seconds that a process and all its descendants used, ended ones included."""
    children: dict[int, list[int]] = {}
    used: dict[int, float] = {}
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            facts = (folder / "stat").read_text("utf-8").rpartition(")")[2].split()
        except OSError:
            continue
        children.setdefault(int(facts[1]), []).append(int(folder.name))
        used[int(folder.name)] = sum(map(int, facts[11:15])) / TICKS
    total, left = 0.0, [root]
    while left:
        pid = left.pop()
        total += used.get(pid, 0.0)
        left += children.get(pid, [])
    return total


class Client:
    """One kept-alive connection to a server on the loopback address.

    Args:
        port: TCP port.
        token: sent as a bearer token.
    """

    def __init__(self, port: int, token: str = "") -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        self.token = token

    def send(self, ask: Ask) -> tuple[bytes, Any]:
        """Sends a request; returns body and headers.

        Raises:
            AssertionError: another status than the expected one was answered.
        """
        headers = dict(ask.headers)
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        body = None
        if ask.body is not None:
            headers["Content-Type"] = "application/json"
            body = json.dumps(ask.body).encode()
        self.connection.request("GET" if body is None else "POST", ask.path, body, headers)
        answer = self.connection.getresponse()
        content = answer.read()
        assert answer.status == ask.status, (ask.path, answer.status, content[:300])
        return content, answer.headers

    def read(self, path: str) -> Any:
        """Returns the JSON values of a GET."""
        return json.loads(self.send(Ask(path))[0])


def cost_of(
    client: Client, ask: Callable[[int], Ask], server: int, database: int, number: int
) -> Cost:
    """Measures one kind of request, one after another on one connection.

    Args:
        client: of the server.
        ask: makes the request with a number.
        server: process id of the server.
        database: process id of the database's postmaster.
        number: how many requests; a tenth more go before, unmeasured.
    """
    for index in range(-max(20, number // 10), 0):
        client.send(ask(index))
    times, content = [], b""
    before = cpu_seconds(server), cpu_seconds(database)
    for index in range(number):
        started = time.perf_counter()
        content, _ = client.send(ask(index))
        times.append(time.perf_counter() - started)
    after = cpu_seconds(server), cpu_seconds(database)
    application, stored = (1000 * (b - a) / number for a, b in zip(before, after, strict=True))
    return Cost(application, stored, 1000 * sorted(times)[number // 2], len(content))
