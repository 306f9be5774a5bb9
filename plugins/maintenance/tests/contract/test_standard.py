"""The plugin keeps to the plugin standard."""

from calibrify_core.testing.contract import PluginContract


class TestStandard(PluginContract):
    plugin = "maintenance"
    may_import = frozenset({"public", "labels", "release", "head"})
    # Whoever holds an instrument may report a fault, where its organisation says so.
    public_routes = frozenset({"maintenance.fault_report.new", "maintenance.fault_report.thanks"})
