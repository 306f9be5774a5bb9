"""Outgoing requests to addresses that people name: checked, bounded, and without detours.

The host's name is resolved, every address that it stands for is checked, and the connection is
made to one of the very addresses that were checked: what a name server answers a moment later
changes nothing. No redirect is followed, no proxy of the environment is used.
"""

from __future__ import annotations

import queue
import socket
import ssl
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from http.client import HTTPException
from typing import Any

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError

from calibrify_core.kernel.errors import Invalid
from calibrify_core.work.platform import Platform
from calibrify_integration.domain.addresses import (
    Address,
    Network,
    Refused,
    Target,
    check_address,
    parse,
    parse_address,
    unfold,
)

SETTING = "allowed_networks"
RESOLVE_SECONDS = 3.0
MOST_ADDRESSES = 4


class Unreachable(Exception):
    """No whole answer came back; the text says why, as a sentence."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How long, and how much.

    Attributes:
        connect_seconds: until the connection stands.
        total_seconds: until the whole answer is there.
        most_bytes: of the answer's body; what comes after is not read.
    """

    connect_seconds: float = 5.0
    total_seconds: float = 15.0
    most_bytes: int = 65_536


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back.

    Attributes:
        status: the HTTP status; a redirect is an answer like any other.
        headers: by lower-case name.
        body: its first bytes, as they came.
        whole: whether that is all of the body.
        seconds: how long it took.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    whole: bool
    seconds: float


class Egress:
    """The one way out to addresses that people name.

    Args:
        networks: admitted beside all public addresses, for receivers in the house.
    """

    def __init__(self, networks: tuple[Network, ...] = ()) -> None:
        self._networks = networks

    @classmethod
    def of(cls, platform: Platform) -> Egress:
        """Returns the way out of an installation, as its settings admit it."""
        return cls(platform.plugin_settings["integration"][SETTING])

    def check(self, address: str, field: str = "url") -> None:
        """Checks an address before it is kept.

        Args:
            address: as a person gave it.
            field: the member that the error names.

        Raises:
            Invalid: no request would go there.
        """
        try:
            self._resolve(parse(address))
        except (Refused, Unreachable) as error:
            raise Invalid.field(field, str(error)) from None

    def send(
        self,
        method: str,
        address: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        limits: Limits | None = None,
    ) -> Answer:
        """Sends one request and returns what came back.

        Args:
            method: GET, POST …
            address: where to.
            headers: of the request; ``Host`` is filled in.
            body: of the request.
            limits: how long, and how much.

        Raises:
            Refused: the address leads where no request goes; nothing was sent.
            Unreachable: no whole head of an answer came back in time.
        """
        limits = limits or Limits()
        started = time.monotonic()
        target = parse(address)
        addresses = self._resolve(target)
        given = {"Accept-Encoding": "identity", **(headers or {}), "Host": target.authority}
        with _Deadline(limits.total_seconds) as deadline:
            try:
                connection = self._connect(target, addresses, limits, deadline)
                connection.request(method, target.path, body, given, preload_content=False)
                return _read(connection, limits.most_bytes, started, deadline)
            except (HTTPError, HTTPException, OSError, ValueError) as error:
                if deadline.passed:
                    seconds = f"{limits.total_seconds:g}"
                    raise Unreachable(f"There was no answer within {seconds} seconds.") from None
                raise Unreachable(_reason(error)) from None

    def _connect(
        self, target: Target, addresses: list[Address], limits: Limits, deadline: _Deadline
    ) -> HTTPConnection:
        """Connects to the first address that answers.

        Raises:
            OSError, HTTPError: what the last of them did instead.
        """
        failure: Exception = OSError("it has no address")
        for address in addresses:
            connection = self._connection(target, address, limits.connect_seconds)
            try:
                deadline.connect(connection, limits.total_seconds)
            except (HTTPError, OSError) as error:
                connection.close()
                failure = error
            else:
                return connection
        raise failure

    def _connection(self, target: Target, address: Address, seconds: float) -> HTTPConnection:
        """Returns a connection to one address, whose certificate must be the host's."""
        if target.scheme == "http":
            return HTTPConnection(str(address), target.port, timeout=seconds)
        return HTTPSConnection(
            str(address),
            target.port,
            timeout=seconds,
            ssl_context=self._trust,
            server_hostname=target.host,
        )

    @cached_property
    def _trust(self) -> ssl.SSLContext:
        """What certificates are checked against: the machine's own store."""
        return ssl.create_default_context()

    def _resolve(self, target: Target) -> list[Address]:
        """Returns the addresses that a host stands for, each of them checked.

        Raises:
            Refused: one of them leads where no request goes.
            Unreachable: the name stands for none.
        """
        found = list(dict.fromkeys(unfold(parse_address(text)) for text in _look_up(target)))
        for address in found:
            check_address(target, address, self._networks)
        return found[:MOST_ADDRESSES]


