"""A private S3 endpoint for tests: moto's server, in memory and on the loopback address."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from calibrify_core.testing.processes import NotStarted, await_answer, free_port, started, stopped

if TYPE_CHECKING:
    from collections.abc import Iterator

_START_SECONDS = 60.0


class S3Unavailable(Exception):
    """The endpoint did not start; it needs ``moto[s3]`` with ``flask`` and ``flask-cors``."""


@dataclass(slots=True)
class S3Server:
    """A private endpoint, which a test may stop and start again.

    Attributes:
        port: TCP port on 127.0.0.1.
    """

    port: int
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def endpoint_url(self) -> str:
        """Return the address of the endpoint."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start the endpoint, empty, on the port that it always has.

        Raises:
            S3Unavailable: if it does not start.
        """
        command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(self.port)]
        self._process = started(command, environ=dict(os.environ))
        try:
            await_answer(self._process, self._greet, OSError, _START_SECONDS)
        except NotStarted as error:
            raise S3Unavailable("The S3 endpoint did not start.") from error

    def _greet(self) -> None:
        """Open a connection and close it."""
        socket.create_connection(("127.0.0.1", self.port), 1).close()

    def stop(self) -> None:
        """Stop the endpoint by its pid; what it held is lost."""
        if self._process is not None:
            stopped(self._process)
            self._process = None


@contextlib.contextmanager
def running_s3() -> Iterator[S3Server]:
    """Run a private S3 endpoint for as long as the context lasts.

    Yields:
        The running endpoint.

    Raises:
        S3Unavailable: if it does not start.
    """
    server = S3Server(free_port())
    server.start()
    try:
        yield server
    finally:
        server.stop()
