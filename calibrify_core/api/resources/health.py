"""Whether the process lives and is ready, and its figures; asked by machines, not by people."""

import hmac
from functools import partial
from ipaddress import ip_address
from typing import Any

import sqlalchemy as sa
from pyramid.response import Response
from pyramid.security import NO_PERMISSION_REQUIRED

from calibrify_core.api.reply import respond
from calibrify_core.api.request import PLATFORM, Request
from calibrify_core.auth.address import client_address
from calibrify_core.kernel.errors import Forbidden, NotFound, Unavailable
from calibrify_core.observability.health import Check, Health, HealthReport
from calibrify_core.observability.metrics import METRICS
from calibrify_core.persistence.lineages import Lineage
from calibrify_core.tasks.outbox import OutboxRow
from calibrify_core.work.platform import Platform

HEALTH = "calibrify.health"


def live(request: Request) -> Response:
    """Says that the process lives."""
    return _answer(request, request.registry[HEALTH].live())


def ready(request: Request) -> Response:
    """Says whether all that is needed answers."""
    return _answer(request, request.registry[HEALTH].ready())


def metrics(request: Request) -> Response:
    """Shows the figures to who may read them."""
    settings = request.platform.settings
    if not settings.metrics_token and not settings.metrics_networks:
        raise NotFound("Figures are off: set CALIBRIFY_METRICS_TOKEN or _NETWORKS.")
    if not (_has_token(request, settings.metrics_token) or _is_near(request)):
        raise Forbidden("The figures need their token, or one of their networks.")
    return Response(body=METRICS.rendered(), headerlist=[("Content-Type", METRICS.content_type)])


def _has_token(request: Request, token: str) -> bool:
    """Tells whether the token of the figures was sent."""
    given = request.environ.get("HTTP_AUTHORIZATION", "").removeprefix("Bearer ")
    return bool(token) and hmac.compare_digest(given.encode(), token.encode())


def _is_near(request: Request) -> bool:
    """Tells whether the caller stands in a network that may read the figures."""
    settings = request.platform.settings
    try:
        address = ip_address(client_address(request.environ, settings.trusted_proxies))
    except ValueError:
        return False
    return any(
        address.version == network.version and address in network
        for network in settings.metrics_networks
    )


def _answer(request: Request, report: HealthReport) -> Response:
    """Returns a report as JSON."""
    body = {
        "status": "ok" if report.ok else "unavailable",
        "checks": [
            {"name": check.name, "ok": check.ok, "seconds": check.seconds, "detail": check.detail}
            for check in report.checks
        ],
    }
    return respond(request, body, report.status)


def _schema_check(platform: Platform) -> Check:
    """Makes the check that nobody migrated the database under the running process."""
    lineages = [Lineage(one.name, one.manifest.migrations) for one in platform.plugins.all]
    expected = {
        lineage: (sa.table(lineage.version_table, sa.column("version_num")), head)
        for lineage in lineages
        if (head := lineage.script().get_current_head()) is not None
    }

    def check() -> None:
        with platform.session(write=False) as session:
            for lineage, (table, head) in expected.items():
                if session.connection().execute(sa.select(table)).scalar() != head:
                    raise Unavailable(f"The tables of {lineage.name} are of another version.")

    return check


def _waiting(platform: Platform) -> float:
    """Counts the tasks that are due and wait."""
    due = sa.and_(OutboxRow.state == "open", OutboxRow.not_before <= platform.clock.now())
    with platform.session(write=False) as session:
        counted = sa.select(sa.func.count()).select_from(OutboxRow).where(due)
        return float(session.execute(counted).scalar_one())


def includeme(config: Any) -> None:
    """Adds the three addresses; none asks for credentials of an account."""
    platform: Platform = config.registry[PLATFORM]
    checks: dict[str, Check] = {
        declared.name: partial(declared.check, platform)
        for declared in platform.plugins.values("calibrify_health_checks")
    }
    checks["schema"] = _schema_check(platform)
    config.registry[HEALTH] = Health(checks)
    METRICS.outbox_depth(partial(_waiting, platform))
    for name, pattern, view in (
        ("core.health.live", "/health/live", live),
        ("core.health.ready", "/health/ready", ready),
        ("core.metrics", "/metrics", metrics),
    ):
        config.add_route(name, pattern, request_method=("GET", "HEAD"))
        config.add_view(view, route_name=name, permission=NO_PERMISSION_REQUIRED)