def _look_up(target: Target) -> list[str]:
    """Asks the resolver, and does not wait for it for ever.

    Raises:
        Unreachable: it does not know the name, or does not answer.
    """
    answers: queue.SimpleQueue[list[str] | None] = queue.SimpleQueue()

    def ask() -> None:
        try:
            rows = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
            answers.put([str(row[4][0]) for row in rows])
        except (OSError, UnicodeError):
            answers.put(None)

    threading.Thread(target=ask, name="calibrify-resolver", daemon=True).start()
    try:
        found = answers.get(timeout=RESOLVE_SECONDS)
    except queue.Empty:
        found = None
    if not found:
        raise Unreachable(f"The name {target.host} cannot be resolved.")
    return found


def _read(
    connection: HTTPConnection, most_bytes: int, started: float, deadline: _Deadline
) -> Answer:
    """Reads an answer up to its limit.

    Raises:
        TimeoutError: it was cut off; what was read until then may look like the whole.
    """
    response = connection.getresponse()
    # Bytes as they come: a packed answer could unfold to any size.
    text = b""
    while piece := response.read(most_bytes + 1 - len(text), decode_content=False):
        text += piece
        if len(text) > most_bytes:
            break
    if deadline.passed:
        raise TimeoutError
    return Answer(
        response.status,
        {name.lower(): value for name, value in response.headers.items()},
        text[:most_bytes],
        len(text) <= most_bytes,
        time.monotonic() - started,
    )


class _Deadline:
    """Cuts an exchange off when its time is over: a socket's own begins anew with every byte.

    Attributes:
        passed: whether it was cut off.
    """

    def __init__(self, seconds: float) -> None:
        self.passed = False
        self._connection: HTTPConnection | None = None
        self._socket: Any = None
        self._timer = threading.Timer(seconds, self._cut)
        self._timer.daemon = True

    def __enter__(self) -> _Deadline:
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        if self._connection is not None:
            self._connection.close()

    def connect(self, connection: HTTPConnection, total_seconds: float) -> None:
        """Connects under the deadline, and holds the connection from then on."""
        self._connection = connection
        connection.connect()
        # The connection lets its socket go once the answer says that it is the last.
        self._socket = connection.sock
        connection.timeout = total_seconds

    def _cut(self) -> None:
        self.passed = True
        found = self._socket or getattr(self._connection, "sock", None)
        if found is not None:
            try:
                # Below TLS, whose own farewell would wait for the other side.
                socket.socket.shutdown(found, socket.SHUT_RDWR)
            except OSError:
                pass  # it has just ended by itself


def _reason(error: Exception) -> str:
    """Says what went wrong, without the object names of a library."""
    cause = error.__cause__ or error
    if isinstance(cause, ssl.SSLCertVerificationError):
        return f"The certificate was not accepted: {cause.verify_message.rstrip('.')}."
    if isinstance(cause, TimeoutError):
        return "The connection timed out."
    if isinstance(cause, ssl.SSLError):
        return "No secure connection could be made."
    reason = getattr(cause, "strerror", None) or "it was closed before a whole answer came"
    return f"The connection failed: {reason}."
