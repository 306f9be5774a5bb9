"""A real HTTP server on loopback that does as a test tells it."""

from __future__ import annotations

import contextlib
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Heard:
    """A request that arrived."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


Behaviour = Callable[[Any, Heard], None]


def answer(
    status: int = 200, body: bytes = b"", headers: dict[str, str] | None = None
) -> Behaviour:
    """Returns the behaviour of a server that answers so."""

    def behave(handler: Any, _heard: Heard) -> None:
        handler.send_response(status)
        for name, value in (headers or {}).items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return behave


def hang_up(handler: Any, _heard: Heard) -> None:
    """Closes the connection without a word."""
    handler.connection.close()


def drip(handler: Any, _heard: Heard) -> None:
    """Sends one byte of its head every tenth of a second, without an end."""
    with contextlib.suppress(OSError):
        while True:
            handler.wfile.write(b"H")
            handler.wfile.flush()
            time.sleep(0.1)


def cut_short(handler: Any, _heard: Heard) -> None:
    """Promises more than it sends."""
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b"half")


def endless(handler: Any, _heard: Heard) -> None:
    """Answers at once, with a body that never ends."""
    handler.send_response(200)
    handler.send_header("Connection", "close")
    handler.end_headers()
    with contextlib.suppress(OSError):
        while True:
            handler.wfile.write(b"x" * 65_536)


def drip_body(handler: Any, _heard: Heard) -> None:
    """Answers at once, with a body of one byte every tenth of a second."""
    handler.send_response(200)
    handler.send_header("Connection", "close")
    handler.end_headers()
    with contextlib.suppress(OSError):
        while True:
            handler.wfile.write(b"x")
            handler.wfile.flush()
            time.sleep(0.1)


@dataclass
class Receiver:
    """A running server: what it heard, and how it behaves from now on."""

    port: int
    scheme: str = "http"
    heard: list[Heard] = field(default_factory=list)
    behaviour: Behaviour = field(default_factory=answer)

    def url(self, path: str = "/in", host: str = "127.0.0.1") -> str:
        """Returns an address of it."""
        return f"{self.scheme}://{host}:{self.port}{path}"


class _Server(ThreadingHTTPServer):
    """Lets its threads go with the test."""

    daemon_threads = True
    block_on_close = False

    def handle_error(self, *_: Any) -> None:
        """Takes a client that goes away for what it is."""


@contextlib.contextmanager
def receiving(trust: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    """Runs a server on a free port of loopback."""

    class Handler(BaseHTTPRequestHandler):
        def respond(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            headers = {name.lower(): value for name, value in self.headers.items()}
            heard = Heard(self.command, self.path, headers, self.rfile.read(length))
            receiver.heard.append(heard)
            self.close_connection = True
            receiver.behaviour(self, heard)

        do_GET = do_POST = respond  # noqa: N815 - as the library calls them

        def log_message(self, *_: Any) -> None:
            pass

    server = _Server(("127.0.0.1", 0), Handler)
    if trust is not None:
        server.socket = trust.wrap_socket(server.socket, server_side=True)
    receiver = Receiver(server.server_address[1], "https" if trust else "http")
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
