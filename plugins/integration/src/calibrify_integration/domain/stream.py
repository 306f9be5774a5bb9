"""How a stream of events looks on the wire: the head of a question, and server-sent events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

BEAT = b": still here\n\n"


@dataclass(frozen=True, slots=True)
class Head:
    """The head of an HTTP request.

    Attributes:
        method: such as GET.
        path: without the query.
        query: parameters, each with all its values.
        headers: by their names in small letters; of one that is repeated the last.
    """

    method: str
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]

    def parameter(self, name: str) -> str:
        """Returns the last value of a parameter; empty if it is not given."""
        return self.query.get(name, [""])[-1]


def parse_head(data: bytes) -> Head:
    r"""Reads the head of a request.

    >>> head = parse_head(b"GET /a?type=x&type=y HTTP/1.1\r\nLast-Event-ID: 7\r\n\r\n")
    >>> head.method, head.path, head.query, head.headers
    ('GET', '/a', {'type': ['x', 'y']}, {'last-event-id': '7'})

    Raises:
        ValueError: it is no head of HTTP/1.
    """
    first, *rest = data.decode("latin-1").rstrip("\r\n").split("\r\n")
    method, target, version = first.split(" ")
    if version not in {"HTTP/1.0", "HTTP/1.1"} or not target.startswith("/"):
        raise ValueError("no HTTP/1 request")
    headers = {}
    for line in rest:
        name, colon, value = line.partition(":")
        if not colon or not name or name != name.strip():
            raise ValueError("a header without a name")
        headers[name.lower()] = value.strip()
    address = urlsplit(target)
    query = parse_qs(address.query, keep_blank_values=True, max_num_fields=200)
    return Head(method, address.path, query, headers)


def server_sent(cursor: str, data: str = "", event: str = "") -> bytes:
    r"""Returns one server-sent event; without data it only moves the reader's cursor on.

    >>> server_sent("7", '{"a": 1}')
    b'id: 7\ndata: {"a": 1}\n\n'
    >>> server_sent("8")
    b'id: 8\n\n'

    Args:
        cursor: comes back as ``Last-Event-ID``.
        data: one line of text.
        event: its name; empty: a message.
    """
    lines = [f"id: {cursor}"]
    if event:
        lines.append(f"event: {event}")
    if data:
        lines.append(f"data: {data}")
    return ("\n".join(lines) + "\n\n").encode()
