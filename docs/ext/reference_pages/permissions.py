"""Pages of the permissions."""

from __future__ import annotations

from collections.abc import Iterator

from calibrify_core.hooks.declarations import Permission
from calibrify_core.hooks.manager import Plugins
from reference_pages import markdown
from reference_pages.page import Kind, Page


def pages(plugins: Plugins) -> Iterator[Page]:
    """Yields a page for each permission."""
    titles = {role.name: role.title for role in plugins.values("calibrify_roles")}
    for added in plugins.collect("calibrify_permissions"):
        permission: Permission = added.value
        roles = [f"{titles.get(role, role)} ({markdown.code(role)})" for role in permission.roles]
        facts = {
            "Default roles": ", ".join(roles) or "none",
            "Declared by": added.plugin,
            "Since": permission.since,
        }
        text = markdown.paragraphs(
            f"{permission.title}.",
            markdown.fields(facts),
            "## Example",
            "A token that may do this and nothing else, as far as its owner may:",
            markdown.block("sh", f"calibrify token create anna --scope {permission.name}"),
            "The addresses that ask for it:",
            markdown.block("sh", f"calibrify routes | grep {permission.name}"),
        )
        cells = (permission.title, ", ".join(permission.roles))
        yield Page(added.plugin, permission.name, cells, text)


KIND = Kind("permissions", ("permission", "allows to", "default roles"), pages)
