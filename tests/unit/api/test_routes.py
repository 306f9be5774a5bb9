"""The route of a request is the one that Pyramid's own mapper finds, found sooner."""

from __future__ import annotations

import pytest
from pyramid.request import Request
from pyramid.urldispatch import RoutesMapper

from calibrify_core.api.routes import Routes

PATTERNS = (
    "/",
    "/api/v1/equipment/",
    r"/api/v1/equipment/{id:[0-9a-f]{4}}/",
    "/api/v1/equipment/{id}/label.pdf",
    "/api/v1/{noun}/export/",
    "/api/v1/jobs/{id}/",
    "equipment/",
    "/equipment/{id}/",
    "/equipment/new/",
    "/equipment/*rest",
    "/größe/{id}/",
    "/old/:name/x",
    "/static/*subpath",
    "/{anything}/{at}/{all}/",
)
PATHS = (
    "",
    "/",
    "//",
    "/api",
    "/api/v1/",
    "/api/v1/equipment",
    "/api/v1/equipment/",
    "/api/v1/equipment/00af/",
    "/api/v1/equipment/nope/",
    "/api/v1/equipment/00af/label.pdf",
    "/api/v1/equipment/export/",
    "/api/v1/jobs/7/",
    "/equipment/",
    "/equipment/new/",
    "/equipment/7/more/of/it",
    "/gr\u00c3\u00b6\u00c3\u009fe/7/",
    "/old/one/x",
    "/static/css/a.css",
    "/one/two/three/",
    "/one/two/three/four",
)


def mapped(mapper: RoutesMapper) -> RoutesMapper:
    for pattern in PATTERNS:
        mapper.connect(pattern, pattern)
    return mapper


@pytest.mark.parametrize("path", PATHS)
def test_the_route_is_the_one_that_pyramid_finds(path: str) -> None:
    request = Request.blank("/")
    request.environ["PATH_INFO"] = path
    ours, theirs = mapped(Routes())(request), mapped(RoutesMapper())(request)
    assert ours["match"] == theirs["match"]
    assert getattr(ours["route"], "name", None) == getattr(theirs["route"], "name", None)


def test_a_route_that_is_added_later_is_found_too() -> None:
    mapper = mapped(Routes())
    request = Request.blank("/late/")
    assert mapper(request)["route"] is None
    mapper.connect("late", "/late/")
    assert mapper(request)["route"].name == "late"
