"""The HTML kit: pages as views that return what their template needs."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from markupsafe import Markup
from pyramid.httpexceptions import HTTPSeeOther
from pyramid.renderers import render
from pyramid.response import Response

from calibrify_core.auth import csrf
from calibrify_core.kernel.errors import CalibrifyError, Forbidden, Invalid
from calibrify_core.web import charts
from calibrify_core.web.assets import ASSETS, find_assets
from calibrify_core.web.compiled import COMPILED
from calibrify_core.web.page import formats_of, make_page, nonce_of

WORTH_COMPRESSING = 1024
PARAMETER = re.compile(r"\{(\w+):uuid\}")
UUID_PATTERN = r"{\1:[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}}"
POLICY = (
    "default-src 'none'; script-src 'self' 'nonce-{nonce}'{origin}; "
    "style-src 'self' 'nonce-{nonce}'{origin}; "
    "img-src 'self' data: blob:{origin}; font-src 'self'{origin}; connect-src 'self'{live}; "
    "media-src 'self' blob:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
    "manifest-src 'self'; worker-src 'self'"
)


def add_page(
    config: Any,
    name: str,
    pattern: str,
    view: Callable[[Any], Any],
    *,
    permission: str,
    template: str | None = None,
    post: Callable[[Any], Any] | None = None,
    post_permission: str | None = None,
) -> None:
    """Directive: adds a page, and what its form does.

    Args:
        config: the configurator.
        name: the route, ``<plugin>.<noun>.<verb>``.
        pattern: its address, for example ``/equipment/{id:uuid}``.
        view: called with the request for GET; returns the template's variables (with
            ``title`` and optional ``crumbs``), or a response.
        permission: what a reader must hold.
        template: asset spec of the template.
        post: called with the request for POST; returns a response, usually `see_other`; on
            `Invalid` the error page lists what is wrong, unless the view shows it itself by
            returning the template's variables with ``problems``.
        post_permission: what a sender must hold; reading and changing never share one.
    """
    config.add_route(name, PARAMETER.sub(UUID_PATTERN, pattern))
    config.add_view(
        _getting(view, template),
        route_name=name,
        request_method=("GET", "HEAD"),
        permission=permission,
    )
    if post is not None:
        config.add_view(
            _posting(post, template),
            route_name=name,
            request_method="POST",
            permission=post_permission or permission,
        )


def _getting(view: Callable[[Any], Any], template: str | None) -> Callable[[Any], Any]:
    """Wraps a view that shows something."""

    def show(request: Any) -> Response:
        _read_ids(request)
        found = view(request)
        return found if isinstance(found, Response) else page_response(request, template, found)

    show.__name__, show.__module__ = view.__name__, view.__module__
    return show


def _posting(view: Callable[[Any], Any], template: str | None) -> Callable[[Any], Any]:
    """Wraps a view that does something: the form must be ours."""

    def do(request: Any) -> Response:
        csrf.check(request)
        _read_ids(request)
        found = view(request)
        if isinstance(found, Response):
            return found
        response = page_response(request, template, found)
        response.status_int = 422
        return response

    do.__name__, do.__module__ = view.__name__, view.__module__
    return do


def _read_ids(request: Any) -> None:
    """Turns the ids of the address into UUIDs; the route let nothing else pass."""
    for name, value in request.matchdict.items():
        if name == "id" or name.endswith("_id"):
            request.matchdict[name] = uuid.UUID(value)


def page_response(request: Any, template: str | None, values: Mapping[str, Any]) -> Response:
    """Draws a page.

    Args:
        request: the request.
        template: asset spec or name of the template.
        values: the template's variables; ``title`` and ``crumbs`` go to the frame.
    """
    context = {name: value for name, value in values.items() if name not in {"title", "crumbs"}}
    context["page"] = make_page(request, values["title"], values.get("crumbs"))
    body = draw(request, template or "calibrify/base.html", context)
    response = Response(body, content_type="text/html", charset="utf-8")
    base = request.registry[ASSETS].base
    origin = f" {base}" if base else ""
    response.headers["Content-Security-Policy"] = POLICY.format(
        nonce=nonce_of(request), origin=origin, live=_live_origin(request)
    )
    response.headers["Vary"] = "Turbo-Frame, Accept-Encoding"
    if len(body) > WORTH_COMPRESSING and _takes_gzip(request):
        response.encode_content("gzip")
    return response


def _live_origin(request: Any) -> str:
    """Returns from where pages may hear of live events, for the policy."""
    address = urlsplit(request.platform.settings.live_url)
    return f" {address.scheme}://{address.netloc}" if address.netloc else ""


def _takes_gzip(request: Any) -> bool:
    """Tells whether the browser says that it unpacks gzip; silence is no."""
    said = "HTTP_ACCEPT_ENCODING" in request.environ
    return said and bool(request.accept_encoding.acceptable_offers(["gzip"]))


def draw(request: Any, template: str, values: Mapping[str, Any]) -> Markup:
    """Draws a template with the functions that all templates share."""
    assets = request.registry[ASSETS]
    shared = {
        "static": assets.url,
        "path": request.route_path,
        "_": str,
        "fmt": formats_of(request),
        "charts": charts,
    }
    text: str = render(template, {**shared, **values}, request=request)
    return Markup(text)  # noqa: S704 - the template engine has escaped what goes in


def see_other(request: Any, route: str, **values: Any) -> Response:
    """Returns the redirect after a change: 303 to another page of ours."""
    return HTTPSeeOther(location=request.route_path(route, **values))


def problems_of(error: CalibrifyError) -> list[dict[str, str]]:
    """Returns the problems of an error as a form shows them: the field's name and the text."""
    if isinstance(error, Invalid) and error.errors:
        return [
            {"name": problem.pointer.strip("/").replace("/", "."), "text": problem.detail}
            for problem in error.errors
        ]
    return [{"name": "", "text": error.detail}]


