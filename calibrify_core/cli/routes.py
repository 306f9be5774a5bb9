"""``calibrify routes``: every address with the permission that it asks for."""

from __future__ import annotations

import re

import click

from calibrify_core.app import make_router
from calibrify_core.cli.setup import ready_platform

UUID = re.compile(r":\[0-9a-fA-F\]\{8\}(?:-\[0-9a-fA-F\]\{\d+\})+")


@click.command("routes")
def command() -> None:
    """Lists all addresses with method and permission."""
    router = make_router(ready_platform())
    introspector = router.registry.introspector
    allowed = {
        id(entry["introspectable"]["view"]): entry["introspectable"]["value"]
        for entry in introspector.get_category("permissions") or ()
        if "view" in entry["introspectable"]
    }
    patterns = {
        entry["introspectable"]["name"]: entry["introspectable"]["pattern"]
        for entry in introspector.get_category("routes") or ()
    }
    rows = set()
    for entry in introspector.get_category("views") or ():
        view = entry["introspectable"]
        pattern = patterns.get(view["route_name"])
        if pattern is None:
            continue
        permission = next(
            (str(r["value"]) for r in entry["related"] if r.category_name == "permissions"),
            allowed.get(id(view), ""),
        )
        methods = view["request_methods"] or ("ANY",)
        methods = (methods,) if isinstance(methods, str) else methods
        rows.add((UUID.sub(":uuid", pattern), ",".join(sorted(methods)), permission))
    for pattern, methods, permission in sorted(rows):
        click.echo(f"{pattern:<60} {methods:<16} {permission}")
