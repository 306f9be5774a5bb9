"""The hub as tests run it: its loop in a thread, and a reader of its streams."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from calibrify_core.work.platform import Platform
from calibrify_integration.live.hub import Hub, Limits, listen

STREAM = "/api/v1/events/stream/"
QUICK = Limits(head_seconds=0.5, look_seconds=0.05, beat_seconds=0.4, drain_seconds=0.5)


@dataclass
class Stream:
    """One connection to the hub.

    Attributes:
        port: of the hub.
        status: of the answer.
        headers: of the answer, by their names in small letters.
        cursor: the id that came last.
    """

    port: int
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    cursor: str = ""

    def __post_init__(self) -> None:
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
        self._socket.settimeout(10)
        self._socket.connect(("127.0.0.1", self.port))
        self._lines = self._socket.makefile("rb")

    def ask(
        self, method: str = "GET", path: str = STREAM, headers: Any = (), **query: Any
    ) -> Stream:
        """Sends a request and reads the head of the answer."""
        target = f"{path}?{urlencode(query, doseq=True)}" if query else path
        lines = [f"{method} {target} HTTP/1.1", "Host: x"]
        lines += [f"{name}: {value}" for name, value in dict(headers).items()]
        self.send(("\r\n".join(lines) + "\r\n\r\n").encode())
        return self.answer()

    def send(self, data: bytes) -> None:
        """Sends bytes as they are."""
        self._socket.sendall(data)

    def answer(self) -> Stream:
        """Reads the head of the answer; 0 stands for a connection that was closed."""
        first = self.line()
        if first is None:
            return self
        self.status = int(first.split()[1])
        while line := self.line():
            name, _, value = line.partition(": ")
            self.headers[name.lower()] = value
        return self

    def line(self) -> str | None:
        """Reads a line, None at the end of the stream."""
        try:
            found = self._lines.readline()
        except ConnectionError:
            return None
        return found.decode().rstrip("\r\n") if found else None

    def messages(self) -> Iterator[tuple[str, Any]]:
        """Yields what is told, as (name, data), until the stream ends."""
        name, data = "message", ""
        while (line := self.line()) is not None:
            word, _, value = line.partition(": ")
            if word == "id":
                self.cursor = value
            elif word == "event":
                name = value
            elif word == "data":
                data = value
            elif not line and data:
                yield name, json.loads(data)
                name, data = "message", ""

    def next(self) -> Any:
        """Returns the data of the next message."""
        return next(self.messages())[1]

    def ended(self) -> bool:
        """Reads on to the end of the stream; False if something is told before."""
        return next(self.messages(), None) is None

    def close(self) -> None:
        """Goes away."""
        self._lines.close()
        self._socket.close()


@contextmanager
def running_hub(platform: Platform, limits: Limits = QUICK) -> Iterator[int]:
    """Runs a hub for as long as the context lasts; its port."""
    listening = listen("127.0.0.1", 0)
    port = listening.getsockname()[1]
    ready = threading.Event()
    kept: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    async def serve() -> None:
        stop = asyncio.Event()
        kept.append((asyncio.get_running_loop(), stop))
        await Hub(platform, limits).run(listening, stop, ready.set)

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    assert ready.wait(10)
    try:
        yield port
    finally:
        (loop, stop), *_ = kept
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)
        assert not thread.is_alive()