def error_page(request: Any, error: CalibrifyError) -> Response:
    """Shows an error as a page; who is not signed in is led to sign in and back."""
    if error.status == 401 and request.method in {"GET", "HEAD"}:
        query = {"next": request.path_qs} if request.path != "/" else {}
        return HTTPSeeOther(location=request.route_path("core.session.start", _query=query))
    details = [problem["text"] for problem in problems_of(error)] if error.status == 422 else []
    problem = {
        "status": error.status,
        "title": error.title,
        "sentence": _sentence(request, error),
        "request_id": request.request_id if error.status >= 500 else "",
        "details": details if len(details) > 1 else [],
    }
    response = page_response(
        request, "calibrify/error.html", {"title": error.title, "problem": problem}
    )
    response.status_int = error.status
    return response


def _sentence(request: Any, error: CalibrifyError) -> str:
    """Returns what an error says, with the label of a permission in place of its name."""
    name = error.permission if isinstance(error, Forbidden) else ""
    declared = request.platform.plugins.named("calibrify_permissions").get(name)
    return error.detail if declared is None else error.detail.replace(name, f"“{declared.title}”")


def includeme(config: Any) -> None:
    """Adds the directive, the template engine and the error pages."""
    plugins = config.registry["calibrify.platform"].plugins
    settings = config.registry["calibrify.platform"].settings
    config.registry[ASSETS] = find_assets(plugins, settings.static_url)
    config.add_directive("add_page", add_page)
    config.add_settings({"jinja2.bytecode_caching": COMPILED})
    config.include("pyramid_jinja2")
    config.add_jinja2_renderer(".html")
    config.add_jinja2_search_path("calibrify_core.web:templates", name=".html")
    for plugin in plugins.all[1:]:
        package = plugin.module.__name__.rpartition(".")[0]
        config.add_jinja2_search_path(f"{package}:templates", name=".html")
    config.add_error_page(error_page)
