"""A private Redis for tests: in memory alone, behind a password, gone with the tests."""

from __future__ import annotations

import contextlib
import secrets
import shutil
import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from redis import Redis, RedisError

from calibrify_core.testing.processes import NotStarted, await_answer, free_port, started, stopped

if TYPE_CHECKING:
    from collections.abc import Iterator

_START_SECONDS = 15.0


class RedisUnavailable(Exception):
    """No Redis server program is installed, or the server did not start."""


@dataclass(slots=True)
class RedisServer:
    """A private server on the loopback address, which a test may stop and start again.

    Attributes:
        port: TCP port on 127.0.0.1.
        password: needed by every client; new for each server.
    """

    port: int
    password: str
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def url(self) -> str:
        """Return the address with the password."""
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    @property
    def pid(self) -> int | None:
        """Return the process id of the server, or None while it is stopped."""
        return None if self._process is None else self._process.pid

    def client(self) -> Redis:
        """Return a client of the server."""
        return Redis.from_url(self.url, socket_timeout=5)

    def start(self) -> None:
        """Start the server, empty, on the port that it always has.

        Raises:
            RedisUnavailable: if the program is not installed, or does not start.
        """
        program = shutil.which("redis-server")
        if program is None:
            raise RedisUnavailable(
                "No Redis server is installed; on Debian or Ubuntu: apt-get install redis-server"
            )
        settings = {"port": self.port, "bind": "127.0.0.1", "save": "", "appendonly": "no"}
        # The settings come by standard input, so that the password stands in no list of processes.
        text = "".join(f'{name} "{value}"\n' for name, value in settings.items())
        self._process = started([program, "-"], text + f"requirepass {self.password}\n")
        with contextlib.closing(self.client()) as client:
            try:
                await_answer(self._process, client.ping, RedisError, _START_SECONDS)
            except NotStarted as error:
                raise RedisUnavailable("Redis did not start.") from error

    def stop(self) -> None:
        """Stop the server by its pid; what it held is lost."""
        if self._process is not None:
            stopped(self._process)
            self._process = None


@contextlib.contextmanager
def running_redis() -> Iterator[RedisServer]:
    """Run a private Redis for as long as the context lasts.

    Yields:
        The running server.

    Raises:
        RedisUnavailable: if the program is not installed, or does not start.
    """
    server = RedisServer(free_port(), secrets.token_urlsafe(16))
    server.start()
    try:
        yield server
    finally:
        server.stop()
