"""The plugin keeps to the plugin standard."""

from calibrify_core.testing.contract import PluginContract


class TestStandard(PluginContract):
    plugin = "equipment"
    # A scanned label leads on, or to the sign-in.
    public_routes = frozenset({"equipment.label.scan"})
