"""The plugin keeps to the plugin standard."""

from calibrify_core.testing.contract import PluginContract


class TestStandard(PluginContract):
    plugin = "equipment"
