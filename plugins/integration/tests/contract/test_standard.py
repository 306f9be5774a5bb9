"""The plugin keeps to the plugin standard."""

from calibrify_core.testing.contract import PluginContract


class TestStandard(PluginContract):
    plugin = "integration"
    # A calendar program signs in nowhere; the address itself is the secret.
    public_routes = frozenset({"integration.calendar.show"})
