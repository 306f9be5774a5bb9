"""The description of the API is a valid OpenAPI document, and complete."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from calibrify_core import app as root
from calibrify_core.api.boot import endpoints
from calibrify_core.api.endpoint import BASE, PUBLIC
from calibrify_core.api.openapi import build
from calibrify_core.auth.permissions import EVERYBODYS
from calibrify_core.kernel.settings import Settings
from calibrify_core.persistence.lineages import upgrade

OPEN = {
    "/api/v1/auth/token/",
    "/api/v1/auth/token/refresh/",
    "/api/v1/auth/token/revoke/",
    "/api/v1/openapi.json",
}


@pytest.fixture(scope="module", params=[(), None], ids=["core", "all"])
def router(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Any]:
    """The router of the core alone, and with all installed plugins."""
    folder: Path = tmp_path_factory.mktemp("data")
    settings = Settings(
        data_dir=folder, secret_key="k" * 64, environment="testing", plugins=request.param
    )
    platform = root.make_platform(settings)
    upgrade(platform.database, root.lineages(platform.plugins))
    try:
        yield root.make_router(platform)
    finally:
        platform.database.dispose()


@pytest.fixture(scope="module")
def document(router: Any) -> dict[str, Any]:
    platform = router.registry["calibrify.platform"]
    return build(endpoints(router.registry.introspector), platform)


def operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (path, method, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]


def test_it_is_valid(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")
    assert [error.message for error in OpenAPIV31SpecValidator(document).iter_errors()] == []


def test_every_route_of_the_api_is_in_it(router: Any, document: dict[str, Any]) -> None:
    patterns = {
        entry["introspectable"]["pattern"]
        for entry in router.registry.introspector.get_category("routes")
    }
    described = {endpoint.pattern for endpoint in endpoints(router.registry.introspector)}
    assert {pattern for pattern in patterns if pattern.startswith(BASE)} == described
    assert len(document["paths"]) == len(
        {e.address for e in endpoints(router.registry.introspector)}
    )


def test_every_operation_has_a_name_of_its_own_and_a_summary(document: dict[str, Any]) -> None:
    names = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(names) == len(set(names))
    assert [
        name for _, _, o in operations(document) if not (name := o["summary"]).endswith(".")
    ] == []


def test_what_can_be_changed_can_be_replaced(document: dict[str, Any]) -> None:
    # Of one's own account, and of a switch, the contract names PATCH alone.
    parts = {"/api/v1/users/me/", "/api/v1/plugins/{name}/"}
    changed = {path for path, methods in document["paths"].items() if "patch" in methods}
    replaced = {path for path, methods in document["paths"].items() if "put" in methods}
    assert changed - replaced == parts


def test_what_needs_nobody_is_a_short_list(router: Any) -> None:
    public = {e.address for e in endpoints(router.registry.introspector) if e.permission == PUBLIC}
    assert public == OPEN


def test_reading_and_changing_never_share_a_permission(router: Any) -> None:
    # One's own session and one's own tokens: nobody else can be read or changed by them.
    own = EVERYBODYS | {"core.api_token:use"}
    reading, changing = set(), set()
    for endpoint in endpoints(router.registry.introspector):
        if endpoint.permission not in own | {PUBLIC}:
            (reading if endpoint.method == "GET" else changing).add(endpoint.permission)
    assert reading & changing == set()


def test_whatever_takes_or_gives_json_says_how(document: dict[str, Any]) -> None:
    silent = []
    for path, method, operation in operations(document):
        success = next(a for s, a in operation["responses"].items() if s.startswith("2"))
        statuses = set(operation["responses"])
        if "content" not in success and not statuses & {"204", "202"}:
            silent.append((path, method))
    assert [found for found in silent if not found[0].endswith((".json", ".pdf", ".svg"))] == []
