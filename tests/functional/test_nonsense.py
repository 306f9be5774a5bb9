"""Nonsense to every address of the core and of all plugins: an answer that is described, no 500."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from calibrify_core.testing.client import ApiClient
from calibrify_core.testing.house import House, build
from calibrify_core.testing.plugin import MakePlatform

# Some ten thousand requests; a busy machine takes its time for them.
pytestmark = pytest.mark.timeout(600)
JSON = {"Content-Type": "application/json"}
LONG = "x" * 100_000
SCALARS: list[Any] = [
    None, True, -1, 10**39, 1.5, "", "x", LONG, "\x00", "\ud800", "1e999", "2026-02-30",
    "9999-12-31T23:59:59Z", str(uuid.uuid4()), "' OR 1=1 --", [None], {"id": 1}, "9" * 30,
]  # fmt: skip
# What a database may take otherwise than its neighbour; the rest is refused before one is asked.
TOLD_APART = [-1, 10**39, LONG, "\x00", "\ud800", "9999-12-31T23:59:59Z", str(uuid.uuid4())]
# What PUT and PATCH may take otherwise than POST did, of the same member of the same noun.
AGAIN = [None, 10**39, "9999-12-31T23:59:59Z", str(uuid.uuid4()), {"id": 1}]
QUERIES = ("", "x", "-1", "9" * 40, "%00", "%F0%9F%8C%A1", "2026-13-01", "%25_")
QUERIES_TOLD_APART = ("-1", "9" * 40, "%F0%9F%8C%A1", "%25_")
BODIES = [b"", b"{", b"null", b"[]", b'"x"', b"1", b"[" * 5000, b'{"a": NaN}', b"\xff", b"{}"]


@pytest.fixture(scope="module")
def client(make_platform: MakePlatform) -> ApiClient:
    """An administrator of the application with all that is installed."""
    platform = make_platform()
    house = House(platform, build(platform))
    return house.somebody(*platform.plugins.named("calibrify_permissions"))


def operations(client: ApiClient) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in client.document["paths"].items():
        for method, operation in methods.items():
            concrete = re.sub(r"\{\w*id\}", lambda _: str(uuid.uuid4()), path)
            yield method.upper(), re.sub(r"\{\w+\}", "x", concrete), operation


def send(client: ApiClient, method: str, path: str, body: bytes = b"", **more: Any) -> int:
    """Sends a request; the client itself fails on what is not described."""
    headers = {**(JSON if body else {}), **more.pop("headers", {})}
    answer = client.request(path, method=method, body=body, headers=headers, status="*")
    status: int = answer.status_int
    # 503 is what a service that this installation does not have says of itself.
    assert status < 500 or status == 503, f"{method} {path} {body[:200]!r}: {answer.text[:300]}"
    return status


def members(client: ApiClient, operation: dict[str, Any]) -> dict[str, Any]:
    """Returns the described members of an operation's body."""
    content = operation.get("requestBody", {}).get("content", {}).get("application/json")
    if content is None:
        return {}
    name = content["schema"]["$ref"].rsplit("/", 1)[-1]
    found: dict[str, Any] = client.document["components"]["schemas"][name].get("properties", {})
    return found


def sample(client: ApiClient, schema: dict[str, Any], depth: int = 0) -> Any:
    """Returns a value that fits a schema roughly."""
    if "$ref" in schema:
        schema = client.document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[-1]]
    if "anyOf" in schema:
        return sample(client, schema["anyOf"][0], depth)
    if "enum" in schema or "const" in schema:
        return schema.get("const", schema.get("enum", [None])[0])
    kind = schema.get("type")
    if kind == "object":
        needed = schema.get("required", [])
        return {name: sample(client, schema["properties"][name], depth + 1) for name in needed}
    if kind == "array":
        return [sample(client, schema.get("items", {}), depth + 1)] if depth < 3 else []
    formats = {"uuid": str(uuid.uuid4()), "date": "2026-01-01", "date-time": "2026-01-01T00:00:00Z"}
    plain = {"string": formats.get(schema.get("format", ""), "1"), "integer": 1, "boolean": True}
    return plain.get(kind or "")


def test_bodies_of_every_kind(client: ApiClient) -> None:
    for method, path, operation in operations(client):
        if method in {"POST", "PUT", "PATCH"}:
            match = {"headers": {"If-Match": "*"}}
            for body in BODIES:
                assert send(client, method, path, body, **match) >= 200
            if "requestBody" in operation:
                raw = client.request(path, method=method, body=b"a=1", status="*")
                assert raw.status_int in {403, 404, 405, 409, 412, 415, 428, 429}


def test_members_of_every_kind(client: ApiClient, fresh_url: str) -> None:
    scalars = SCALARS if fresh_url.startswith("sqlite") else TOLD_APART
    seen = set()
    for method, path, operation in operations(client):
        described = members(client, operation)
        whole = {name: sample(client, schema) for name, schema in described.items()}
        send(client, method, path, json.dumps(whole).encode(), headers={"If-Match": "*"})
        for name in described:
            member = (path.split("/")[3], name)
            for value in AGAIN if member in seen else scalars:
                body = json.dumps({**whole, name: value}).encode()
                send(client, method, path, body, headers={"If-Match": "*"})
            seen.add(member)


def test_queries_of_every_kind(client: ApiClient, fresh_url: str) -> None:
    values = QUERIES if fresh_url.startswith("sqlite") else QUERIES_TOLD_APART
    for method, path, operation in operations(client):
        if method != "GET":
            continue
        assert send(client, method, f"{path}?nonsense=1") in {403, 404, 422}
        for parameter in operation["parameters"]:
            if parameter["in"] == "query":
                for value in values:
                    send(client, method, f"{path}?{parameter['name']}={value}")
